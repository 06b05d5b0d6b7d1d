//! The log's lines for people. The usual formatter asks several questions for each field; a line is
//! written for every request, so this one writes straight through.
//!
//! `2026-11-21T22:26:00.123456Z  INFO ferrobyte::request: GET /health status=200 duration_ms=0.1`

use std::fmt;

use chrono::{Datelike as _, Timelike as _};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::clock::{Clock, Timestamp};

/// Formats lines for people.
pub(super) struct Text;

impl<S, N> FormatEvent<S, N> for Text
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        time(&mut writer, Clock::System.now())?;
        level(&mut writer, *metadata.level())?;
        writer.write_str(metadata.target())?;
        writer.write_char(':')?;
        let mut fields = Fields {
            writer,
            outcome: Ok(()),
        };
        event.record(&mut fields);
        fields.outcome?;
        fields.writer.write_char('\n')
    }
}

fn time(writer: &mut Writer<'_>, now: Timestamp) -> fmt::Result {
    let mut text = *b"0000-00-00T00:00:00.000000Z ";
    let mut put = |at: usize, digits: usize, mut number: u32| {
        for place in (at..at + digits).rev() {
            text[place] = b"0123456789"[(number % 10) as usize];
            number /= 10;
        }
    };
    put(0, 4, u32::try_from(now.year()).unwrap_or(0));
    put(5, 2, now.month());
    put(8, 2, now.day());
    put(11, 2, now.hour());
    put(14, 2, now.minute());
    put(17, 2, now.second());
    put(20, 6, now.nanosecond() / 1000);
    writer.write_str(std::str::from_utf8(&text).unwrap_or_default())
}

fn level(writer: &mut Writer<'_>, level: Level) -> fmt::Result {
    let (name, color) = match level {
        Level::ERROR => ("ERROR ", "31"),
        Level::WARN => (" WARN ", "33"),
        Level::INFO => (" INFO ", "32"),
        Level::DEBUG => ("DEBUG ", "34"),
        Level::TRACE => ("TRACE ", "35"),
    };
    if writer.has_ansi_escapes() {
        write!(writer, "\u{1b}[{color}m{name}\u{1b}[0m")
    } else {
        writer.write_str(name)
    }
}

/// Writes fields as they come: the message comes first.
struct Fields<'a> {
    writer: Writer<'a>,
    outcome: fmt::Result,
}

impl Fields<'_> {
    fn put(&mut self, field: &Field, write: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        if self.outcome.is_ok() {
            self.outcome = self.name(field).and_then(|()| write(&mut self.writer));
        }
    }

    fn name(&mut self, field: &Field) -> fmt::Result {
        self.writer.write_char(' ')?;
        match field.name() {
            "message" => Ok(()),
            name => write!(self.writer, "{name}="),
        }
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, |writer| write!(writer, "{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, |writer| write!(writer, "{value:?}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, |writer| write!(writer, "{value}"));
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Page {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("a page").extend_from_slice(text);
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_says_when_what_and_how() {
        let page = Page::default();
        let copy = page.clone();
        let layer = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_writer(move || copy.clone())
            .event_format(Text);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let (id, caller) = ("a\nb", Some("Ada"));
            tracing::info!(target: "door", status = 200_u16, took = 0.25, request.id = id, caller = caller.map(tracing::field::display), "GET {}", "/x");
        });
        let text = String::from_utf8(page.0.lock().expect("a page").clone()).expect("text");
        let (moment, rest) = text.split_at(28);
        assert!(moment.trim_end().parse::<Timestamp>().is_ok(), "{moment}");
        assert_eq!(
            rest,
            " INFO door: GET /x status=200 took=0.25 request.id=\"a\\nb\" caller=Ada\n"
        );
    }
}
