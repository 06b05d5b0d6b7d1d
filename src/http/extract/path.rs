//! The id in a path. Every route of ours has at most one.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use crate::error::{Error, Fault, Place};
use crate::http::problem::Problem;

/// The one parameter of the path, parsed.
#[derive(Debug)]
pub struct Id<T>(pub T);

impl<S: Send + Sync, T: FromStr<Err: Display> + Send> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let parameters = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::malformed("the path is not valid UTF-8"))?;
        let Some((name, value)) = parameters.iter().next() else {
            return Err(Error::internal("the route has no parameter").into());
        };
        value.parse().map(Self).map_err(|why: T::Err| {
            Error::faults(vec![Fault::in_parameter(
                Place::Path,
                name,
                why.to_string(),
            )])
            .into()
        })
    }
}
