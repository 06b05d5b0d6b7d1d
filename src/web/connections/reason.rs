//! Why something failed, in words: where, what kind of failure, what was said, and what to do next.

use crate::domain::job::{FailureReason, FailureType, Origin};

/// A reason as pages show it.
#[derive(Debug)]
pub(super) struct Reason {
    pub(super) origin: &'static str,
    pub(super) kind: &'static str,
    pub(super) message: String,
    /// The story for those who look deeper.
    pub(super) story: Option<String>,
    pub(super) stream: Option<String>,
    pub(super) advice: &'static str,
    /// Whose settings to look at.
    pub(super) side: Option<Side>,
}

/// One end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Source,
    Destination,
}

impl Reason {
    /// The stored reason, if it is one.
    pub(super) fn of_stored(text: &str) -> Option<Self> {
        serde_json::from_str::<FailureReason>(text)
            .ok()
            .map(Self::from)
    }

    /// The stored list of reasons; the first one counts.
    pub(super) fn all_of_stored(text: &str) -> Vec<Self> {
        let all: Vec<FailureReason> = serde_json::from_str(text).unwrap_or_default();
        all.into_iter().map(Self::from).collect()
    }
}

impl From<FailureReason> for Reason {
    fn from(reason: FailureReason) -> Self {
        let side = match reason.origin {
            Origin::Source => Some(Side::Source),
            Origin::Destination => Some(Side::Destination),
            Origin::Replication | Origin::Persistence | Origin::Platform => None,
        };
        Self {
            origin: origin(reason.origin),
            kind: kind(reason.kind),
            advice: advice(reason.origin, reason.kind),
            message: reason.message,
            story: reason.internal_message.filter(|story| !story.is_empty()),
            stream: reason.stream,
            side,
        }
    }
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Source => "The source",
        Origin::Destination => "The destination",
        Origin::Replication => "Moving the records",
        Origin::Persistence => "Keeping the state",
        Origin::Platform => "This server",
    }
}

fn kind(kind: FailureType) -> &'static str {
    match kind {
        FailureType::ConfigError => "Something is configured wrongly",
        FailureType::SystemError => "It broke down",
        FailureType::TransientError => "A trouble that may pass",
        FailureType::ManualCancellation => "Somebody cancelled it",
        FailureType::RefreshSchema => "The source’s streams have changed",
        FailureType::HeartbeatTimeout => "It was silent for too long",
        FailureType::DestinationTimeout => "It took too long",
    }
}

/// What a person does next.
fn advice(origin: Origin, kind: FailureType) -> &'static str {
    match (kind, origin) {
        (FailureType::ConfigError, Origin::Source) => {
            "Correct the settings of the source, test it, and start again. It is not tried again by itself."
        }
        (FailureType::ConfigError, Origin::Destination) => {
            "Correct the settings of the destination, test it, and start again. It is not tried again by itself."
        }
        (FailureType::ConfigError, _) => {
            "Look at the connection’s streams and settings, and start again. It is not tried again by itself."
        }
        (FailureType::SystemError, Origin::Source | Origin::Destination) => {
            "The log tells what it did before. Test its settings; if they are well, start again: it goes on where it had come to."
        }
        (FailureType::SystemError, _) => {
            "The log tells what happened before. Start again: it goes on where it had come to."
        }
        (FailureType::TransientError, _) => {
            "Start again in a while: it goes on where it had come to."
        }
        (FailureType::ManualCancellation, _) => {
            "Start again whenever you like: it goes on where it had come to."
        }
        (FailureType::RefreshSchema, _) => {
            "Edit the connection and look over its streams, then start again."
        }
        (FailureType::HeartbeatTimeout, _) => {
            "See whether the service behind the source answers, then start again."
        }
        (FailureType::DestinationTimeout, _) => {
            "See whether the service behind the destination is busy or out of room, then start again."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_says_what_to_do() {
        for origin in [
            "source",
            "destination",
            "replication",
            "persistence",
            "platform",
        ] {
            for kind in [
                "config_error",
                "system_error",
                "transient_error",
                "manual_cancellation",
                "refresh_schema",
                "heartbeat_timeout",
                "destination_timeout",
            ] {
                let text =
                    format!(r#"{{"origin": "{origin}", "type": "{kind}", "message": "no"}}"#);
                let reason = Reason::of_stored(&text).expect("a reason");
                assert!(reason.advice.ends_with('.') && !reason.kind.is_empty());
                let linked = matches!(origin, "source" | "destination");
                assert_eq!(reason.side.is_some(), linked);
            }
        }
        assert!(Reason::of_stored("null").is_none());
        assert!(Reason::all_of_stored("[]").is_empty());
    }
}
