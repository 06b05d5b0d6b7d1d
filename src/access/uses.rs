//! When applications were last used, to the minute. Uses are gathered in memory and written together
//! now and then, so that no request waits for it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::TimeDelta;

use crate::clock::Timestamp;
use crate::domain::ids::ApplicationId;
use crate::error::Result;
use crate::store::applications;
use crate::store::db::Db;

/// A use so soon after the last one is not news.
const APART: TimeDelta = TimeDelta::minutes(1);

/// Uses that were noted, and those of them that wait to be written.
#[derive(Debug, Default)]
pub struct Uses {
    noted: Mutex<HashMap<ApplicationId, Note>>,
}

#[derive(Debug, Clone, Copy)]
struct Note {
    at: Timestamp,
    written: bool,
}

impl Uses {
    pub fn note(&self, application: ApplicationId, now: Timestamp) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted
            .get(&application)
            .is_none_or(|last| now - last.at >= APART)
        {
            noted.insert(
                application,
                Note {
                    at: now,
                    written: false,
                },
            );
        }
    }

    /// Writes what waits, and forgets what is old.
    ///
    /// # Errors
    /// When the database does not answer; the uses then wait for the next time.
    pub async fn write(&self, db: &Db, now: Timestamp) -> Result<()> {
        let waiting: Vec<(ApplicationId, Timestamp)> = {
            let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
            noted.retain(|_, note| !note.written || now - note.at < APART);
            noted
                .iter()
                .filter(|(_, note)| !note.written)
                .map(|(&id, note)| (id, note.at))
                .collect()
        };
        if waiting.is_empty() {
            return Ok(());
        }
        let mut writer = db.write().await?;
        for &(application, at) in &waiting {
            applications::touch(&mut writer, application, at).await?;
        }
        writer.commit().await?;
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        for (application, at) in waiting {
            if let Some(note) = noted.get_mut(&application).filter(|note| note.at == at) {
                note.written = true;
            }
        }
        Ok(())
    }
}
