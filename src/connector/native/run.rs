//! One run of a native connector: its configuration is held against its schema, its answer or its
//! messages are written, and whatever goes wrong becomes a message and an exit code, as the protocol
//! wants it of every connector.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value;

use super::input::Input;
use super::interface::{Fault, Stop, Surroundings, Wanted};
use super::output::Output;
use super::{Connector, Program};
use crate::connector::{Question, Said, Task};
use crate::protocol::catalog::ConfiguredCatalog;
use crate::protocol::message::{CheckStatus, ConnectionStatus, Message};
use crate::protocol::raw::Raw;
use crate::protocol::state::State;

/// Answers a question.
pub(super) fn answer(
    connector: &Connector,
    question: &Question,
    surroundings: &Surroundings,
) -> Result<Said, Fault> {
    match question {
        Question::Specification => Ok(Said::Specification(connector.specification())),
        Question::Check { configuration } => {
            let outcome = check(connector, configuration, surroundings);
            Ok(Said::Status(match outcome {
                Ok(()) => ConnectionStatus {
                    status: CheckStatus::Succeeded,
                    message: None,
                },
                Err(fault) => ConnectionStatus {
                    status: CheckStatus::Failed,
                    message: Some(fault.message),
                },
            }))
        }
        Question::Discover { configuration } => {
            validate(connector, configuration)?;
            match connector.program {
                Program::Source(source) => source
                    .discover(configuration, surroundings)
                    .map(Said::Catalog),
                Program::Destination(_) => Err(Fault::system("a destination discovers nothing")),
            }
        }
    }
}

fn check(
    connector: &Connector,
    configuration: &Value,
    surroundings: &Surroundings,
) -> Result<(), Fault> {
    validate(connector, configuration)?;
    match connector.program {
        Program::Source(source) => source.check(configuration, surroundings),
        Program::Destination(destination) => destination.check(configuration, surroundings),
    }
}

/// Does a task, and gives the exit code.
pub(super) fn perform(
    connector: &Connector,
    task: &Task,
    surroundings: &Surroundings,
    input: &mut dyn Input,
    output: &mut dyn Write,
) -> u8 {
    speak(output, surroundings, |out| {
        let wanted = wanted(connector, task)?;
        match (connector.program, task) {
            (Program::Source(source), Task::Read { .. }) => source.read(&wanted, surroundings, out),
            (Program::Destination(destination), Task::Write { .. }) => {
                destination.write(&wanted, surroundings, input, out)
            }
            (Program::Source(_), Task::Write { .. }) => {
                Err(Fault::system("a source does not write").into())
            }
            (Program::Destination(_), Task::Read { .. }) => {
                Err(Fault::system("a destination does not read").into())
            }
        }
    })
}

/// Answers a question as a connector does, and gives the exit code.
pub(super) fn say(
    connector: &Connector,
    question: &Question,
    surroundings: &Surroundings,
    output: &mut dyn Write,
) -> u8 {
    speak(output, surroundings, |out| {
        let message = match answer(connector, question, surroundings)? {
            Said::Specification(spec) => Message::Spec { spec },
            Said::Status(status) => Message::ConnectionStatus { status },
            Said::Catalog(catalog) => Message::Catalog { catalog },
        };
        out.message(&message)
    })
}

/// Gives a fault its voice before anything was run.
pub(super) fn complain(fault: Fault, surroundings: &Surroundings, output: &mut dyn Write) -> u8 {
    speak(output, surroundings, |_| Err(Stop::Fault(fault)))
}

/// Lets a connector speak, says the last word for it if it failed, and gives the exit code.
fn speak(
    output: &mut dyn Write,
    surroundings: &Surroundings,
    deed: impl FnOnce(&mut Output<'_>) -> Result<(), Stop>,
) -> u8 {
    let mut out = Output::new(output, surroundings.clock.clone());
    let outcome = catch_unwind(AssertUnwindSafe(|| deed(&mut out))).unwrap_or_else(|panic| {
        out.drop_unfinished_line();
        let fault = Fault::system("the connector broke: this is a fault of ours");
        Err(fault.because(panic_text(panic.as_ref())).into())
    });
    let last_word = match outcome {
        Ok(()) => out.flush().map(|()| 0),
        Err(Stop::Gone) => Err(Stop::Gone),
        Err(Stop::Fault(fault)) => out
            .log("FATAL", fault.message.clone())
            .and_then(|()| out.error(fault))
            .and_then(|()| out.flush())
            .map(|()| 1),
    };
    last_word.unwrap_or(1)
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no reason given")
}

fn wanted<'a>(connector: &Connector, task: &'a Task) -> Result<Wanted<'a>, Fault> {
    let (configuration, catalog, state) = match task {
        Task::Read {
            configuration,
            catalog,
            state,
        } => (configuration, catalog, state.as_ref()),
        Task::Write {
            configuration,
            catalog,
        } => (configuration, catalog, None),
    };
    validate(connector, configuration)?;
    let catalog: ConfiguredCatalog = serde_json::from_value(catalog.clone())
        .map_err(|error| Fault::system("the configured catalog cannot be read").because(error))?;
    Ok(Wanted {
        configuration,
        catalog,
        states: states(state)?,
    })
}

