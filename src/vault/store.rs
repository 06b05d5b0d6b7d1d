//! Asking a Vault-compatible store. Its address is the operator's own setting, mostly on a private
//! network, so the rules for addresses that users name do not hold for it; redirects are not followed,
//! because the token would go along.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How long the store may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// The longest answer that is read, in bytes.
const LONGEST: usize = 4 * 1024 * 1024;

/// What is asked of the store.
#[derive(Clone)]
pub struct Request {
    pub url: String,
    /// Sent as `X-Vault-Token`.
    pub token: String,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({})", self.url)
    }
}

/// What the store answers.
#[derive(Clone)]
pub struct Reply {
    pub status: u16,
    pub body: Vec<u8>,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({})", self.status)
    }
}

type Answer = Pin<Box<dyn Future<Output = Result<Reply, String>> + Send>>;

/// The way to the store, so that tests and a stricter client can take its place.
#[derive(Clone)]
pub struct Fetch(Arc<dyn Fn(Request) -> Answer + Send + Sync>);

impl Fetch {
    /// `ask` answers, or ends the sentence "the reference … " with what went wrong.
    pub fn new<F>(ask: impl Fn(Request) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Reply, String>> + Send + 'static,
    {
        Self(Arc::new(move |request| Box::pin(ask(request))))
    }

    /// The real way. Nothing is set up before it is needed for the first time.
    #[must_use]
    pub fn direct() -> Self {
        let client = Arc::new(OnceLock::new());
        Self::new(move |request| {
            let client = client.get_or_init(client_for_the_store).clone();
            async move { ask(client?, request).await }
        })
    }

    /// # Errors
    /// The end of a sentence that begins with the reference.
    pub async fn get(&self, request: Request) -> Result<Reply, String> {
        (self.0)(request).await
    }
}

impl fmt::Debug for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fetch")
    }
}

fn client_for_the_store() -> Result<reqwest::Client, String> {
    // Fails when there is one already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(DEADLINE)
        .build()
        .map_err(|error| format!("cannot be looked up: {}", error.without_url()))
}

async fn ask(client: reqwest::Client, request: Request) -> Result<Reply, String> {
    let unreachable = |error: reqwest::Error| {
        let why = if error.is_timeout() {
            "it took too long"
        } else {
            "no connection"
        };
        format!("cannot be looked up: the store does not answer ({why})")
    };
    let sent = client
        .get(request.url)
        .header("X-Vault-Token", request.token)
        .header("X-Vault-Request", "true")
        .send();
    let mut answer = sent.await.map_err(unreachable)?;
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(unreachable)? {
        body.extend(part);
        if body.len() > LONGEST {
            return Err("was answered by the store with more than anybody needs".to_owned());
        }
    }
    Ok(Reply { status, body })
}
