//! What both doors, `http` and `web`, know of a request: where it came from, which address it was sent
//! to, its id and who turned out to ask. What a proxy adds is believed only when the operator trusts
//! that proxy.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{Extensions, HeaderMap, HeaderValue, header};

use crate::app::App;
use crate::domain::audit::Trail;
use crate::domain::ids::{ApplicationId, UserId};

/// What is found out about a request while it is answered, for its line in the log and its numbers.
/// `http::edge` gives one to each request, and others write into it.
#[derive(Debug, Clone)]
pub struct Notes(Arc<Noted>);

#[derive(Debug)]
struct Noted {
    id: HeaderValue,
    asker: OnceLock<UserId>,
    trail: Option<Trail>,
    route: OnceLock<MatchedPath>,
    warning: OnceLock<HeaderValue>,
}

impl Notes {
    #[must_use]
    pub fn new(id: HeaderValue, trail: Option<Trail>) -> Self {
        Self(Arc::new(Noted {
            id,
            trail,
            asker: OnceLock::new(),
            route: OnceLock::new(),
            warning: OnceLock::new(),
        }))
    }

    /// The request's id.
    #[must_use]
    pub fn id(&self) -> &HeaderValue {
        &self.0.id
    }

    /// Written by whoever recognises the caller.
    pub fn asked_by(&self, user: UserId, application: Option<ApplicationId>) {
        if let Some(trail) = &self.0.trail {
            trail.asked_by(user, application);
        }
        let _ = self.0.asker.set(user);
    }

    /// What is written down if something changes; nothing for a request that may only read.
    #[must_use]
    pub fn trail(&self) -> Option<&Trail> {
        self.0.trail.as_ref()
    }

    #[must_use]
    pub fn asker(&self) -> Option<&UserId> {
        self.0.asker.get()
    }

    /// Written by the router.
    pub fn routed(&self, route: MatchedPath) {
        let _ = self.0.route.set(route);
    }

    /// Written by whoever ignores a part of the request.
    pub fn warn(&self, warning: HeaderValue) {
        let _ = self.0.warning.set(warning);
    }

    /// What the answer should warn of.
    #[must_use]
    pub fn warning(&self) -> Option<&HeaderValue> {
        self.0.warning.get()
    }

    /// The pattern of the route, or nothing where there is none.
    #[must_use]
    pub fn route(&self) -> &str {
        self.0.route.get().map_or("", MatchedPath::as_str)
    }
}

/// The other end of the connection, as the server noted it.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// The address of whoever asks, for limits on guessing.
#[derive(Debug, Clone, Copy)]
pub struct Source(pub IpAddr);

impl FromRequestParts<Arc<App>> for Source {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers, &parts.extensions, app))
    }
}

impl Source {
    #[must_use]
    pub fn of(headers: &HeaderMap, extensions: &Extensions, app: &App) -> Self {
        let peer = peer(extensions);
        let trusted = &app.config.server.trusted_proxies;
        if !trusted.contains(&peer) {
            return Self(peer);
        }
        // Each proxy adds at the end; the last address that is not itself a trusted proxy is the source.
        let forwarded = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok());
        let addresses: Vec<IpAddr> = forwarded
            .flat_map(|value| value.split(','))
            .map_while(|address| address.trim().parse().ok())
            .collect();
        Self(
            addresses
                .into_iter()
                .rev()
                .find(|address| !trusted.contains(address))
                .unwrap_or(peer),
        )
    }
}

fn peer(extensions: &Extensions) -> IpAddr {
    extensions
        .get::<Peer>()
        .map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| {
            peer.0.ip().to_canonical()
        })
}

/// The address that the client used, without a slash at its end, for links that it can follow.
#[derive(Debug, Clone)]
pub struct Base(pub String);

impl FromRequestParts<Arc<App>> for Base {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        if let Some(configured) = &app.config.server.external_url {
            return Ok(Self(configured.clone()));
        }
        let trusted = app
            .config
            .server
            .trusted_proxies
            .contains(&peer(&parts.extensions));
        let forwarded = |name| {
            if trusted {
                first(&parts.headers, name)
            } else {
                None
            }
        };
        let scheme = forwarded("x-forwarded-proto")
            .filter(|scheme| *scheme == "https")
            .unwrap_or("http");
        let named =
            forwarded("x-forwarded-host").or_else(|| first(&parts.headers, header::HOST.as_str()));
        let host = named
            .and_then(|host| host.parse::<Authority>().ok())
            .map(|host| host.to_string());
        let host = host.unwrap_or_else(|| app.config.server.listen.to_string());
        Ok(Self(format!("{scheme}://{host}")))
    }
}

fn first<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get(name)?
        .to_str()
        .ok()?
        .split(',')
        .next()
        .map(str::trim)
}
