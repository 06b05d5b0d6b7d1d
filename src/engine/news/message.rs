//! The messages themselves, in a shape that Slack and those who read the reference's webhooks understand:
//! a plain `text`, `blocks` for people, and `data` for programs where a job has ended.

use chrono::SecondsFormat;
use serde_json::{Value, json};

use super::words::{duration, plain, volume};
use crate::clock::Timestamp;
use crate::domain::disabling::{Limits, Streak};
use crate::domain::job::{FailureReason, Job, JobStatus};
use crate::store::subjects::Subject;

/// A chat that takes nothing but text.
const TEXT_ONLY: &str = "chat.googleapis.com";

/// The longest name and the longest sentence, in characters: Slack refuses long blocks.
const LONGEST_NAME: usize = 200;
const LONGEST_SENTENCE: usize = 1500;

/// How many changes are listed.
const MOST_CHANGES: usize = 20;

/// A message before it is written down.
#[derive(Debug)]
pub struct Message {
    text: String,
    /// What it is about, in mrkdwn.
    headline: String,
    /// Label and value, in mrkdwn.
    fields: Vec<(&'static str, String)>,
    /// More to say, in mrkdwn.
    rest: Option<String>,
    data: Option<Value>,
}

/// The body of a call to this address.
#[must_use]
pub fn body(message: &Message, url: &str) -> String {
    if host(url).eq_ignore_ascii_case(TEXT_ONLY) {
        return json!({ "text": message.text }).to_string();
    }
    let markdown = |text: &str| json!({ "type": "mrkdwn", "text": text });
    let section = |text: &str| json!({ "type": "section", "text": markdown(text) });
    let mut blocks = vec![section(&message.headline)];
    let fields = message.fields.iter();
    let fields: Vec<_> = fields
        .flat_map(|(label, value)| [markdown(&format!("*{label}:*")), markdown(value)])
        .collect();
    // A section has at most ten.
    blocks.extend(
        fields
            .chunks(10)
            .map(|fields| json!({ "type": "section", "fields": fields })),
    );
    blocks.extend(message.rest.as_deref().map(section));
    let mut body = json!({ "text": message.text, "blocks": blocks });
    if let Some(data) = &message.data {
        body["data"] = data.clone();
    }
    body.to_string()
}

fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let place = authority.rsplit('@').next().unwrap_or_default();
    place.split(':').next().unwrap_or_default()
}

impl Message {
    /// What is sent to try an address.
    #[must_use]
    pub fn test(workspace: &str) -> Self {
        let text = format!("This is a test message from the workspace {workspace}.");
        Self {
            headline: plain(&text, LONGEST_SENTENCE),
            text,
            fields: Vec::new(),
            rest: None,
            data: None,
        }
    }
}

/// What a job read, of all its attempts.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) rows_emitted: i64,
    pub(super) bytes_emitted: i64,
}

/// What a message is about, with the pages to look at.
#[derive(Debug)]
pub(super) struct Links<'a> {
    subject: &'a Subject,
    workspace: String,
    connection: String,
    source: String,
    destination: String,
}

impl<'a> Links<'a> {
    pub(super) fn new(address: &str, subject: &'a Subject) -> Self {
        let workspace = format!("{address}/workspaces/{}", subject.workspace_id);
        Self {
            connection: format!("{workspace}/connections/{}", subject.connection_id),
            source: format!("{workspace}/sources/{}", subject.source_id),
            destination: format!("{workspace}/destinations/{}", subject.destination_id),
            workspace,
            subject,
        }
    }

    pub(super) fn ended(
        &self,
        job: &Job,
        reason: Option<&FailureReason>,
        totals: &Totals,
        now: Timestamp,
    ) -> Message {
        let success = job.status == JobStatus::Succeeded;
        let how = if success { "succeeded" } else { "failed" };
        let took = (now - job.created_at).num_seconds();
        let mut fields = vec![
            ("Duration", duration(took)),
            (
                "Committed",
                format!(
                    "{} records, {}",
                    job.rows_committed,
                    volume(job.bytes_committed)
                ),
            ),
        ];
        if let Some(reason) = reason {
            fields.push(("Origin", reason.origin.as_str().to_owned()));
        }
        Message {
            data: Some(self.data(job, reason, totals, now)),
            rest: reason.map(|reason| plain(&reason.message, LONGEST_SENTENCE)),
            ..self.about(&format!("Sync {how}"), &format!("job {}", job.id), fields)
        }
    }

