//! The format of the log: text for people, JSON for collectors, on standard error.

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Sets the log up for the whole process. `level` is a level or a filter of targets; it was checked.
pub fn begin(level: &str, json: bool) {
    let filter: Targets = level.parse().unwrap_or_default();
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    if json {
        registry.with(layer.json().flatten_event(true)).init();
    } else {
        use std::io::IsTerminal as _;
        registry
            .with(layer.with_ansi(std::io::stderr().is_terminal()))
            .init();
    }
}
