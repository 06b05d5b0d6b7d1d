//! Sending webhooks: whichever server takes a message first sends it, and has it for a minute. What is not
//! accepted is sent again, less and less often, and given up after nine hours.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::Semaphore;

use super::webhook_secrets;
use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::policy::{EditSomething, Read};
use crate::app::App;
use crate::domain::ids::WorkspaceId;
use crate::domain::notifications::{News, Notifications};
use crate::domain::page::{Page, Slice};
use crate::engine::news::{Message, body};
use crate::error::{Error, Result};
use crate::net::{Call, Trouble, Url};
use crate::store::bell::{Ring, Rings};
use crate::store::deliveries::{
    self, Claimed, Delivery, ListedDelivery, NewDelivery, Settled, Status,
};

/// How many are sent at once.
const AT_ONCE: usize = 16;

/// How long a receiver may take; one who tries out an address waits for less than clients do.
const LONGEST: Duration = Duration::from_secs(10);
const LONGEST_TEST: Duration = Duration::from_secs(4);

/// How long a sender has a message.
const LEASE: TimeDelta = TimeDelta::minutes(1);

/// The waits after failed attempts, in seconds.
const WAITS: [i64; 6] = [10, 60, 5 * 60, 30 * 60, 2 * 3600, 6 * 3600];

/// How often to look without having been rung.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// The longest answer that is read.
const LARGEST: usize = 1 << 20;

/// Sends until this process stops.
pub async fn run(app: Arc<App>) {
    let hands = Arc::new(Semaphore::new(AT_ONCE));
    let mut rings = app.bell.listen();
    loop {
        let hand = tokio::select! {
            hand = Arc::clone(&hands).acquire_owned() => hand,
            () = app.shutdown.begun() => return,
        };
        rings.drain();
        let wait = match take(&app).await {
            Ok(Taken::Delivery(delivery)) => {
                let own = Arc::clone(&app);
                app.shutdown.spawn(async move {
                    deliver(&own, &delivery).await;
                    drop(hand);
                });
                continue;
            }
            Ok(Taken::Nothing { until_next }) => until_next,
            Err(error) => {
                tracing::warn!("webhooks wait: {error}");
                LOOK_AGAIN
            }
        };
        drop(hand);
        tokio::select! {
            () = rung(&mut rings) => {}
            () = tokio::time::sleep(wait) => {}
            () = app.shutdown.begun() => return,
        }
    }
}

async fn rung(rings: &mut Rings) {
    while !matches!(rings.next().await, Ring::News | Ring::Anything) {}
}

/// Sends what is to be sent now, one after the other; says how many attempts that were.
///
/// # Errors
/// When the database does not answer.
pub async fn round(app: &App) -> Result<usize> {
    let mut sent = 0;
    while let Taken::Delivery(delivery) = take(app).await? {
        deliver(app, &delivery).await;
        sent += 1;
    }
    Ok(sent)
}

enum Taken {
    Delivery(Box<Delivery>),
    Nothing { until_next: Duration },
}

async fn take(app: &App) -> Result<Taken> {
    loop {
        let now = app.clock.now();
        // A look costs nobody anything; a transaction would hold up others.
        let next = deliveries::next(&mut app.db.read().await?).await?;
        let wait = next.map(|next| (next - now).to_std().unwrap_or_default());
        if wait != Some(Duration::ZERO) {
            let until_next = wait.map_or(LOOK_AGAIN, |wait| wait.min(LOOK_AGAIN));
            return Ok(Taken::Nothing { until_next });
        }
        let mut db = app.db.write().await?;
        match deliveries::claim(&mut db, now, now + LEASE).await? {
            Claimed::Delivery(delivery) => {
                db.commit().await?;
                return Ok(Taken::Delivery(delivery));
            }
            Claimed::TooLate => {}
            Claimed::Nothing => {
                return Ok(Taken::Nothing {
                    until_next: LOOK_AGAIN,
                });
            }
        }
    }
}

/// Makes one attempt and writes down what came of it.
async fn deliver(app: &App, delivery: &Delivery) {
    let answer = match send(app, delivery, LONGEST).await {
        Ok(answer) => answer,
        Err(error) => Answer {
            status: Status::Waiting,
            outcome: format!("it could not be signed: {error}"),
        },
    };
    let written = async {
        let now = app.clock.now();
        let attempts = usize::try_from(delivery.attempts).unwrap_or(usize::MAX);
        let wait = WAITS.get(attempts.saturating_sub(1));
        let settled = Settled {
            status: match (answer.status, wait) {
                (Status::Waiting, None) => Status::Failed,
                (status, _) => status,
            },
            next_at: now + TimeDelta::seconds(wait.copied().unwrap_or(0)),
            outcome: &answer.outcome,
        };
        let mut db = app.db.write().await?;
        deliveries::settle(&mut db, delivery, &settled, now).await?;
        db.commit().await
    };
    let written: Result<()> = written.await;
    let (id, outcome) = (delivery.id, answer.outcome.as_str());
    match written {
        Ok(()) => {
            tracing::debug!(delivery.id = %id, attempt = delivery.attempts, "a webhook: {outcome}");
        }
        Err(error) => {
            tracing::warn!(delivery.id = %id, "it is not known of a webhook that {outcome}: {error}");
        }
    }
}

