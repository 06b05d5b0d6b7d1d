//! The audit log of an organization.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;
use futures_util::stream;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::page::{Links, PageParameters};
use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::granted::Granted;
use crate::access::policy::Administer;
use crate::app::App;
use crate::clock::Timestamp;
use crate::domain::audit::Entry;
use crate::domain::ids::{ApplicationId, OrganizationId, UserId};
use crate::domain::organization::Organization;
use crate::domain::page::Page;
use crate::error::{Error, Result as Outcome};
use crate::http::extract::{FromQuery, Id, Parameters, Query};
use crate::http::problem::Problem;
use crate::request::Base;
use crate::store::audit::{self, ListedEntry, Wanted};

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    #[schema(value_type = String, format = Uuid)]
    id: Uuid,
    #[schema(format = DateTime)]
    at: String,
    /// Who did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_email: Option<String>,
    /// Whose token it was done with; absent for what was done in the pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    application_id: Option<ApplicationId>,
    /// The operationId of the API or, for the pages, the method and the address.
    operation: String,
    subject_kind: String,
    subject_id: String,
    /// Absent for what a person did with their own account.
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_id: Option<OrganizationId>,
    /// Where the request came from.
    address: String,
    /// As in the X-Request-Id header and the server's log.
    request_id: String,
    outcome: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct AuditLogResponse {
    data: Vec<AuditEntry>,
    /// Absent on the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
    /// Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl From<ListedEntry> for AuditEntry {
    fn from(listed: ListedEntry) -> Self {
        let Entry {
            id,
            at,
            user_id,
            application_id,
            operation,
            subject_kind,
            subject_id,
            organization_id,
            address,
            request_id,
            outcome,
        } = listed.entry;
        Self {
            id,
            at: time(at),
            user_id,
            user_email: listed.user_email,
            application_id,
            operation,
            subject_kind,
            subject_id,
            organization_id,
            address,
            request_id,
            outcome,
        }
    }
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct ListQuery {
    /// Not before this moment.
    #[param(required = false, value_type = String, format = DateTime)]
    since: Option<Timestamp>,
    /// Before this moment.
    #[param(required = false, value_type = String, format = DateTime)]
    until: Option<Timestamp>,
    /// What this person did.
    #[param(required = false)]
    user_id: Option<UserId>,
    /// What was done to this thing.
    #[param(required = false)]
    subject_id: Option<String>,
    /// What was done to things of this kind, such as source or group_member.
    #[param(required = false)]
    subject_kind: Option<String>,
    #[param(ignore)]
    page: Page,
}

impl FromQuery for ListQuery {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            since: parameters.optional("since"),
            until: parameters.optional("until"),
            user_id: parameters.optional("userId"),
            subject_id: parameters.optional("subjectId"),
            subject_kind: parameters.optional("subjectKind"),
            page: parameters.page(),
        }
    }
}

impl ListQuery {
    fn wanted(&self) -> Wanted {
        Wanted {
            since: self.since,
            until: self.until,
            user: self.user_id,
            subject_id: self.subject_id.clone(),
            subject_kind: self.subject_kind.clone(),
        }
    }

    fn filters(&self) -> Vec<(&'static str, String)> {
        [
            ("since", self.since.map(|at| time(at))),
            ("until", self.until.map(|at| time(at))),
            ("userId", self.user_id.map(|id| id.to_string())),
            ("subjectId", self.subject_id.clone()),
            ("subjectKind", self.subject_kind.clone()),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }
}

/// What was changed in an organization, by whom and from where, the newest first; also what its people did
/// with their own accounts. Needs `organization_admin`.
#[utoipa::path(
    get,
    path = "/api/public/v1/organizations/{organizationId}/auditLog",
    operation_id = "listAuditLog",
    tag = "Organizations",
    params(("organizationId" = OrganizationId, Path), ListQuery, PageParameters),
    responses((status = 200, body = AuditLogResponse))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    base: Base,
    Id(id): Id<OrganizationId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<AuditLogResponse>, Problem> {
    let mut db = app.db.read().await?;
    let host = doors::organization::<Administer>(&mut db, &caller, id).await?;
    let found = audit::list(&mut db, &host, &query.wanted(), query.page).await?;
    let path = format!("/api/public/v1/organizations/{id}/auditLog");
    let links = Links::new(&base, &path, &query.filters(), query.page, found.more);
    Ok(Json(AuditLogResponse {
        data: found.items.into_iter().map(Into::into).collect(),
        previous: links.previous(),
        next: links.next(),
    }))
}

fn time(moment: Timestamp) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The same as one stream of JSON lines, the newest first, without pages. Needs `organization_admin`.
#[utoipa::path(
    get,
    path = "/api/public/v1/organizations/{organizationId}/auditLog/export",
    operation_id = "exportAuditLog",
    tag = "Organizations",
    params(("organizationId" = OrganizationId, Path), ListQuery),
    responses((status = 200, body = AuditEntry, content_type = "application/jsonl"))
)]
pub async fn export(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<OrganizationId>,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let host = doors::organization::<Administer>(&mut app.db.read().await?, &caller, id).await?;
    let rows = Rows {
        app,
        host,
        wanted: query.wanted(),
        last: None,
    };
    let lines = stream::try_unfold(rows, |mut rows| async move {
        Ok::<_, Error>(rows.next().await?.map(|lines| (lines, rows)))
    });
    let headers = [
        (header::CONTENT_TYPE, "application/jsonl"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"audit-log.jsonl\"",
        ),
    ];
    Ok((headers, Body::from_stream(lines)).into_response())
}

/// What is left of an export.
struct Rows {
    app: Arc<App>,
    host: Granted<Organization, Administer>,
    wanted: Wanted,
    last: Option<Entry>,
}

impl Rows {
    async fn next(&mut self) -> Outcome<Option<Bytes>> {
        let mut db = self.app.db.read().await?;
        let last = self.last.as_ref();
        let found = audit::before(&mut db, &self.host, &self.wanted, last).await?;
        let Some(newest) = found.last() else {
            return Ok(None);
        };
        self.last = Some(newest.entry.clone());
        let mut lines = Vec::with_capacity(found.len() * 512);
        for listed in found {
            serde_json::to_writer(&mut lines, &AuditEntry::from(listed))
                .map_err(Error::internal)?;
            lines.push(b'\n');
        }
        Ok(Some(lines.into()))
    }
}
