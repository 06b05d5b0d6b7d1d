//! Webhooks of a workspace, as extensions: what was sent, trying out an address, and the secret that
//! receivers check signatures with.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::page::{self, PageParameters, WriteJson, time};
use crate::access::caller::Caller;
use crate::app::App;
use crate::domain::ids::WorkspaceId;
use crate::domain::notifications::News;
use crate::domain::page::Page;
use crate::http::extract::{Body, FromQuery, Id, Parameters, Query};
use crate::http::problem::Problem;
use crate::ops::deliveries::{self, Trial};
use crate::ops::webhook_secrets::{self, Signer};
use crate::request::Base;
use crate::store::deliveries::{ListedDelivery, Status};

/// A webhook on its way, or what became of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryResponse {
    /// Also in the header `webhook-id`: the same for every attempt.
    delivery_id: Uuid,
    notification_type: News,
    /// Without what may be secret in it: all but the host.
    url: String,
    status: Status,
    /// How often it was tried.
    attempts: i32,
    /// What came of the last attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    created_at: String,
    updated_at: String,
    /// When it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt_at: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveriesResponse {
    /// Empty on the first page.
    previous: Option<String>,
    /// Empty on the last page.
    next: Option<String>,
    data: Vec<DeliveryResponse>,
}

impl From<&ListedDelivery> for DeliveryResponse {
    fn from(of: &ListedDelivery) -> Self {
        Self {
            delivery_id: of.id,
            notification_type: of.event,
            url: of.url.clone(),
            status: of.status,
            attempts: of.attempts,
            outcome: Some(of.outcome.clone()).filter(|outcome| !outcome.is_empty()),
            created_at: time(of.created_at),
            updated_at: time(of.updated_at),
            next_attempt_at: (of.status == Status::Waiting).then(|| time(of.next_at)),
        }
    }
}

impl WriteJson for ListedDelivery {
    fn write_json(&self, out: &mut Vec<u8>) {
        // Writing to a vector does not fail, and there is nothing in it that is no JSON.
        let _ = serde_json::to_writer(out, &DeliveryResponse::from(self));
    }
}

#[derive(Debug)]
pub struct ListQuery {
    page: Page,
}

impl FromQuery for ListQuery {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            page: parameters.page(),
        }
    }
}

/// The webhooks of a workspace that were sent or are to be sent, the newest first. An extension.
#[utoipa::path(
    get,
    path = "/api/public/v1/workspaces/{workspaceId}/deliveries",
    operation_id = "listDeliveries",
    tag = "Workspaces",
    params(("workspaceId" = WorkspaceId, Path), PageParameters),
    responses((status = 200, body = DeliveriesResponse))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    base: Base,
    Id(id): Id<WorkspaceId>,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let found = deliveries::list(&app, &caller, id, query.page).await?;
    let path = format!("/api/public/v1/workspaces/{id}/deliveries");
    Ok(page::respond(&base, &path, &[], query.page, &found))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryTestRequest {
    /// Whose URL is tried; `failure` when absent.
    notification_type: Option<News>,
    /// In place of the one that is stored.
    url: Option<String>,
}

/// Send a test message to the webhook of a kind of news and answer what came of it. It is sent once, whether
/// the webhook is enabled or not. Needs one of the editor roles. An extension.
#[utoipa::path(
    post,
    path = "/api/public/v1/workspaces/{workspaceId}/deliveries/test",
    operation_id = "testDelivery",
    tag = "Workspaces",
    params(("workspaceId" = WorkspaceId, Path)),
    request_body = DeliveryTestRequest,
    responses((status = 200, body = DeliveryResponse))
)]
pub async fn test(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<WorkspaceId>,
    Body(body): Body<DeliveryTestRequest>,
) -> Result<Json<DeliveryResponse>, Problem> {
    let trial = Trial {
        news: body.notification_type.unwrap_or(News::Failure),
        url: body.url,
    };
    let sent = deliveries::test(&app, &caller, id, trial).await?;
    Ok(Json(DeliveryResponse::from(&sent)))
}

/// What webhooks are signed with.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookSecretResponse {
    /// As libraries for Standard Webhooks take it.
    secret: String,
    /// Until when webhooks are signed with the former secret, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    former_until: Option<String>,
}

type Unstored = [(HeaderName, &'static str); 1];

fn secret(app: &App, signer: &Signer) -> (Unstored, Json<WebhookSecretResponse>) {
    let response = WebhookSecretResponse {
        secret: signer.reveal().to_owned(),
        former_until: signer.former_until(app.clock.now()).map(time),
    };
    ([(header::CACHE_CONTROL, "no-store")], Json(response))
}

/// The secret that the webhooks of a workspace are signed with. Each carries `webhook-id`,
/// `webhook-timestamp` and `webhook-signature` as Standard Webhooks describes them. Needs one of the editor
/// roles. An extension.
#[utoipa::path(
    get,
    path = "/api/public/v1/workspaces/{workspaceId}/webhookSecret",
    operation_id = "getWebhookSecret",
    tag = "Workspaces",
    params(("workspaceId" = WorkspaceId, Path)),
    responses((status = 200, body = WebhookSecretResponse))
)]
pub async fn show_secret(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<WorkspaceId>,
) -> Result<(Unstored, Json<WebhookSecretResponse>), Problem> {
    let signer = webhook_secrets::show(&app, &caller, id).await?;
    Ok(secret(&app, &signer))
}

/// Make a new secret for the webhooks of a workspace. For a day they are signed with the former one, too.
/// Needs one of the editor roles. An extension.
#[utoipa::path(
    post,
    path = "/api/public/v1/workspaces/{workspaceId}/webhookSecret/rotate",
    operation_id = "rotateWebhookSecret",
    tag = "Workspaces",
    params(("workspaceId" = WorkspaceId, Path)),
    responses((status = 200, body = WebhookSecretResponse))
)]
pub async fn rotate_secret(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<WorkspaceId>,
) -> Result<(Unstored, Json<WebhookSecretResponse>), Problem> {
    let signer = webhook_secrets::rotate(&app, &caller, id).await?;
    Ok(secret(&app, &signer))
}