/// What came of an attempt.
struct Answer {
    /// `Waiting` when another attempt may help.
    status: Status,
    outcome: String,
}

async fn send(app: &App, delivery: &Delivery, longest: Duration) -> Result<Answer> {
    let signer = webhook_secrets::signer(app, delivery.workspace_id).await?;
    let now = app.clock.now();
    let call = Call::post(&delivery.url)
        .header(
            "user-agent",
            concat!("Ferrobyte/", env!("CARGO_PKG_VERSION")),
        )
        .header("webhook-id", &delivery.id.to_string())
        .header("webhook-timestamp", &now.timestamp().to_string())
        .header(
            "webhook-signature",
            &signer.sign(delivery.id, now, &delivery.body),
        )
        .body("application/json", delivery.body.clone().into_bytes())
        .at_most(LARGEST)
        .within(longest);
    Ok(match app.net.call(call).await {
        Ok(reply) => Answer {
            status: match reply.status {
                200..300 => Status::Delivered,
                // Whoever was there wants no more.
                410 => Status::Failed,
                _ => Status::Waiting,
            },
            outcome: format!("the receiver answered {}", reply.status),
        },
        Err(trouble) => Answer {
            status: match trouble {
                Trouble::Address(_) | Trouble::Refused { .. } => Status::Failed,
                _ => Status::Waiting,
            },
            outcome: trouble.to_string(),
        },
    })
}

/// What somebody wants to try out.
#[derive(Debug)]
pub struct Trial {
    /// The address of this kind of news, unless there is another one.
    pub news: News,
    pub url: Option<String>,
}

/// Sends a test message at once, only once, and answers how that went.
///
/// # Errors
/// [`Error::Invalid`] when there is no address.
pub async fn test(
    app: &App,
    caller: &Caller,
    id: WorkspaceId,
    trial: Trial,
) -> Result<ListedDelivery> {
    let mut db = app.db.read().await?;
    let workspace = doors::workspace::<EditSomething>(&mut db, caller, id).await?;
    drop(db);
    let wishes: Notifications =
        serde_json::from_str(&workspace.notifications).map_err(Error::internal)?;
    let stored = wishes.channels(trial.news).webhook.url.clone();
    let url = trial.url.or(stored);
    let url = url.filter(|url| !url.trim().is_empty()).ok_or_else(|| {
        Error::invalid(
            "/url",
            "is required: the workspace has no URL for this kind of news",
        )
    })?;
    let now = app.clock.now();
    let delivery = Delivery {
        id: app.clock.new_id(),
        workspace_id: id,
        event: trial.news,
        body: body(&Message::test(&workspace.name), &url),
        url,
        attempts: 1,
        created_at: now,
    };
    let answer = send(app, &delivery, LONGEST_TEST).await?;
    let status = match answer.status {
        Status::Waiting => Status::Failed,
        status => status,
    };
    let new = NewDelivery {
        id: delivery.id,
        workspace: id,
        news: delivery.event,
        url: &delivery.url,
        body: &delivery.body,
        status,
        attempts: 1,
        outcome: &answer.outcome,
    };
    let mut db = app.db.write().await?;
    deliveries::insert(&mut db, &new, now).await?;
    db.commit().await?;
    Ok(shown(ListedDelivery {
        id: delivery.id,
        event: delivery.event,
        url: delivery.url,
        status,
        attempts: 1,
        next_at: now,
        outcome: answer.outcome,
        created_at: now,
        updated_at: now,
    }))
}

/// The messages of a workspace, the newest first.
///
/// # Errors
/// As the door says.
pub async fn list(
    app: &App,
    caller: &Caller,
    id: WorkspaceId,
    page: Page,
) -> Result<Slice<ListedDelivery>> {
    let mut db = app.db.read().await?;
    let workspace = doors::workspace::<Read>(&mut db, caller, id).await?;
    let found = deliveries::list(&mut db, &workspace, page).await?;
    Ok(found.map(shown))
}

/// Without what may be a credential in the address: all of it but the host.
fn shown(mut delivery: ListedDelivery) -> ListedDelivery {
    delivery.url = match Url::parse(delivery.url.trim()) {
        Ok(url) => {
            let port = url
                .port()
                .map(|port| format!(":{port}"))
                .unwrap_or_default();
            let host = url.host_str().unwrap_or_default();
            format!("{}://{host}{port}/…", url.scheme())
        }
        Err(_) => "…".to_owned(),
    };
    delivery
}
