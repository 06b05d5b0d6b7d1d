//! Makes an answer, or a failure with its reason, of what a connector printed and how it ended. Every
//! runtime that speaks the protocol on standard output uses it; it knows nothing of processes.

use serde_json::Value;

use super::process::lines::Tail;
use super::{Answer, Cause, Exit, Failure, Question, Said};
use crate::protocol::message::{CheckStatus, Message};
use crate::protocol::trace::{ErrorTrace, Event, FailureType};

/// Keys of a configuration that begin like this are put in by the server; so is the command of the
/// low-code runner. Whoever sends one in a configuration does not get it through.
const INJECTED: &str = "__injected_";
const COMMAND: &str = "__command";

/// Collects what a connector says to one question.
#[derive(Debug)]
pub struct Hearing {
    question: &'static str,
    fits: fn(&Said) -> bool,
    said: Option<Said>,
    trouble: Option<Trouble>,
    new_configuration: Option<Value>,
    /// The length of a line that was too long to be kept, and what is allowed.
    too_long: Option<(usize, usize)>,
    log: Tail,
}

/// The first error that a connector reported; one that is not about a single stream comes first.
#[derive(Debug)]
struct Trouble {
    cause: Cause,
    message: String,
    story: String,
    of_a_stream: bool,
}

impl Hearing {
    #[must_use]
    pub fn new(question: &Question) -> Self {
        Self {
            question: question.command(),
            fits: match question {
                Question::Specification => |said| matches!(said, Said::Specification(_)),
                Question::Check { .. } => |said| matches!(said, Said::Status(_)),
                Question::Discover { .. } => |said| matches!(said, Said::Catalog(_)),
            },
            said: None,
            trouble: None,
            new_configuration: None,
            too_long: None,
            log: Tail::default(),
        }
    }

    /// A line of standard output. What is no message belongs to the log.
    pub fn line(&mut self, line: &[u8]) {
        match serde_json::from_slice(line) {
            Ok(Message::Spec { spec }) => self.says(Said::Specification(spec)),
            Ok(Message::ConnectionStatus { status }) => self.says(Said::Status(status)),
            Ok(Message::Catalog { catalog }) => self.says(Said::Catalog(catalog)),
            Ok(Message::Log { log }) => self.log.push(&format!("{} {}", log.level, log.message)),
            Ok(Message::Trace { trace }) => {
                if let Event::Error(error) = trace.event {
                    self.error(error);
                }
            }
            Ok(Message::Control { control }) => {
                let new = control.connector_config.map(|new| new.config);
                self.new_configuration = new.map(without_injected);
            }
            Ok(
                Message::Record { .. } | Message::State { .. } | Message::DestinationCatalog { .. },
            ) => {}
            Err(_) => self.log(line),
        }
    }

    /// A line of standard error.
    pub fn log(&mut self, line: &[u8]) {
        self.log.push(&String::from_utf8_lossy(line));
    }

    /// A line was not kept because of its length.
    pub fn too_long(&mut self, length: usize, limit: usize) {
        self.too_long.get_or_insert((length, limit));
    }

    #[must_use]
    pub fn has_answer(&self) -> bool {
        self.said.is_some()
    }

    /// The connector has ended.
    ///
    /// # Errors
    /// [`Failure`] when it gave no answer, or ended as if it had failed.
    pub fn finish(mut self, exit: &Exit) -> Result<Answer, Failure> {
        // A failed check is an answer, however the connector ends.
        let failed_check = matches!(&self.said, Some(Said::Status(status)) if status.status == CheckStatus::Failed);
        if let Some(said) = self.said.take_if(|_| exit.code == Some(0) || failed_check) {
            return Ok(self.answer(said));
        }
        let (cause, message, story) = self.reason(exit);
        Err(Failure {
            cause,
            message,
            story,
            log: self.log.into_lines(),
        })
    }

    /// Time is up, with the connector still at work: what it has said counts.
    ///
    /// # Errors
    /// [`Failure`] when it has said nothing.
    pub fn cut_off(mut self) -> Result<Answer, Failure> {
        if let Some(said) = self.said.take() {
            return Ok(self.answer(said));
        }
        Err(Failure {
            cause: Cause::Deadline,
            message: format!(
                "the connector did not answer {} within the time allowed",
                self.question
            ),
            story: self.log.last(5),
            log: self.log.into_lines(),
        })
    }

    fn answer(self, said: Said) -> Answer {
        Answer {
            said,
            new_configuration: self.new_configuration,
            log: self.log.into_lines(),
        }
    }

    fn reason(&mut self, exit: &Exit) -> (Cause, String, String) {
        let ended = ending(exit);
        if exit.out_of_memory || exit.code != Some(0) && self.log.contains("MemoryError") {
            let message = "the connector ran out of memory".to_owned();
            return (Cause::Connector, message, ended);
        }
        if let Some(trouble) = self.trouble.take() {
            return (trouble.cause, trouble.message, trouble.story);
        }
        if let Some((length, limit)) = self.too_long {
            let message =
                format!("the connector printed a line of {length} bytes; {limit} are allowed");
            return (Cause::Connector, message, ended);
        }
        if exit.code == Some(0) {
            let message = format!("the connector ended without answering {}", self.question);
            return (Cause::Connector, message, self.log.last(5));
        }
        let last = self.log.last(5);
        let message = match last.lines().last() {
            Some(line) => format!("the connector {ended}: {line}"),
            None => format!("the connector {ended} and printed nothing"),
        };
        (Cause::Connector, message, last)
    }

