//! Writes down what both connectors say beside their data, without secrets, and sees to it that a new
//! configuration is stored at once.

use tokio::sync::mpsc::Receiver;

use super::desk::Desk;
use crate::connector::Running;
use crate::domain::job::Origin;
use crate::engine::assignment::Assignment;
use crate::engine::relay::{Event, Level};
use crate::engine::worker::explained;

/// What there is to hear: it ends when everybody has fallen silent.
#[derive(Debug)]
pub(super) struct Hearing {
    pub(super) events: Option<Receiver<Event>>,
    source: Option<Receiver<String>>,
    destination: Option<Receiver<String>>,
}

impl Hearing {
    /// Takes over the standard errors of connectors.
    pub(super) fn to(source: Option<&mut Running>, destination: Option<&mut Running>) -> Self {
        let errors = |running: &mut Running| {
            let (_, silence) = tokio::sync::mpsc::channel(1);
            std::mem::replace(&mut running.errors, silence)
        };
        Self {
            events: None,
            source: source.map(errors),
            destination: destination.map(errors),
        }
    }

    /// Writes everything down until nobody is left to say anything.
    pub(super) async fn hear(&mut self, desk: &Desk<'_>, assignment: &Assignment) {
        let hide = &assignment.hide;
        loop {
            tokio::select! {
                event = next(&mut self.events) => self.note(event, desk, assignment).await,
                line = next(&mut self.source) => match line {
                    Some(line) => desk.last_word(Origin::Source, &hide.hide(&line)),
                    None => self.source = None,
                },
                line = next(&mut self.destination) => match line {
                    Some(line) => desk.last_word(Origin::Destination, &hide.hide(&line)),
                    None => self.destination = None,
                },
                () = std::future::ready(()), if self.is_over() => return,
            }
        }
    }

    fn is_over(&self) -> bool {
        self.events.is_none() && self.source.is_none() && self.destination.is_none()
    }

    async fn note(&mut self, event: Option<Event>, desk: &Desk<'_>, assignment: &Assignment) {
        match event {
            None => self.events = None,
            Some(Event::Log {
                origin,
                level,
                text,
            }) => desk.log(origin, level, &assignment.hide.hide(&text)),
            Some(Event::Control {
                origin,
                configuration,
            }) => {
                let side = match origin {
                    Origin::Destination => &assignment.destination,
                    _ => &assignment.source,
                };
                let (level, message) = match (side.keep)(configuration).await {
                    Ok(()) => (Level::Info, "a new configuration was stored".to_owned()),
                    Err(error) => {
                        let why = format!("a new configuration was not stored: {error}");
                        tracing::error!(job.id = desk.job.id, "{why}: {}", explained(&error));
                        (Level::Error, why)
                    }
                };
                desk.log(origin, level, &message);
            }
        }
    }
}

/// The next thing from a channel that is open; from none there comes nothing.
async fn next<T>(from: &mut Option<Receiver<T>>) -> Option<T> {
    match from {
        Some(from) => from.recv().await,
        None => std::future::pending().await,
    }
}
