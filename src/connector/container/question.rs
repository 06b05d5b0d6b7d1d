//! Short questions: what is asked, and what the lines of the answer come to.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;

use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::unix::pipe;

use super::create::Plan;
use crate::connector::{Answer, Cause, Exit, Failure, Question, Running, Said, Target};
use crate::protocol::message::{CheckStatus, Message};
use crate::protocol::trace::{ErrorTrace, Event, FailureType};

/// The longest line that an answer may have: catalogs come in one.
const LINE: u64 = 64 * 1024 * 1024;
/// How much of the log is kept.
const LOG: usize = 50;

/// What asks it.
pub(super) fn plan(target: &Target, question: &Question) -> Plan {
    let mut plan = Plan::of(target);
    let (verb, configuration) = match question {
        Question::Specification => ("spec", None),
        Question::Check { configuration } => ("check", Some(configuration)),
        Question::Discover { configuration } => ("discover", Some(configuration)),
    };
    plan.arguments.push(verb.to_owned());
    if let Some(configuration) = configuration {
        plan.give("config", configuration);
    }
    plan
}

/// Reads to the end what the connector says.
pub(super) async fn converse(running: Running, question: &Question) -> Result<Answer, Failure> {
    let Running {
        output,
        mut errors,
        mut handle,
        ..
    } = running;
    let unreadable = |error: std::io::Error| {
        Failure::transient(format!("the connector cannot be read: {error}"))
    };
    let output = pipe::Receiver::from_owned_fd(OwnedFd::from(output)).map_err(unreadable)?;
    let mut output = BufReader::with_capacity(64 * 1024, output);
    let mut heard = Heard::default();
    let (mut more, mut more_log) = (true, true);
    while more || more_log {
        tokio::select! {
            line = line(&mut output), if more => match line.map_err(unreadable)? {
                Some(line) => heard.line(&line, question),
                None => more = false,
            },
            line = errors.recv(), if more_log => match line {
                Some(line) => heard.log(line),
                None => more_log = false,
            },
        }
    }
    heard.sum(&handle.wait().await)
}

/// The next line, without its end; nothing at the end of all.
async fn line(output: &mut (impl AsyncBufRead + Unpin)) -> std::io::Result<Option<String>> {
    let mut line = Vec::new();
    output.take(LINE).read_until(b'\n', &mut line).await?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.len() as u64 == LINE {
        return Err(std::io::Error::other("a line is too long"));
    }
    Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()))
}

#[derive(Default)]
struct Heard {
    said: Option<Said>,
    new_configuration: Option<Value>,
    /// The first error counts.
    error: Option<ErrorTrace>,
    log: VecDeque<String>,
}

impl Heard {
    fn line(&mut self, line: &str, question: &Question) {
        match serde_json::from_str::<Message>(line) {
            Ok(Message::Spec { spec }) if matches!(question, Question::Specification) => {
                self.said = Some(Said::Specification(spec));
            }
            Ok(Message::ConnectionStatus { status })
                if matches!(question, Question::Check { .. }) =>
            {
                self.said = Some(Said::Status(status));
            }
            Ok(Message::Catalog { catalog }) if matches!(question, Question::Discover { .. }) => {
                self.said = Some(Said::Catalog(catalog));
            }
            Ok(Message::Control { control }) => {
                let given = control.connector_config.map(|given| given.config);
                self.new_configuration = given.or(self.new_configuration.take());
            }
            Ok(Message::Trace { trace }) => {
                if let Event::Error(error) = trace.event {
                    self.error.get_or_insert(error);
                }
            }
            Ok(Message::Log { log }) => self.log(format!("{} {}", log.level, log.message)),
            Ok(_) => {}
            // Whatever is no message is log.
            Err(_) => self.log(line.to_owned()),
        }
    }

    fn log(&mut self, line: String) {
        if self.log.len() == LOG {
            self.log.pop_front();
        }
        self.log.push_back(line);
    }

