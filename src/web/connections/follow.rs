//! Pieces of pages that follow a job while it runs: told again whenever they have changed, as server-sent
//! events, until the job has ended. What the browser puts into the page is the piece as a whole.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::time::{Instant, sleep};

use crate::app::App;
use crate::domain::job::JobId;
use crate::error::{Error, Result};
use crate::store::bell::{Ring, Rings};

/// How often to look at most, however often the job rings.
const AT_MOST: Duration = Duration::from_millis(500);
/// How often to look without having been rung.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How long one request is answered. The browser comes again by itself, as whoever is signed in then.
const FOLLOWED: Duration = Duration::from_mins(1);
/// When it does.
const COME_AGAIN: Duration = Duration::from_millis(500);

/// A piece at some moment.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) html: String,
    /// Whether it is the last one.
    pub(super) over: bool,
}

/// Whether a piece is to be followed, and not only to be shown.
pub(super) fn wanted(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|kinds| kinds.to_str().ok());
    accept.is_some_and(|kinds| kinds.contains("text/event-stream"))
}

/// Tells what is seen by each look at a job.
pub(super) fn follow<L, F>(app: &Arc<App>, job: JobId, look: L) -> Response
where
    L: Fn() -> F + Send + 'static,
    F: Future<Output = Result<Told>> + Send,
{
    // First listen, then look.
    let follower = Follower {
        rings: app.bell.listen(),
        app: Arc::clone(app),
        job,
        look,
        before: None,
        over: false,
        until: Instant::now() + FOLLOWED,
    };
    let events = stream::unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((Ok::<_, Infallible>(event), follower))
    });
    let alive = KeepAlive::default();
    Sse::new(events).keep_alive(alive).into_response()
}

/// Somebody who looks on.
struct Follower<L> {
    app: Arc<App>,
    job: JobId,
    look: L,
    rings: Rings,
    /// What was told last.
    before: Option<String>,
    over: bool,
    until: Instant,
}

impl<L, F> Follower<L>
where
    L: Fn() -> F,
    F: Future<Output = Result<Told>>,
{
    /// The next piece that is another one.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if self.before.is_some() && !self.waits().await {
                return None;
            }
            match self.changed().await {
                Ok(None) => {}
                Ok(Some(event)) => return Some(event),
                Err(error) => {
                    tracing::debug!("job {} is not followed any more: {error}", self.job);
                    return None;
                }
            }
        }
    }

    async fn changed(&mut self) -> Result<Option<Event>> {
        let Told { html, over } = (self.look)().await?;
        self.over = over;
        if self.before.as_ref() == Some(&html) {
            return Ok(None);
        }
        // As JSON, which has no line ends to be lost.
        let event = Event::default().json_data(&html).map_err(Error::internal)?;
        self.before = Some(html);
        Ok(Some(event.retry(COME_AGAIN)))
    }

    /// Waits until there may be something new, and says whether it is told.
    async fn waits(&mut self) -> bool {
        if self.over || Instant::now() >= self.until {
            return false;
        }
        let (rings, job) = (&mut self.rings, self.job);
        let rung = async {
            sleep(AT_MOST).await;
            loop {
                match rings.next().await {
                    Ring::Changed(other) if other == job => return,
                    Ring::Anything => return,
                    _ => {}
                }
            }
        };
        tokio::select! {
            () = rung => true,
            () = sleep(LOOK_AGAIN) => true,
            () = self.app.shutdown.begun() => false,
        }
    }
}