    fn says(&mut self, said: Said) {
        if (self.fits)(&said) {
            self.said = Some(said);
        }
    }

    fn error(&mut self, error: ErrorTrace) {
        let story = [error.internal_message, error.stack_trace];
        let story: Vec<_> = story.into_iter().flatten().collect();
        let trouble = Trouble {
            cause: match error.failure_type {
                Some(FailureType::ConfigError) => Cause::Configuration,
                Some(FailureType::TransientError) => Cause::Transient,
                Some(FailureType::SystemError) | None => Cause::Connector,
            },
            message: match error.message.trim() {
                "" => "the connector reported an error".to_owned(),
                message => message.to_owned(),
            },
            story: story.join("\n").trim().to_owned(),
            of_a_stream: error.stream_descriptor.is_some(),
        };
        let better = match &self.trouble {
            None => true,
            Some(first) => first.of_a_stream && !trouble.of_a_stream,
        };
        if better {
            self.trouble = Some(trouble);
        }
    }
}

/// How it ended, in words.
fn ending(exit: &Exit) -> String {
    match (exit.code, exit.signal) {
        (Some(code), _) => format!("ended with code {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}

/// A configuration without what only the server may put in.
#[must_use]
pub fn without_injected(mut configuration: Value) -> Value {
    if let Some(fields) = configuration.as_object_mut() {
        fields.retain(|name, _| !name.starts_with(INJECTED) && name != COMMAND);
    }
    configuration
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn exit(code: i32) -> Exit {
        Exit {
            code: Some(code),
            ..Exit::default()
        }
    }

    fn hear(question: &Question, lines: &[&str], exit: &Exit) -> Result<Answer, Failure> {
        let mut hearing = Hearing::new(question);
        for line in lines {
            hearing.line(line.as_bytes());
        }
        hearing.finish(exit)
    }

    fn check() -> Question {
        Question::Check {
            configuration: json!({}),
        }
    }

    const FAILED: &str = r#"{"type": "CONNECTION_STATUS", "connectionStatus": {"status": "FAILED", "message": "no"}}"#;

    #[test]
    fn a_failed_check_is_an_answer_whatever_the_exit() {
        for code in [0, 1] {
            let answer = hear(&check(), &[FAILED], &exit(code)).expect("an answer");
            let Said::Status(status) = answer.said else {
                panic!("a status");
            };
            assert_eq!(status.message.as_deref(), Some("no"));
        }
    }

    #[test]
    fn the_first_error_that_is_not_about_a_stream_explains_a_failure() {
        let error = |message: &str, kind: &str, stream: Value| {
            json!({"type": "TRACE", "trace": {"type": "ERROR", "emitted_at": 1.5, "error": {
                "message": message, "failure_type": kind, "stream_descriptor": stream,
                "stack_trace": "Traceback"}}})
            .to_string()
        };
        let lines = [
            error("one stream", "transient_error", json!({"name": "s"})),
            error("wrong key", "config_error", Value::Null),
            error("later", "system_error", Value::Null),
        ];
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        let failure = hear(&check(), &lines, &exit(1)).expect_err("a failure");
        assert_eq!(
            (
                failure.cause,
                failure.message.as_str(),
                failure.story.as_str()
            ),
            (Cause::Configuration, "wrong key", "Traceback")
        );
        let failure = hear(&check(), &lines[..1], &exit(1)).expect_err("a failure");
        assert_eq!(failure.cause, Cause::Transient);
    }

    #[test]
    fn without_an_error_message_the_last_line_and_the_ending_explain() {
        let killed = Exit {
            signal: Some(9),
            ..Exit::default()
        };
        let starved = Exit {
            out_of_memory: true,
            ..killed.clone()
        };
        let cases: &[(&[&str], Exit, &str)] = &[
            (
                &["", "boom"],
                exit(3),
                "the connector ended with code 3: boom",
            ),
            (
                &[],
                exit(1),
                "the connector ended with code 1 and printed nothing",
            ),
            (
                &[],
                killed,
                "the connector was ended by signal 9 and printed nothing",
            ),
            (&["x"], starved, "the connector ran out of memory"),
            (&["MemoryError"], exit(1), "the connector ran out of memory"),
            (
                &["{\"type\": \"nonsense\"}"],
                exit(0),
                "the connector ended without answering check",
            ),
        ];
        for (lines, exit, message) in cases {
            let failure = hear(&check(), lines, exit).expect_err("a failure");
            assert_eq!(&failure.message, message);
        }
    }

    #[test]
    fn a_new_configuration_comes_without_what_was_put_in() {
        let control = json!({"type": "CONTROL", "control": {"type": "CONNECTOR_CONFIG", "emitted_at": 1,
            "connectorConfig": {"config": {"key": "new", "__injected_declarative_manifest": {}}}}});
        let answer = hear(&check(), &[&control.to_string(), FAILED], &exit(0)).expect("an answer");
        assert_eq!(answer.new_configuration, Some(json!({"key": "new"})));
    }

    #[test]
    fn an_answer_to_another_question_is_none() {
        let failure = hear(&Question::Specification, &[FAILED], &exit(0)).expect_err("a failure");
        assert_eq!(failure.cause, Cause::Connector);
    }
}