    fn sum(self, exit: &Exit) -> Result<Answer, Failure> {
        let log = Vec::from(self.log);
        let refused = |said: &Said| matches!(said, Said::Status(status) if status.status == CheckStatus::Failed);
        match self.said {
            Some(said) if exit.code == Some(0) || refused(&said) => Ok(Answer {
                said,
                new_configuration: self.new_configuration,
                log,
            }),
            _ => Err(Failure {
                log,
                ..reason(self.error, exit)
            }),
        }
    }
}

/// Why there is no answer: what the connector says of it, else how it ended.
fn reason(error: Option<ErrorTrace>, exit: &Exit) -> Failure {
    if exit.out_of_memory {
        return Failure::new(
            Cause::Connector,
            "the connector needs more memory than it may use",
        );
    }
    if let Some(error) = error {
        let cause = match error.failure_type {
            Some(FailureType::ConfigError) => Cause::Configuration,
            Some(FailureType::TransientError) => Cause::Transient,
            Some(FailureType::SystemError) | None => Cause::Connector,
        };
        return Failure {
            story: error.internal_message.unwrap_or_default(),
            ..Failure::new(cause, error.message)
        };
    }
    let end = match (exit.code, exit.signal) {
        (Some(code), _) => format!("the connector ended with code {code} and without an answer"),
        (_, Some(signal)) => format!("the connector was ended by signal {signal}"),
        _ => "nobody knows how the connector ended".to_owned(),
    };
    Failure::new(Cause::Connector, end)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const DONE: Exit = Exit {
        code: Some(0),
        signal: None,
        out_of_memory: false,
        cpu: None,
        memory: None,
    };

    fn heard(lines: &[&str], question: &Question, code: i32) -> Result<Answer, Failure> {
        let mut heard = Heard::default();
        for line in lines {
            heard.line(line, question);
        }
        heard.sum(&Exit {
            code: Some(code),
            ..DONE
        })
    }

    fn check() -> Question {
        Question::Check {
            configuration: json!({}),
        }
    }

    #[test]
    fn a_failed_check_is_an_answer_and_an_unfinished_one_is_not() {
        let failed =
            r#"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED","message":"no"}}"#;
        let answer = heard(&["starting", failed], &check(), 0).expect("an answer");
        assert!(
            matches!(answer.said, Said::Status(status) if status.message.as_deref() == Some("no"))
        );
        assert_eq!(answer.log, ["starting"]);
        let good = r#"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}"#;
        assert!(heard(&[good], &check(), 0).is_ok());
        assert_eq!(
            heard(&[good], &check(), 1).expect_err("broken").cause,
            Cause::Connector
        );
        assert!(heard(&[], &check(), 0).is_err());
        assert!(heard(&[good], &Question::Specification, 0).is_err());
    }

    #[test]
    fn the_first_error_explains_and_says_what_kind_it_is() {
        let error = |kind: &str, message: &str| {
            json!({ "type": "TRACE", "trace": { "type": "ERROR", "emitted_at": 1.5, "error": {
                "message": message, "internal_message": "inside", "failure_type": kind } } })
            .to_string()
        };
        for (kind, cause) in [
            ("config_error", Cause::Configuration),
            ("transient_error", Cause::Transient),
            ("system_error", Cause::Connector),
        ] {
            let lines = [error(kind, "first"), error("system_error", "second")];
            let lines: Vec<_> = lines.iter().map(String::as_str).collect();
            let failure = heard(&lines, &check(), 1).expect_err("a failure");
            assert_eq!((failure.cause, failure.message.as_str()), (cause, "first"));
            assert_eq!(failure.story, "inside");
        }
    }

    #[test]
    fn a_new_configuration_is_handed_on() {
        let control = r#"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1,"connectorConfig":{"config":{"token":"new"}}}}"#;
        let good = r#"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}"#;
        let answer = heard(&[control, good], &check(), 0).expect("an answer");
        assert_eq!(answer.new_configuration, Some(json!({ "token": "new" })));
    }
}
