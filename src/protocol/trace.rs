//! Traces: what a connector reports beside its data. Errors, estimates, how each stream is doing, and
//! numbers for whoever counts.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Number, Value};

use super::catalog::StreamDescriptor;
use super::raw::or_default;

/// A trace with its time, in milliseconds, which some connectors give with a fraction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Trace {
    pub emitted_at: Option<Number>,
    pub event: Event,
    pub rest: Map<String, Value>,
}

/// What is reported.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Error(ErrorTrace),
    Estimate(Estimate),
    StreamStatus(StreamStatus),
    Analytics(Analytics),
}

/// Why something failed: `message` is for people, the others are for the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorTrace {
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub internal_message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack_trace: Option<String>,
    #[serde(
        default,
        deserialize_with = "known",
        skip_serializing_if = "Option::is_none"
    )]
    pub failure_type: Option<FailureType>,
    /// Absent when the whole run is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_descriptor: Option<StreamDescriptor>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Whose turn it is after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureType {
    /// The user's: trying again without a change is of no use.
    ConfigError,
    /// Nobody's: it may be better next time.
    TransientError,
    /// The connector's.
    SystemError,
}

/// A type that we do not know is as good as none: the error itself must not be lost over it.
fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<FailureType>, D::Error> {
    let given = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(given).ok())
}

/// A guess at what will come, for showing progress only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    #[serde(rename = "type")]
    pub scope: EstimateScope,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_estimate: Option<Number>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub byte_estimate: Option<Number>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EstimateScope {
    Stream,
    Sync,
}

/// How a stream is doing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamStatus {
    pub stream_descriptor: StreamDescriptor,
    pub status: Status,
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub reasons: Vec<Reason>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// `Running` may come more than once, and not before the first record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    Started,
    Running,
    Complete,
    Incomplete,
}

/// Why a stream is as it is; `RATE_LIMITED` is the one kind in use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limited: Option<RateLimited>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RateLimited {
    /// When the quota is renewed, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota_reset: Option<Number>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Analytics {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Kind {
    Error,
    Estimate,
    StreamStatus,
    Analytics,
}

/// A trace as it is spelled: a type beside four fields of which one is meant.
#[derive(Serialize, Deserialize)]
struct Wire {
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    emitted_at: Option<Number>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<ErrorTrace>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    estimate: Option<Estimate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stream_status: Option<StreamStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    analytics: Option<Analytics>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl TryFrom<Wire> for Trace {
    type Error = &'static str;

    fn try_from(wire: Wire) -> Result<Self, Self::Error> {
        let event = match wire.kind {
            Kind::Error => wire.error.map(Event::Error),
            Kind::Estimate => wire.estimate.map(Event::Estimate),
            Kind::StreamStatus => wire.stream_status.map(Event::StreamStatus),
            Kind::Analytics => wire.analytics.map(Event::Analytics),
        };
        Ok(Self {
            emitted_at: wire.emitted_at,
            event: event.ok_or("a trace without the part that its type names")?,
            rest: wire.rest,
        })
    }
}

impl From<Trace> for Wire {
    fn from(trace: Trace) -> Self {
        let mut wire = Self {
            kind: Kind::Error,
            emitted_at: trace.emitted_at,
            error: None,
            estimate: None,
            stream_status: None,
            analytics: None,
            rest: trace.rest,
        };
        match trace.event {
            Event::Error(error) => wire.error = Some(error),
            Event::Estimate(estimate) => {
                wire.kind = Kind::Estimate;
                wire.estimate = Some(estimate);
            }
            Event::StreamStatus(status) => {
                wire.kind = Kind::StreamStatus;
                wire.stream_status = Some(status);
            }
            Event::Analytics(analytics) => {
                wire.kind = Kind::Analytics;
                wire.analytics = Some(analytics);
            }
        }
        wire
    }
}
