//! Calls that the server itself makes to other hosts: OAuth, the registry, webhooks. The addresses come from
//! users and from connectors, so nothing that is not public is called unless the operator allows it: what
//! is checked is the address that is really connected to, whatever name, spelling or redirect led there.
//! Every answer has a greatest size and a time to be there by. The store of secrets is not called from
//! here: its address is the operator's own, see `vault::store`.

mod address;
mod call;
mod resolver;
mod trouble;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::header::{self, HeaderMap};
use reqwest::redirect::Policy;
use tokio::time::timeout;

pub use call::{Call, Reply};
pub use reqwest::Url;
pub use trouble::Trouble;

use crate::domain::network::Allowed;
use resolver::Resolver;

/// How many redirects are followed.
const REDIRECTS: usize = 5;
const CONNECT: Duration = Duration::from_secs(10);

/// Makes calls. One for the whole server, so that connections are used again.
#[derive(Debug)]
pub struct Net {
    allowed: Arc<Allowed>,
    /// Made at the first call: a machine without certificates can still start a server.
    client: OnceLock<reqwest::Client>,
}

impl Net {
    #[must_use]
    pub fn new(allowed: Allowed) -> Self {
        Self {
            allowed: Arc::new(allowed),
            client: OnceLock::new(),
        }
    }

    /// Makes a call and reads the whole answer, whichever status it has. Redirects of GET are followed,
    /// each checked as if it were the call.
    ///
    /// # Errors
    /// [`Trouble`], when there is no answer.
    pub async fn call(&self, call: Call) -> Result<Reply, Trouble> {
        let url = address::parse(&call.url)?;
        let host = address::host(&url).to_owned();
        let within = call.time_limit;
        match timeout(within, self.follow(call, url)).await {
            Ok(answer) => answer,
            Err(_) => Err(Trouble::Slow { host, within }),
        }
    }

    async fn follow(&self, call: Call, first: Url) -> Result<Reply, Trouble> {
        let Call {
            method,
            mut headers,
            body,
            size_limit,
            ..
        } = call;
        let mut url = first;
        for _ in 0..=REDIRECTS {
            address::check(&url, &self.allowed)?;
            let mut request = self
                .client()?
                .request(method.clone(), url.clone())
                .headers(headers.clone());
            if let Some(body) = body.clone() {
                request = request.body(body);
            }
            let response = request
                .send()
                .await
                .map_err(|error| trouble::of(&url, error))?;
            let next = match response.headers().get(header::LOCATION) {
                Some(next) if response.status().is_redirection() && method.is_safe() => next,
                _ => return read(response, &url, size_limit).await,
            };
            let next = address::join(&url, next.as_bytes())?;
            if next.origin() != url.origin() {
                // Credentials are for the host that they were given for.
                headers = HeaderMap::new();
            }
            url = next;
        }
        Err(Trouble::Failed {
            host: address::host(&url).to_owned(),
            story: "it redirects too often".to_owned(),
        })
    }

    fn client(&self) -> Result<&reqwest::Client, Trouble> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        // An error means that another part has chosen already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(Policy::none())
            // A proxy would choose the address in our place.
            .no_proxy()
            .referer(false)
            .connect_timeout(CONNECT)
            .user_agent(concat!("ferrobyte/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(Resolver::new(Arc::clone(&self.allowed))))
            .build()
            .map_err(|error| Trouble::Unable(trouble::story(&error)))?;
        Ok(self.client.get_or_init(|| client))
    }
}

/// The whole answer, as long as it is not longer than allowed.
async fn read(mut response: reqwest::Response, url: &Url, limit: usize) -> Result<Reply, Trouble> {
    let mut body = Vec::new();
    while let Some(part) = response
        .chunk()
        .await
        .map_err(|error| trouble::of(url, error))?
    {
        if body.len() + part.len() > limit {
            return Err(Trouble::TooLarge {
                host: address::host(url).to_owned(),
                limit,
            });
        }
        body.extend_from_slice(&part);
    }
    Ok(Reply {
        status: response.status().as_u16(),
        headers: std::mem::take(response.headers_mut()),
        body,
    })
}
