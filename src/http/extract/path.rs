//! What a path names: one thing, or two or three when one lies in another.

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
        let parameters = given(parts, state).await?;
        let mut given = parameters.iter();
        let id = parsed(given.next())?;
        id.map(Self)
            .map_err(|fault| Error::faults(vec![fault]).into())
    }
}

/// The two parameters of the path, parsed; every fault is reported.
#[derive(Debug)]
pub struct Ids<A, B>(pub A, pub B);

impl<S, A, B> FromRequestParts<S> for Ids<A, B>
where
    S: Send + Sync,
    A: FromStr<Err: Display> + Send,
    B: FromStr<Err: Display> + Send,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let parameters = given(parts, state).await?;
        let mut given = parameters.iter();
        match (parsed(given.next())?, parsed(given.next())?) {
            (Ok(a), Ok(b)) => Ok(Self(a, b)),
            (a, b) => {
                let faults = a.err().into_iter().chain(b.err());
                Err(Error::faults(faults.collect()).into())
            }
        }
    }
}

/// Three parameters of the path, parsed; every fault is reported.
#[derive(Debug)]
pub struct Triple<A, B, C>(pub A, pub B, pub C);

impl<S, A, B, C> FromRequestParts<S> for Triple<A, B, C>
where
    S: Send + Sync,
    A: FromStr<Err: Display> + Send,
    B: FromStr<Err: Display> + Send,
    C: FromStr<Err: Display> + Send,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let parameters = given(parts, state).await?;
        let mut given = parameters.iter();
        let three = (
            parsed(given.next())?,
            parsed(given.next())?,
            parsed(given.next())?,
        );
        match three {
            (Ok(a), Ok(b), Ok(c)) => Ok(Self(a, b, c)),
            (a, b, c) => {
                let faults = a.err().into_iter().chain(b.err()).chain(c.err());
                Err(Error::faults(faults.collect()).into())
            }
        }
    }
}

/// The parameters of the path, as text.
async fn given(parts: &mut Parts, state: &(impl Send + Sync)) -> Result<RawPathParams, Problem> {
    RawPathParams::from_request_parts(parts, state)
        .await
        .map_err(|_| Problem::malformed("the path is not valid UTF-8"))
}

fn parsed<T: FromStr<Err: Display>>(
    parameter: Option<(&str, &str)>,
) -> Result<Result<T, Fault>, Error> {
    let Some((name, value)) = parameter else {
        return Err(Error::internal("the route lacks a parameter"));
    };
    let fault = |why: T::Err| Fault::in_parameter(Place::Path, name, why.to_string());
    Ok(value.parse().map_err(fault))
}
