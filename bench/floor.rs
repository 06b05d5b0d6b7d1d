//! The floor: the least that a program on the same libraries can do for the same answer. No
//! middleware, no errors worth reading, no permissions, no paging: one handler per case, one
//! prepared statement, one signature. It runs as a child process of the bench executable, so it is
//! compiled with the same profile and the kernel accounts for it apart.
//!
//! Whatever is bare enough to flatter our server must not be added here. JSON text from the
//! database is copied into the answer as it is, and a pooled connection is not tested before use.

/// Both engines read a statement's rows in the same words.
macro_rules! on {
    ($db:expr, $pool:ident => $query:expr) => {
        match $db {
            Pool::Postgres($pool) => $query,
            Pool::Sqlite($pool) => $query,
        }
    };
}

mod lists;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use subtle::ConstantTimeEq;
use uuid::Uuid;
use uuid::fmt::Hyphenated;

const FIRST_PAGE: &str = "SELECT id, region_id, name, notifications FROM workspaces \
     WHERE deleted_at IS NULL ORDER BY created_at, id LIMIT 20";
const SECRET: &str = "SELECT id, user_id, secret_hash, secret_generation FROM applications \
     WHERE client_id = $1 AND deleted_at IS NULL";
const REGIONS: &str = "SELECT id, name FROM regions WHERE deleted_at IS NULL";

/// How the page begins; the link is the same for everybody who asks for the first page.
const NEXT: &str = r#"{"previous":"","next":"http://localhost/api/public/v1/workspaces?includeDeleted=false&limit=20&offset=20","data":["#;

const LIFETIME: u64 = 3600;
const AUDIENCE: &str = "ferrobyte";

/// Runs the floor as `floor <address> <postgres URL or SQLite file> <pool size>`.
pub(crate) fn main(mut words: impl Iterator<Item = String>) -> Result<()> {
    let (Some(address), Some(database), Some(pool)) = (words.next(), words.next(), words.next())
    else {
        bail!("the floor needs an address, a database and a pool size");
    };
    let (address, pool): (SocketAddr, u32) = (address.parse()?, pool.parse()?);
    tokio::runtime::Runtime::new()?.block_on(async {
        let floor = Arc::new(Floor::open(&database, pool).await?);
        let router = Router::new()
            .route("/hello", get(hello))
            .route("/token", post(token))
            .route("/workspaces", get(workspaces))
            .route("/sources", get(lists::sources))
            .route("/destinations", get(lists::destinations))
            .route("/connections", get(lists::connections))
            .with_state(floor);
        let listener = tokio::net::TcpListener::bind(address).await?;
        axum::serve(listener, router).await.context("serving")
    })
}

struct Floor {
    db: Pool,
    regions: HashMap<Uuid, String>,
    signing: EncodingKey,
    verifying: DecodingKey,
    validation: Validation,
    header: Header,
}

enum Pool {
    Postgres(PgPool),
    Sqlite(SqlitePool),
}

impl Floor {
    async fn open(database: &str, size: u32) -> Result<Self> {
        let db = if database.starts_with("postgres://") {
            let options = PgPoolOptions::new()
                .max_connections(size)
                .test_before_acquire(false);
            Pool::Postgres(options.connect(database).await?)
        } else {
            let options = SqlitePoolOptions::new()
                .max_connections(size)
                .test_before_acquire(false);
            let file = SqliteConnectOptions::new()
                .filename(database)
                .read_only(true);
            Pool::Sqlite(options.connect_with(file).await?)
        };
        let regions: Vec<(Uuid, String)> =
            on!(&db, pool => sqlx::query_as(REGIONS).fetch_all(pool).await)?;
        let regions = regions
            .into_iter()
            .map(|(id, name)| (id, name.to_lowercase()))
            .collect();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[AUDIENCE]);
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some("0123456789abcdef".into());
        let secret = b"a signing secret of the floor, 48 bytes in length";
        Ok(Self {
            db,
            regions,
            signing: EncodingKey::from_secret(secret),
            verifying: DecodingKey::from_secret(secret),
            validation,
            header,
        })
    }

    fn verify(&self, headers: &HeaderMap) -> Option<Claims> {
        let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let token = value.strip_prefix("Bearer ")?;
        Some(
            jsonwebtoken::decode::<Claims>(token, &self.verifying, &self.validation)
                .ok()?
                .claims,
        )
    }
}

/// The claims that our tokens carry, so that both sign and read the same bytes.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    client_id: String,
    app: Uuid,
    r#gen: i64,
    iat: u64,
    exp: u64,
}

async fn hello() -> &'static str {
    "Hello, World!"
}

async fn workspaces(State(floor): State<Arc<Floor>>, headers: HeaderMap) -> Answer {
    if floor.verify(&headers).is_none() {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let rows: Vec<(Uuid, Uuid, String, String)> =
        on!(&floor.db, pool => sqlx::query_as(FIRST_PAGE).fetch_all(pool).await).map_err(broken)?;

    let mut text = Vec::with_capacity(16 * 1024);
    text.extend_from_slice(NEXT.as_bytes());
    for (at, (id, region, name, notifications)) in rows.iter().enumerate() {
        let region = floor
            .regions
            .get(region)
            .ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
        let mut letters = [0; Hyphenated::LENGTH];
        text.extend_from_slice(if at == 0 {
            b"{\"workspaceId\":\""
        } else {
            b",{\"workspaceId\":\""
        });
        text.extend_from_slice(id.as_hyphenated().encode_lower(&mut letters).as_bytes());
        text.extend_from_slice(b"\",\"name\":");
        serde_json::to_writer(&mut text, name).map_err(broken)?;
        text.extend_from_slice(b",\"dataResidency\":\"");
        text.extend_from_slice(region.as_bytes());
        text.extend_from_slice(b"\",\"notifications\":");
        text.extend_from_slice(notifications.as_bytes());
        text.push(b'}');
    }
    text.extend_from_slice(b"]}");
    Ok(json(text))
}

#[derive(Deserialize)]
struct Credentials<'a> {
    client_id: &'a str,
    client_secret: &'a str,
}

#[derive(Serialize)]
struct Issued {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
}

async fn token(State(floor): State<Arc<Floor>>, body: Bytes) -> Answer {
    let given: Credentials = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let row: Option<(Uuid, Uuid, Vec<u8>, i64)> = on!(
        &floor.db,
        pool => sqlx::query_as(SECRET).bind(given.client_id).fetch_optional(pool).await
    )
    .map_err(broken)?;
    let (application, user, stored, generation) = row.ok_or(StatusCode::UNAUTHORIZED)?;
    let hash = Sha256::digest(given.client_secret.as_bytes());
    if !bool::from(hash.as_slice().ct_eq(&stored)) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let now = jsonwebtoken::get_current_timestamp();
    let claims = Claims {
        iss: "ferrobyte".into(),
        aud: AUDIENCE.into(),
        sub: user,
        client_id: given.client_id.into(),
        app: application,
        r#gen: generation,
        iat: now,
        exp: now + LIFETIME,
    };
    let access_token =
        jsonwebtoken::encode(&floor.header, &claims, &floor.signing).map_err(broken)?;
    let issued = Issued {
        access_token,
        token_type: "Bearer",
        expires_in: LIFETIME,
    };
    Ok(json(serde_json::to_vec(&issued).map_err(broken)?))
}

type Answer = Result<Response, StatusCode>;

fn json(text: Vec<u8>) -> Response {
    let kind = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

fn broken(_: impl std::error::Error) -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}
