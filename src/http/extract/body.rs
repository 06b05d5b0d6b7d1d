//! JSON bodies. A body becomes a type that cannot hold nonsense, or a problem that names the spot in
//! the caller's own spelling.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use crate::app::App;
use crate::error::Error;
use crate::http::problem::Problem;

/// A JSON body, parsed.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        announced_as_json(request.headers())?;
        let bytes = read(request, app.config.server.body_limit).await?;
        json_body(&bytes).map(Self)
    }
}

/// Refuses a body that is announced as something else.
pub(super) fn announced_as_json(headers: &HeaderMap) -> Result<(), Problem> {
    if says_json(headers) {
        return Ok(());
    }
    Err(Problem::unsupported_media_type(
        "the body must be JSON: send Content-Type: application/json",
    ))
}

/// Whether the body is announced as JSON, or not announced at all.
fn says_json(headers: &HeaderMap) -> bool {
    let Some(announced) = headers.get(header::CONTENT_TYPE) else {
        return true;
    };
    let announced = announced
        .to_str()
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    let subtype = announced.to_ascii_lowercase();
    subtype == "application/json"
        || (subtype.starts_with("application/") && subtype.ends_with("+json"))
}

/// The whole body, unless it is larger than the limit.
///
/// # Errors
/// A problem with status 413, or 400 when the connection broke off.
pub async fn read(request: Request, limit: usize) -> Result<Bytes, Problem> {
    match Limited::new(request.into_body(), limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Problem::too_large(limit)),
        Err(_) => Err(Problem::malformed("the body broke off")),
    }
}

/// Parses JSON into a body type.
///
/// # Errors
/// A problem with status 400 that names the spot.
pub fn json_body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if bytes.is_empty() {
        return Err(Problem::malformed("a JSON body is required"));
    }
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut parser).map_err(|error| {
        let pointer = pointer(error.path());
        explain(error.inner(), pointer)
    })?;
    parser
        .end()
        .map_err(|error| explain(&error, String::new()))?;
    Ok(parsed)
}

fn explain(error: &serde_json::Error, mut pointer: String) -> Problem {
    if !error.is_data() {
        return Problem::malformed(format!("the body is not valid JSON: {error}"));
    }
    let text = error.to_string();
    // serde ends its sentences with a position, which helps nobody once the spot is named.
    let sentence = text
        .rfind(" at line ")
        .map_or(text.as_str(), |end| &text[..end]);
    let sentence = match sentence
        .strip_prefix("missing field `")
        .and_then(|rest| rest.strip_suffix('`'))
    {
        Some(field) => {
            pointer = format!("{pointer}/{field}");
            "is required"
        }
        None => sentence,
    };
    Error::invalid(pointer, sentence).into()
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    let segment = |segment: &Segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { variant } => format!("/{variant}"),
        Segment::Unknown => String::new(),
    };
    path.iter().map(segment).collect()
}
