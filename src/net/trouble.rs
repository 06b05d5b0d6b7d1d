//! Why a call has no answer. The sentences name the host and what to do, never the rest of the URL,
//! which may hold credentials; the address behind a name is nobody's business either.

use std::error::Error as StdError;
use std::time::Duration;

use reqwest::Url;
use thiserror::Error;

use super::address;
use crate::domain::network::Inward;

/// No answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Trouble {
    /// The URL cannot be called.
    #[error("this is no URL that can be called: {0}")]
    Address(String),
    /// The host is not public, and the operator has not allowed it.
    #[error(
        "{host} leads to {kind}, where this server does not call by itself; the operator can allow it by \
         adding {host} to the setting net.allow"
    )]
    Refused { host: String, kind: Inward },
    #[error("{host} did not answer within {} seconds", .within.as_secs_f64())]
    Slow { host: String, within: Duration },
    #[error("the answer of {host} is larger than {limit} bytes")]
    TooLarge { host: String, limit: usize },
    #[error("{host} could not be asked: {story}")]
    Failed { host: String, story: String },
    /// This machine cannot call anybody.
    #[error(
        "this machine cannot make calls by https, probably because it has no list of trusted \
         certificates (the package ca-certificates): {0}"
    )]
    Unable(String),
}

/// What the resolver says of a name that leads to nothing that may be called.
#[derive(Debug, Error)]
#[error("{host} leads to {kind}")]
pub(super) struct RefusedName {
    pub host: String,
    pub kind: Inward,
}

/// The trouble inside an error of the client.
pub(super) fn of(url: &Url, error: reqwest::Error) -> Trouble {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(&error);
    while let Some(one) = cause {
        if let Some(RefusedName { host, kind }) = one.downcast_ref() {
            return Trouble::Refused {
                host: host.clone(),
                kind: *kind,
            };
        }
        cause = one.source();
    }
    Trouble::Failed {
        host: address::host(url).to_owned(),
        story: story(&error.without_url()),
    }
}

/// The innermost cause, which is the one that says something.
pub(super) fn story(error: &dyn StdError) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
