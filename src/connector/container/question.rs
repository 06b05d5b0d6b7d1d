//! Short questions: what is asked, and hearing the connector out.

use tokio::net::unix::pipe::Receiver;
use tokio::time::{Instant, timeout_at};

use super::create::Plan;
use crate::connector::hearing::Hearing;
use crate::connector::process::lines::{Line, Lines};
use crate::connector::{Answer, Failure, Question, Running, Target};

/// What asks it.
pub(super) fn plan(target: &Target, question: &Question) -> Plan {
    let mut plan = Plan::of(target);
    plan.arguments.push(question.command().to_owned());
    if let Some(configuration) = question.configuration() {
        plan.configure(configuration);
    }
    plan
}

/// Reads to the end what the connector says, or until time is up; then it is killed.
pub(super) async fn converse(
    running: Running,
    question: &Question,
    deadline: Instant,
    line_limit: usize,
) -> Result<Answer, Failure> {
    let Running {
        output,
        mut errors,
        mut handle,
        ..
    } = running;
    let output = Receiver::from_owned_fd(output.into())
        .map_err(|error| Failure::broken("the connector's pipe cannot be read", error))?;
    let mut output = Lines::new(output, line_limit);
    let mut hearing = Hearing::new(question);
    let (mut printing, mut logging) = (true, true);
    while printing || logging {
        let step = async {
            tokio::select! {
                line = output.next(), if printing => match line {
                    Ok(Some(Line::Whole(line) | Line::Unfinished(line))) => hearing.line(&line),
                    Ok(Some(Line::TooLong(length))) => hearing.too_long(length, line_limit),
                    Ok(None) | Err(_) => printing = false,
                },
                line = errors.recv(), if logging => match line {
                    Some(line) => hearing.log(line.as_bytes()),
                    None => logging = false,
                },
            }
        };
        if timeout_at(deadline, step).await.is_err() {
            return hearing.cut_off();
        }
    }
    match timeout_at(deadline, handle.wait()).await {
        Ok(exit) => hearing.finish(&exit),
        Err(_) => hearing.cut_off(),
    }
}
