//! The body of a request that may be sent again: parsed like any other, and kept whole when the client
//! gave it a key.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::body::{announced_as_json, json_body, read};
use crate::access::caller::Caller;
use crate::app::App;
use crate::http::problem::Problem;
use crate::ops::once::Once;

/// The header with the key.
const HEADER: &str = "idempotency-key";

/// The longest key.
const LONGEST: usize = 255;

/// A JSON body, parsed, and the key of the request if it has one.
#[derive(Debug)]
pub struct Keyed<T> {
    pub body: T,
    pub key: Key,
}

/// The header for the document.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only describes")]
pub struct KeyParameter {
    /// Send it again with the same key, and nothing is made twice
    #[param(rename = "Idempotency-Key")]
    key: Option<String>,
}

/// The key of a request, with what the request says.
#[derive(Debug)]
pub struct Key(Option<(String, Value)>);

impl Key {
    /// What the request says besides its body.
    #[must_use]
    pub fn with(mut self, name: &str, value: &impl ToString) -> Self {
        if let Some((_, request)) = &mut self.0 {
            *request = json!({ name: value.to_string(), "body": request.take() });
        }
        self
    }

    /// The request as one that may be sent again, if it has a key.
    #[must_use]
    pub fn of(self, app: &App, caller: &Caller, operation: &'static str) -> Option<Once> {
        let (key, request) = self.0?;
        Some(Once::new(app, caller, operation, key, &request))
    }
}

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Keyed<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        announced_as_json(request.headers())?;
        let key = match request.headers().get(HEADER) {
            None => None,
            Some(key) => {
                let key = key.to_str().ok().map(str::trim);
                let fits = |key: &&str| (1..=LONGEST).contains(&key.len());
                let key = key.filter(fits).ok_or_else(|| {
                    Problem::malformed(format!(
                        "the header Idempotency-Key must have 1 to {LONGEST} visible characters"
                    ))
                })?;
                Some(key.to_owned())
            }
        };
        let bytes = read(request, app.config.server.body_limit).await?;
        let body = json_body(&bytes)?;
        let key = match key {
            Some(key) => Some((key, json_body(&bytes)?)),
            None => None,
        };
        Ok(Self {
            body,
            key: Key(key),
        })
    }
}
