//! The audit log of an organization.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::page::{Links, PageParameters};
use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::policy::Administer;
use crate::app::App;
use crate::clock::Timestamp;
use crate::domain::ids::{OrganizationId, UserId};
use crate::domain::page::Page;
use crate::http::extract::{FromQuery, Id, Parameters, Query};
use crate::http::problem::Problem;
use crate::ops;
use crate::ops::audit::{AuditEntry, Format, time};
use crate::request::Base;
use crate::store::audit::{self, Wanted};

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
    /// What was done to things of this kind, such as `source` or `group_member`.
    #[param(required = false)]
    subject_kind: Option<String>,
    /// What was done by this operation, such as createSource or POST /login.
    #[param(required = false)]
    operation: Option<String>,
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
            operation: parameters.optional("operation"),
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
            operation: self.operation.clone(),
            email: None,
        }
    }

    fn filters(&self) -> Vec<(&'static str, String)> {
        [
            ("since", self.since.map(time)),
            ("until", self.until.map(time)),
            ("userId", self.user_id.map(|id| id.to_string())),
            ("subjectId", self.subject_id.clone()),
            ("subjectKind", self.subject_kind.clone()),
            ("operation", self.operation.clone()),
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
    let links = Links::new(&base, &path, &query.filters(), query.page, &found);
    Ok(Json(AuditLogResponse {
        data: found.items.into_iter().map(Into::into).collect(),
        previous: links.previous(),
        next: links.next(),
    }))
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// JSON lines unless it says csv.
    #[param(required = false, value_type = String)]
    format: Option<Format>,
    #[param(ignore)]
    list: ListQuery,
}

impl FromQuery for ExportQuery {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            format: parameters.optional("format"),
            list: ListQuery::read(parameters),
        }
    }
}

/// The same as one stream of JSON lines or a table for spreadsheets, the newest first, without pages. Needs
/// `organization_admin`.
#[utoipa::path(
    get,
    path = "/api/public/v1/organizations/{organizationId}/auditLog/export",
    operation_id = "exportAuditLog",
    tag = "Organizations",
    params(("organizationId" = OrganizationId, Path), ListQuery, ExportQuery),
    responses((status = 200, content((AuditEntry = "application/jsonl"), (String = "text/csv"))))
)]
pub async fn export(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<OrganizationId>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Problem> {
    let host = doors::organization::<Administer>(&mut app.db.read().await?, &caller, id).await?;
    let format = query.format.unwrap_or(Format::Lines);
    let rows = ops::audit::export(app, host, query.list.wanted(), format);
    let headers = [
        (header::CONTENT_TYPE, format.media_type()),
        (header::CONTENT_DISPOSITION, format.disposition()),
    ];
    Ok((headers, Body::from_stream(rows)).into_response())
}
