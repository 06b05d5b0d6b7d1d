//! The names of regions, for lists of workspaces. There are few regions and many workspaces, so a name
//! is remembered for a second instead of being joined to every row of every page.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;

use super::db::{Exec, on};
use crate::clock::Timestamp;
use crate::domain::ids::RegionId;
use crate::error::{Error, Result};

const NAME: &str = "SELECT name FROM regions WHERE id = $1";

pub(super) const STATEMENTS: &[&str] = &[NAME];

/// How long a name is believed.
const BELIEVED: TimeDelta = TimeDelta::seconds(1);

/// The names that lists needed lately.
#[derive(Debug, Default)]
pub struct RegionNames {
    known: Mutex<HashMap<RegionId, (Arc<str>, Timestamp)>>,
}

impl RegionNames {
    /// The name of a region that a workspace refers to.
    pub(super) async fn name(
        &self,
        db: &mut dyn Exec,
        now: Timestamp,
        id: RegionId,
    ) -> Result<Arc<str>> {
        if let Some(name) = self.remembered(now, id) {
            return Ok(name);
        }
        let name: String = on!(db, link => sqlx::query_scalar(NAME).bind(id).fetch_one(link).await)
            .map_err(Error::store)?;
        let name: Arc<str> = name.into();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (_, read_at)| now - *read_at < BELIEVED);
        known.insert(id, (Arc::clone(&name), now));
        Ok(name)
    }

    fn remembered(&self, now: Timestamp, id: RegionId) -> Option<Arc<str>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (name, read_at) = known.get(&id)?;
        (now - *read_at < BELIEVED).then(|| Arc::clone(name))
    }
}
