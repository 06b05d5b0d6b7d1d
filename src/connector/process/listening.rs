//! Listens to a connector that was asked a question: reads what it prints until it ends or time is up.

use std::io::PipeReader;
use std::time::Duration;

use tokio::net::unix::pipe::Receiver;
use tokio::time::{Instant, timeout_at};

use super::lines::{Line, Lines};
use crate::connector::hearing::Hearing;
use crate::connector::{Answer, Exit, Failure};

/// How long a connector may take to end once it has answered.
const AFTERWARDS: Duration = Duration::from_secs(5);

/// Hears a connector out. `end` resolves when it has ended; dropping it ends the connector.
///
/// # Errors
/// [`Failure`] when there is no answer.
pub async fn listen(
    mut hearing: Hearing,
    output: PipeReader,
    errors: PipeReader,
    end: impl Future<Output = Exit>,
    deadline: Instant,
    line_limit: usize,
) -> Result<Answer, Failure> {
    let asynchronous = |pipe: PipeReader| {
        Receiver::from_owned_fd(pipe.into())
            .map_err(|error| Failure::broken("the connector's pipes cannot be read", error))
    };
    let mut output = Lines::new(asynchronous(output)?, line_limit);
    let mut errors = Lines::new(asynchronous(errors)?, line_limit.min(1 << 20));
    let (mut printing, mut logging, mut exit) = (true, true, None);
    let mut until = deadline;
    let mut end = std::pin::pin!(end);
    while printing || logging || exit.is_none() {
        let step = async {
            tokio::select! {
                line = output.next(), if printing => match line {
                    Ok(Some(Line::Whole(line) | Line::Unfinished(line))) => hearing.line(&line),
                    Ok(Some(Line::TooLong(length))) => hearing.too_long(length, line_limit),
                    Ok(None) | Err(_) => printing = false,
                },
                line = errors.next(), if logging => match line {
                    Ok(Some(Line::Whole(line) | Line::Unfinished(line))) => hearing.log(&line),
                    Ok(Some(Line::TooLong(_))) => {}
                    Ok(None) | Err(_) => logging = false,
                },
                ended = &mut end, if exit.is_none() => exit = Some(ended),
            }
        };
        if timeout_at(until, step).await.is_err() {
            return hearing.cut_off();
        }
        if hearing.has_answer() {
            until = until.min(Instant::now() + AFTERWARDS);
        }
    }
    hearing.finish(&exit.unwrap_or_default())
}
