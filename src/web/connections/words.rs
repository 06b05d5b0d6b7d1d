//! Modes, kinds and standings in the words of people.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::domain::connection::{Namespace, NonBreakingChanges};
use crate::domain::job::{AttemptStatus, JobStatus, JobType};
use crate::domain::stream::SyncMode;

/// What a value is called in forms: the same word as in the API.
pub(super) fn key(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(text)) => text,
        _ => String::new(),
    }
}

/// The value of that word.
pub(super) fn meant<T: DeserializeOwned>(key: &str) -> Option<T> {
    serde_json::from_value(Value::from(key)).ok()
}

pub(super) fn mode(mode: SyncMode) -> &'static str {
    match mode {
        SyncMode::FullRefreshOverwrite => "Full refresh, overwrite",
        SyncMode::FullRefreshOverwriteDeduped => "Full refresh, overwrite, one row a key",
        SyncMode::FullRefreshAppend => "Full refresh, append",
        SyncMode::FullRefreshUpdate => "Full refresh, update",
        SyncMode::FullRefreshSoftDelete => "Full refresh, soft delete",
        SyncMode::IncrementalAppend => "Incremental, append",
        SyncMode::IncrementalDedupedHistory => "Incremental, one row a key",
        SyncMode::IncrementalUpdate => "Incremental, update",
        SyncMode::IncrementalSoftDelete => "Incremental, soft delete",
    }
}

pub(super) fn job_type(job_type: JobType) -> &'static str {
    match job_type {
        JobType::Sync => "Sync",
        JobType::Reset | JobType::Clear => "Clear",
        JobType::Refresh => "Refresh",
    }
}

pub(super) fn job_status(status: JobStatus) -> &'static str {
    match status {
        JobStatus::Pending => "Waiting",
        JobStatus::Running => "Running",
        JobStatus::Incomplete => "To be tried again",
        JobStatus::Succeeded => "Succeeded",
        JobStatus::Failed => "Failed",
        JobStatus::Cancelled => "Cancelled",
    }
}

/// The class of a status: the colour only helps.
pub(super) fn job_class(status: JobStatus) -> &'static str {
    match status {
        JobStatus::Succeeded => "good",
        JobStatus::Failed => "bad",
        JobStatus::Incomplete => "careful",
        JobStatus::Pending | JobStatus::Running => "busy",
        JobStatus::Cancelled => "plain",
    }
}

pub(super) fn attempt_status(status: AttemptStatus) -> (&'static str, &'static str) {
    match status {
        AttemptStatus::Running => ("Running", "busy"),
        AttemptStatus::Succeeded => ("Succeeded", "good"),
        AttemptStatus::Failed => ("Failed", "bad"),
        AttemptStatus::Cancelled => ("Cancelled", "plain"),
    }
}

/// How a stream stands in an attempt; empty when its source says nothing of it.
pub(super) fn stream_status(status: &str) -> &'static str {
    match status {
        "started" | "running" => "Running",
        "complete" => "Complete",
        "incomplete" => "Incomplete",
        _ => "",
    }
}

pub(super) fn namespace(namespace: Namespace, format: Option<&str>) -> String {
    match namespace {
        Namespace::Source => "As at the source".to_owned(),
        Namespace::Destination => "The destination’s default".to_owned(),
        Namespace::CustomFormat => format!("“{}”", format.unwrap_or_default()),
    }
}

pub(super) fn changes(changes: NonBreakingChanges) -> &'static str {
    match changes {
        NonBreakingChanges::Ignore => "Leave everything as it is",
        NonBreakingChanges::DisableConnection => "Switch the connection off",
        NonBreakingChanges::PropagateColumns => "Take new columns along",
        NonBreakingChanges::PropagateFully => "Take new columns and new streams along",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_forms_send_is_what_they_showed() {
        assert_eq!(
            key(SyncMode::IncrementalDedupedHistory),
            "incremental_deduped_history"
        );
        assert_eq!(
            meant::<SyncMode>("full_refresh_append"),
            Some(SyncMode::FullRefreshAppend)
        );
        assert_eq!(meant::<SyncMode>("no such"), None);
        assert_eq!(
            meant::<Namespace>("custom_format"),
            Some(Namespace::CustomFormat)
        );
    }
}