/// The states of a run, which come in a list.
fn states(given: Option<&Raw>) -> Result<Vec<State>, Fault> {
    let Some(list) = given else {
        return Ok(Vec::new());
    };
    let list: Option<Vec<State>> = serde_json::from_str(list.as_str())
        .map_err(|error| Fault::system("the state is not a list of states").because(error))?;
    Ok(list.unwrap_or_default())
}

/// Holds a configuration against the connector's schema. Faults name the place and never what stands
/// there, which may be a secret.
fn validate(connector: &Connector, configuration: &Value) -> Result<(), Fault> {
    let schema = connector.specification().connection_specification;
    let validator = jsonschema::validator_for(&schema)
        .map_err(|error| Fault::system("the connector's schema is broken").because(error))?;
    let said = |error: jsonschema::ValidationError<'_>| {
        let place = error
            .instance_path()
            .as_str()
            .trim_start_matches('/')
            .replace('/', ".");
        match place.as_str() {
            "" => error.masked_with("the configuration").to_string(),
            place => error.masked_with(place.to_owned()).to_string(),
        }
    };
    let faults: Vec<_> = validator.iter_errors(configuration).map(said).collect();
    if faults.is_empty() {
        return Ok(());
    }
    let message = format!("Config validation error: {}", faults.join("; "));
    Err(Fault::configuration(message))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::Clock;
    use crate::connector::native::cancel::Cancel;
    use crate::connector::native::interface::Source;
    use crate::domain::definition::Kind;
    use crate::protocol::catalog::Catalog;
    use crate::protocol::message::Specification;

    /// Begins a line and falls over.
    #[derive(Debug)]
    struct Fragile;

    impl Source for Fragile {
        fn specification(&self) -> Specification {
            let schema = json!({"connectionSpecification": {"properties": {
                "password": {"type": "string", "airbyte_secret": true, "pattern": "^a+$"},
            }}});
            serde_json::from_value(schema).expect("a specification")
        }

        fn check(&self, _: &Value, _: &Surroundings) -> Result<(), Fault> {
            Ok(())
        }

        fn discover(&self, _: &Value, _: &Surroundings) -> Result<Catalog, Fault> {
            Ok(Catalog::default())
        }

        fn read(&self, _: &Wanted<'_>, _: &Surroundings, out: &mut Output<'_>) -> Result<(), Stop> {
            out.log("INFO", "so far so good")?;
            out.line(|line| {
                line.extend_from_slice(br#"{"type":"RECORD","rec"#);
                panic!("out of {}", "luck");
            })
        }
    }

    static FRAGILE: Connector = Connector {
        kind: Kind::Source,
        short_name: "fragile",
        title: "Fragile",
        definition_id: uuid::Uuid::nil(),
        repository: "test/source-fragile",
        tag: "0",
        documentation_url: "",
        program: Program::Source(&Fragile),
    };

    fn surroundings() -> Surroundings {
        Surroundings {
            local_dir: "/nowhere".into(),
            clock: Clock::System,
            cancel: Cancel::new().expect("a pipe"),
        }
    }

    #[test]
    fn a_panic_becomes_an_error_after_the_last_whole_line() {
        let task = Task::Read {
            configuration: json!({}),
            catalog: json!({"streams": []}),
            state: None,
        };
        let mut said = Vec::new();
        let code = perform(
            &FRAGILE,
            &task,
            &surroundings(),
            &mut std::io::empty(),
            &mut said,
        );
        assert_eq!(code, 1);
        let said = String::from_utf8(said).expect("text");
        let lines: Vec<Value> = said
            .lines()
            .map(|line| serde_json::from_str(line).expect(line))
            .collect();
        assert_eq!(lines.len(), 3, "{said}");
        assert_eq!(lines[0]["log"]["message"], "so far so good");
        assert_eq!(lines[2]["trace"]["error"]["failure_type"], "system_error");
        assert_eq!(
            lines[2]["trace"]["error"]["internal_message"],
            "out of luck"
        );
    }

    #[test]
    fn what_is_wrong_with_a_configuration_is_said_without_what_stands_there() {
        let fault = validate(&FRAGILE, &json!({"password": "hunter2"})).expect_err("no match");
        assert!(fault.message.contains("password"), "{fault:?}");
        assert!(!format!("{fault:?}").contains("hunter2"), "{fault:?}");
    }
}