    fn data(
        &self,
        job: &Job,
        reason: Option<&FailureReason>,
        totals: &Totals,
        now: Timestamp,
    ) -> Value {
        let Subject {
            workspace,
            connection,
            source,
            destination,
            ..
        } = self.subject;
        let subject = self.subject;
        let time = |at: Timestamp| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let took = (now - job.created_at).num_seconds();
        json!({
            "workspace": { "id": subject.workspace_id, "name": workspace, "url": self.workspace },
            "connection": { "id": subject.connection_id, "name": connection, "url": self.connection },
            "source": { "id": subject.source_id, "name": source, "url": self.source },
            "destination": { "id": subject.destination_id, "name": destination, "url": self.destination },
            "jobId": job.id,
            "success": job.status == JobStatus::Succeeded,
            "startedAt": time(job.created_at),
            "finishedAt": time(now),
            "bytesEmitted": totals.bytes_emitted,
            "bytesCommitted": job.bytes_committed,
            "recordsEmitted": totals.rows_emitted,
            "recordsCommitted": job.rows_committed,
            // Nobody counts what mappers leave out.
            "recordsFilteredOut": null,
            "bytesFilteredOut": null,
            "errorMessage": reason.map(|reason| &reason.message),
            "errorType": reason.map(|reason| reason.kind),
            "errorOrigin": reason.map(|reason| reason.origin),
            "durationInSeconds": took,
            "durationFormatted": duration(took),
            "bytesEmittedFormatted": volume(totals.bytes_emitted),
            "bytesCommittedFormatted": volume(job.bytes_committed),
        })
    }

    pub(super) fn disabled(&self, streak: &Streak, now: Timestamp) -> Message {
        Message {
            rest: Some("Set its status to active to run it again.".to_owned()),
            ..self.about("Connection disabled", &lasting(streak, now), Vec::new())
        }
    }

    pub(super) fn disabled_soon(
        &self,
        streak: &Streak,
        limits: &Limits,
        now: Timestamp,
    ) -> Message {
        let at = limits.disable;
        let rest = format!(
            "It is switched off when {} jobs in a row have failed and none has succeeded for {}.",
            at.failures,
            duration(at.after.num_seconds())
        );
        Message {
            rest: Some(rest).filter(|_| at.failures > 0),
            ..self.about(
                "Connection keeps failing",
                &lasting(streak, now),
                Vec::new(),
            )
        }
    }

    pub(super) fn propagated(&self, changes: &[String]) -> Message {
        Message {
            rest: Some(listed(changes)),
            ..self.about("Schema changes applied", &counted(changes), Vec::new())
        }
    }

    pub(super) fn action_required(&self, changes: &[String], off: Option<&str>) -> Message {
        let mut rest = listed(changes);
        let what = match off {
            Some(reason) => {
                rest = format!("{}\n{rest}", plain(reason, LONGEST_SENTENCE / 2));
                "Connection disabled: its source has changed"
            }
            None => "The source has changed",
        };
        Message {
            rest: Some(rest),
            ..self.about(what, &counted(changes), Vec::new())
        }
    }

    /// What is said of the connection, and where it is.
    fn about(&self, what: &str, detail: &str, more: Vec<(&'static str, String)>) -> Message {
        let link = |url: &str, name: &str| format!("<{url}|{}>", plain(name, LONGEST_NAME));
        let subject = self.subject;
        let mut fields = vec![
            ("Source", link(&self.source, &subject.source)),
            ("Destination", link(&self.destination, &subject.destination)),
            ("Workspace", link(&self.workspace, &subject.workspace)),
        ];
        fields.extend(more);
        Message {
            text: format!("{what}: {} ({detail})", subject.connection),
            headline: format!(
                "{what}: {} ({detail})",
                link(&self.connection, &subject.connection)
            ),
            fields,
            rest: None,
            data: None,
        }
    }
}

fn lasting(streak: &Streak, now: Timestamp) -> String {
    format!(
        "{} failed jobs in a row, none succeeded for {}",
        streak.failures,
        duration((now - streak.since).num_seconds())
    )
}

fn counted(changes: &[String]) -> String {
    match changes.len() {
        1 => "1 change".to_owned(),
        count => format!("{count} changes"),
    }
}

fn listed(changes: &[String]) -> String {
    let shown = changes.iter().take(MOST_CHANGES);
    let mut lines: Vec<_> = shown
        .map(|change| format!("• {}", plain(change, 100)))
        .collect();
    if changes.len() > MOST_CHANGES {
        lines.push(format!("• and {} more", changes.len() - MOST_CHANGES));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chat_that_takes_text_only_gets_nothing_else() {
        let message = Message::test("pets <&>");
        for (url, keys) in [
            ("https://chat.googleapis.com/v1/spaces/x?key=hush", 1),
            ("https://user:hush@CHAT.googleapis.com:443/", 1),
            ("https://example.org/chat.googleapis.com", 2),
        ] {
            let body: Value = serde_json::from_str(&body(&message, url)).expect("JSON");
            assert_eq!(body.as_object().expect("an object").len(), keys, "{url}");
            assert_eq!(
                body["text"],
                "This is a test message from the workspace pets <&>."
            );
        }
        let body: Value = serde_json::from_str(&body(&message, "https://x.org")).expect("JSON");
        let shown = &body["blocks"][0]["text"]["text"];
        assert_eq!(
            shown,
            "This is a test message from the workspace pets &lt;&amp;&gt;."
        );
    }

    #[test]
    fn a_long_list_of_changes_is_cut() {
        let changes: Vec<_> = (0..25).map(|number| number.to_string()).collect();
        assert!(listed(&changes).ends_with("• and 5 more"));
        assert_eq!(listed(&changes).lines().count(), 21);
    }
}
