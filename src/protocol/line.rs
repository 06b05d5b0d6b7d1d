//! What a line of a connector's standard output is. Nearly all lines are records, and a record is only
//! looked at: where it belongs, when it was read, where its data stands. A quick walk over the bytes
//! finds that for the spellings in use; a parser stands behind it for all others.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Number;
use serde_json::value::RawValue;

use super::message::{Message, TYPES};
use super::scan::Scanner;

/// A line and what it was taken for.
#[derive(Debug, PartialEq)]
pub enum Line<'a> {
    Record(RecordLine<'a>),
    /// Any other message.
    Message(Box<Message>),
    /// Not a message: a line of the connector's log. Empty for a blank line.
    Text(&'a [u8]),
    /// It begins like a record and cannot be read: perhaps lost data, so it is counted apart.
    Broken(&'a [u8]),
    /// A message of a type that we do not know, or that does not fit its type. It is passed over with
    /// an entry in the log.
    Skipped {
        kind: String,
        why: String,
    },
}

/// A record, as it stands in its line. The quick walk does not check the grammar inside of `data` and
/// `meta`; whoever reads them does.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordLine<'a> {
    pub stream: Cow<'a, str>,
    /// Absent when it was empty, too.
    pub namespace: Option<Cow<'a, str>>,
    /// An object, or `null`.
    pub data: &'a [u8],
    /// Milliseconds since 1970.
    pub emitted_at: i64,
    pub meta: Option<&'a [u8]>,
}

impl RecordLine<'_> {
    /// Whether there is nothing in it. The reference server drops such records.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self.data.split_first() {
            Some((b'{', rest)) => rest.trim_ascii_start() == b"}",
            _ => true,
        }
    }
}

/// Says what a line is; the line comes without its end.
#[must_use]
pub fn classify(line: &[u8]) -> Line<'_> {
    match quick_record(line) {
        Some(record) => Line::Record(record),
        None => parsed(line),
    }
}

/// The beginnings of records that skip the search for `type`: without blanks, and with.
const HEADS: [&[u8]; 2] = [
    br#"{"type":"RECORD","record":{"#,
    br#"{"type": "RECORD", "record": {"#,
];

fn quick_record(line: &[u8]) -> Option<RecordLine<'_>> {
    let body = HEADS.iter().find_map(|head| line.strip_prefix(*head))?;
    let mut scanner = Scanner::new(body);
    let (mut stream, mut namespace, mut data, mut emitted_at, mut meta) =
        (None, None, None, None, None);
    loop {
        match scanner.key()? {
            b"stream" => stream = Some(scanner.plain_string()?),
            b"namespace" if scanner.peek()? == b'"' => namespace = Some(scanner.plain_string()?),
            b"data" => data = Some(scanner.value()?),
            b"emitted_at" => emitted_at = Some(scanner.integer()?),
            b"meta" => meta = Some(scanner.value()?),
            _ => {
                scanner.value()?;
            }
        }
        if scanner.take(b',').is_none() {
            break;
        }
    }
    scanner.take(b'}')?;
    scanner.take(b'}')?;
    let data = data.filter(|data| is_data(data))?;
    scanner.is_at_end().then_some(RecordLine {
        stream: Cow::Borrowed(stream?),
        namespace: namespace
            .filter(|space| !space.is_empty())
            .map(Cow::Borrowed),
        data,
        emitted_at: emitted_at?,
        meta: meta.filter(|meta| *meta != b"null"),
    })
}

fn is_data(data: &[u8]) -> bool {
    data.starts_with(b"{") || data == b"null"
}

/// As much of a message as tells what to do with it.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    record: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RecordBody<'a> {
    #[serde(borrow)]
    stream: Cow<'a, str>,
    #[serde(borrow)]
    namespace: Option<Cow<'a, str>>,
    #[serde(borrow)]
    data: &'a RawValue,
    emitted_at: Number,
    #[serde(borrow)]
    meta: Option<&'a RawValue>,
}

fn parsed(line: &[u8]) -> Line<'_> {
    let trimmed = line.trim_ascii();
    let no_message = || {
        if begins_like_a_record(trimmed) {
            Line::Broken(line)
        } else {
            Line::Text(trimmed)
        }
    };
    if !trimmed.starts_with(b"{") {
        return Line::Text(trimmed);
    }
    let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(trimmed) else {
        return no_message();
    };
    let kind = envelope.kind.as_ref();
    if kind == "RECORD" {
        return match envelope.record.and_then(record_body) {
            Some(record) => Line::Record(record),
            None => Line::Broken(line),
        };
    }
    let skipped = |why: String| Line::Skipped {
        kind: kind.to_owned(),
        why,
    };
    if !TYPES.contains(&kind) {
        return skipped("it is of an unknown type".to_owned());
    }
    match serde_json::from_slice(trimmed) {
        Ok(message) => Line::Message(Box::new(message)),
        // Where, not what: a message may hold secrets.
        Err(error) => skipped(format!(
            "it does not fit its type, at column {}",
            error.column()
        )),
    }
}

fn record_body(raw: &RawValue) -> Option<RecordLine<'_>> {
    let body: RecordBody<'_> = serde_json::from_str(raw.get()).ok()?;
    let data = body.data.get().as_bytes();
    is_data(data).then_some(RecordLine {
        stream: body.stream,
        namespace: body.namespace.filter(|space| !space.is_empty()),
        data,
        emitted_at: milliseconds(&body.emitted_at)?,
        meta: body.meta.map(|meta| meta.get().as_bytes()),
    })
}

/// Some connectors write times with a fraction.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a fraction of a millisecond is of no use"
)]
fn milliseconds(number: &Number) -> Option<i64> {
    number
        .as_i64()
        .or_else(|| number.as_f64().map(|number| number as i64))
}

fn begins_like_a_record(line: &[u8]) -> bool {
    let mut scanner = Scanner::new(line);
    scanner.take(b'{');
    match scanner.key() {
        Some(b"type") => scanner.plain_string() == Some("RECORD"),
        Some(b"record") => scanner.peek() == Some(b'{'),
        _ => false,
    }
}
