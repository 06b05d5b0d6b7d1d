//! Requests that may be sent again, by a key that the client chose: the second one answers what the first
//! one made, as it is now. Only what was made is remembered; a request that failed may be sent again in
//! other words.

use chrono::TimeDelta;
use serde_json::Value;

use crate::access::caller::Caller;
use crate::access::granted::Own;
use crate::app::App;
use crate::error::{Error, Result};
use crate::store::db::Writer;
use crate::store::idempotency::{self, Earlier, Sent};

/// How long a key is remembered.
const KEPT: TimeDelta = TimeDelta::days(1);

/// One request that may be sent again.
#[derive(Debug, Clone)]
pub struct Once {
    who: Own,
    operation: &'static str,
    key: String,
    hash: Vec<u8>,
}

impl Once {
    #[must_use]
    pub fn new(
        app: &App,
        caller: &Caller,
        operation: &'static str,
        key: String,
        request: &Value,
    ) -> Self {
        Self {
            who: caller.own(),
            operation,
            key,
            // Keyed, because there may be secrets in the request.
            hash: app.vault.fingerprint(request).to_vec(),
        }
    }

    fn sent(&self) -> Sent<'_> {
        Sent {
            operation: self.operation,
            key: &self.key,
        }
    }
}

/// The id of what an earlier request with this key made.
///
/// # Errors
/// [`Error::Unprocessable`] when that request said something else.
pub async fn earlier<Id: std::str::FromStr>(app: &App, once: Option<&Once>) -> Result<Option<Id>> {
    let Some(once) = once else { return Ok(None) };
    let since = app.clock.now() - KEPT;
    let mut db = app.db.read().await?;
    let Some(found) = idempotency::find(&mut db, once.who, once.sent(), since).await? else {
        return Ok(None);
    };
    if found.request_hash != once.hash {
        return Err(Error::Unprocessable(
            "this Idempotency-Key was used for another request; use a new key".to_owned(),
        ));
    }
    let id = found.result.parse();
    id.map(Some)
        .map_err(|_| Error::internal("an idempotency key remembers something that is no id"))
}

/// Remembers what is made in this transaction.
///
/// # Errors
/// [`Error::Conflict`] when the same request was sent twice at the same moment and the other one won.
pub async fn keep(
    app: &App,
    db: &mut Writer,
    once: Option<&Once>,
    result: impl ToString,
) -> Result<()> {
    let Some(once) = once else { return Ok(()) };
    let now = app.clock.now();
    let made = Earlier {
        request_hash: once.hash.clone(),
        result: result.to_string(),
    };
    if idempotency::keep(db, once.who, once.sent(), &made, (now - KEPT, now)).await? {
        Ok(())
    } else {
        Err(Error::conflict(
            "a request with this Idempotency-Key is being answered; send it again for the answer",
        ))
    }
}
