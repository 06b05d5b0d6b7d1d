//! Trading an application's credentials for an access token. Clients send them as JSON, as a form or
//! by HTTP Basic, and name the grant with an underscore, a dash or not at all; all of them are served.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::credentials;
use crate::app::App;
use crate::domain::secret::PlainSecret;
use crate::error::{Error, Fault};
use crate::http::extract::{json_body, read};
use crate::http::problem::Problem;
use crate::request::Source;

/// The credentials of an application. `grant_type` and `grant-type` may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ApplicationTokenRequestWithGrant)]
pub struct TokenRequest {
    #[schema(required = true)]
    client_id: Option<String>,
    #[schema(required = true)]
    client_secret: Option<String>,
    /// Read for its value only: there is just one grant.
    #[serde(rename = "grant-type")]
    _grant: Option<GrantType>,
    #[serde(rename = "grant_type")]
    _grant_underscored: Option<GrantType>,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
pub enum GrantType {
    #[serde(rename = "client_credentials")]
    ClientCredentials,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct PublicAccessTokenResponse {
    access_token: String,
    token_type: TokenType,
    /// Seconds.
    expires_in: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub enum TokenType {
    Bearer,
}

/// Trade a client id and a client secret for an access token.
#[utoipa::path(
    post,
    path = "/api/public/v1/applications/token",
    operation_id = "createAccessToken",
    tag = "Applications",
    security(()),
    request_body(content((TokenRequest = "application/json"), (TokenRequest = "application/x-www-form-urlencoded"))),
    responses((status = 200, body = PublicAccessTokenResponse))
)]
pub async fn create(
    State(app): State<Arc<App>>,
    Source(source): Source,
    request: Request,
) -> Result<Json<PublicAccessTokenResponse>, Problem> {
    let shown = credentials_in(request, app.config.server.body_limit).await?;
    let now = app.clock.now();
    let checked = credentials::application(
        &mut app.db.read().await?,
        now,
        &shown.client_id,
        &shown.secret,
    )
    .await;
    let buyer = match checked {
        Ok(known) => known,
        Err(error @ Error::Unauthenticated(_)) => return Err(refused(&app, source, &shown, error)),
        Err(error) => return Err(error.into()),
    };
    let token = app.tokens.issue(&app.db, &app.clock, &buyer).await?;
    app.callers.uses.note(buyer.application, now);
    app.metrics.tokens_issued.inc();
    Ok(Json(PublicAccessTokenResponse {
        access_token: token.text,
        token_type: TokenType::Bearer,
        expires_in: token.expires_in,
    }))
}

/// Counts a failure, and says that the credentials are wrong, or that there were too many of them.
fn refused(app: &App, source: std::net::IpAddr, shown: &Shown, error: Error) -> Problem {
    let now = app.clock.now();
    app.metrics.tokens_refused.inc();
    let admitted = app.token_requests.admit(now, source, &shown.client_id);
    app.token_requests.count(now, source, &shown.client_id);
    let left = app.token_requests.left(now, source, &shown.client_id);
    let problem = match admitted {
        Err(too_many) => Problem::from(too_many).as_oauth("temporarily_unavailable"),
        Ok(()) => Problem::from(error).as_oauth("invalid_client"),
    };
    problem
        .challenging("Basic realm=\"ferrobyte\"")
        .with_allowance(left)
}

/// The credentials that a request shows.
struct Shown {
    client_id: String,
    secret: PlainSecret,
}

async fn credentials_in(request: Request, limit: usize) -> Result<Shown, Problem> {
    let basic = basic(request.headers());
    let media_type = media_type(request.headers());
    let bytes = read(request, limit).await?;
    let body = match media_type.as_str() {
        _ if bytes.is_empty() => TokenRequest::default(),
        // Whoever forgets the header when sending JSON with curl announces a form.
        "" | "application/x-www-form-urlencoded" if bytes.trim_ascii_start().starts_with(b"{") => {
            json(&bytes)?
        }
        "" | "application/x-www-form-urlencoded" => form(&bytes)?,
        "application/json" => json(&bytes)?,
        _ => {
            return Err(Problem::unsupported_media_type(
                "send the credentials as application/json or application/x-www-form-urlencoded",
            )
            .as_oauth("invalid_request"));
        }
    };
    match (body.client_id, body.client_secret, basic) {
        (Some(client_id), Some(secret), _) | (_, _, Some((client_id, secret))) => Ok(Shown {
            client_id,
            secret: PlainSecret::received(secret),
        }),
        (client_id, client_secret, None) => {
            let missing = |name: &str| Fault::in_body(format!("/{name}"), "is required");
            let faults = [("client_id", client_id), ("client_secret", client_secret)]
                .into_iter()
                .filter(|(_, value)| value.is_none())
                .map(|(name, _)| missing(name))
                .collect();
            Err(Problem::from(Error::faults(faults)).as_oauth("invalid_request"))
        }
    }
}

fn media_type(headers: &HeaderMap) -> String {
    let announced = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    announced
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

fn json(bytes: &[u8]) -> Result<TokenRequest, Problem> {
    json_body(bytes).map_err(|problem| problem.as_oauth("invalid_request"))
}

fn form(bytes: &[u8]) -> Result<TokenRequest, Problem> {
    let mut request = TokenRequest::default();
    for (name, value) in form_urlencoded::parse(bytes) {
        match name.as_ref() {
            "client_id" => request.client_id = Some(value.into_owned()),
            "client_secret" => request.client_secret = Some(value.into_owned()),
            "grant_type" | "grant-type" if value != "client_credentials" => {
                let why = "must be client_credentials";
                return Err(Problem::from(Error::invalid(format!("/{name}"), why))
                    .as_oauth("unsupported_grant_type"));
            }
            _ => {}
        }
    }
    Ok(request)
}

/// Client id and secret of HTTP Basic. RFC 6749 wants both form-encoded inside; few clients do so, and
/// our own ids and secrets look the same either way.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, encoded) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (client_id, secret) = text.split_once(':')?;
    Some((client_id.to_owned(), secret.to_owned()))
}
