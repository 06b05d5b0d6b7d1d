//! Lines on their way to a connector, gathered. Beside the bytes stands what is known of each line, so that a
//! connector that shares our process need not find it out again; a pipe takes the bytes alone.

use std::io::{self, PipeWriter, Write};
use std::ops::Range;

use super::line::RecordLine;

/// Whole lines, one behind the other.
#[derive(Debug, Default)]
pub struct Parcel {
    bytes: Vec<u8>,
    marks: Vec<Mark>,
}

/// What is known of a line.
#[derive(Debug, Clone)]
struct Mark {
    /// Where it ends, without its newline.
    end: usize,
    record: Option<Parts>,
}

/// Where the parts of a record stand in its line.
#[derive(Debug, Clone)]
struct Parts {
    stream: usize,
    data: Range<usize>,
    meta: Option<Range<usize>>,
    emitted_at: i64,
}

/// A line of a parcel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Known<'a> {
    Record {
        /// Its place in the catalog of the destination.
        stream: usize,
        data: &'a [u8],
        /// Milliseconds since 1970.
        emitted_at: i64,
        meta: Option<&'a [u8]>,
    },
    /// Nobody has looked at it yet.
    Line(&'a [u8]),
}

/// What takes lines.
pub trait Outlet {
    /// Takes everything out of a parcel.
    ///
    /// # Errors
    /// When nobody is at the other end any more.
    fn take(&mut self, parcel: &mut Parcel) -> io::Result<()>;
}

impl Outlet for PipeWriter {
    fn take(&mut self, parcel: &mut Parcel) -> io::Result<()> {
        let written = self.write_all(&parcel.bytes);
        parcel.clear();
        written
    }
}

impl Outlet for &mut Vec<u8> {
    fn take(&mut self, parcel: &mut Parcel) -> io::Result<()> {
        self.extend_from_slice(&parcel.bytes);
        parcel.clear();
        Ok(())
    }
}

impl Parcel {
    /// How many bytes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn clear(&mut self) {
        self.bytes.clear();
        self.marks.clear();
    }

    /// Adds a record of the stream at this place of the catalog, as it stands in its line.
    pub fn record(&mut self, line: &[u8], record: &RecordLine<'_>, stream: usize) {
        let parts = || {
            Some(Parts {
                stream,
                data: within(line, record.data)?,
                meta: match record.meta {
                    Some(meta) => Some(within(line, meta)?),
                    None => None,
                },
                emitted_at: record.emitted_at,
            })
        };
        let record = parts();
        self.bytes.extend_from_slice(line);
        let end = self.bytes.len();
        self.bytes.push(b'\n');
        self.marks.push(Mark { end, record });
    }

    /// Adds the line that `write` writes, with its end, if it writes one.
    ///
    /// # Errors
    /// What `write` says.
    pub fn write<T, E>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<T, E>,
    ) -> Result<T, E> {
        let before = self.bytes.len();
        let said = write(&mut self.bytes);
        if self.bytes.len() > before {
            let end = self.bytes.len() - 1;
            self.marks.push(Mark { end, record: None });
        }
        said
    }
}

impl From<&str> for Parcel {
    /// The lines of a text; nothing is known of them.
    fn from(text: &str) -> Self {
        let mut parcel = Self::default();
        for line in text.lines() {
            parcel.bytes.extend_from_slice(line.as_bytes());
            let end = parcel.bytes.len();
            parcel.bytes.push(b'\n');
            parcel.marks.push(Mark { end, record: None });
        }
        parcel
    }
}

/// Where a part of a line stands in it.
fn within(line: &[u8], part: &[u8]) -> Option<Range<usize>> {
    let start = part.as_ptr().addr().checked_sub(line.as_ptr().addr())?;
    let range = start..start + part.len();
    line.get(range.clone()).map(|_| range)
}

/// The lines of a parcel, one after the other.
#[derive(Debug, Default)]
pub struct Unpacked {
    parcel: Parcel,
    /// The next line, and where it begins.
    at: usize,
    start: usize,
}

impl Unpacked {
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.at == self.parcel.marks.len()
    }

    /// Takes the lines of another parcel, and gives the one that was unpacked, empty.
    pub fn refill(&mut self, parcel: Parcel) -> Parcel {
        (self.at, self.start) = (0, 0);
        let mut old = std::mem::replace(&mut self.parcel, parcel);
        old.clear();
        old
    }

    /// The next line, unless the parcel is empty.
    pub fn unpack(&mut self) -> Option<Known<'_>> {
        let mark = self.parcel.marks.get(self.at)?;
        let line = &self.parcel.bytes[self.start..mark.end];
        self.at += 1;
        self.start = mark.end + 1;
        Some(match &mark.record {
            Some(parts) => Known::Record {
                stream: parts.stream,
                data: &line[parts.data.clone()],
                emitted_at: parts.emitted_at,
                meta: parts.meta.clone().map(|meta| &line[meta]),
            },
            None => Known::Line(line),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::line::{Line, classify};
    use super::*;

    #[test]
    fn what_was_packed_is_unpacked_with_what_was_known_of_it() {
        let line = br#"{"type":"RECORD","record":{"stream":"a","data":{"x":1},"emitted_at":7,"meta":{"changes":[]}}}"#;
        let Line::Record(record) = classify(line) else {
            panic!("a record");
        };
        let mut parcel = Parcel::from("first\n");
        parcel.record(line, &record, 3);
        let written: Result<(), ()> = parcel.write(|out| {
            out.extend_from_slice(b"last\n");
            Ok(())
        });
        written.expect("written");
        let nothing: Result<(), ()> = parcel.write(|_| Ok(()));
        nothing.expect("nothing");

        let mut bytes = Vec::new();
        let mut copy = Parcel {
            bytes: parcel.bytes.clone(),
            marks: parcel.marks.clone(),
        };
        (&mut bytes).take(&mut copy).expect("taken");
        assert!(copy.is_empty());
        assert_eq!(bytes, [b"first\n", &line[..], b"\nlast\n"].concat());

        let mut unpacked = Unpacked::default();
        assert!(unpacked.is_at_end() && unpacked.refill(parcel).is_empty());
        assert_eq!(unpacked.unpack(), Some(Known::Line(b"first")));
        let known = Known::Record {
            stream: 3,
            data: br#"{"x":1}"#,
            emitted_at: 7,
            meta: Some(br#"{"changes":[]}"#),
        };
        assert_eq!(unpacked.unpack(), Some(known));
        assert_eq!(unpacked.unpack(), Some(Known::Line(b"last")));
        assert!(unpacked.unpack().is_none() && unpacked.is_at_end());
    }

    #[test]
    fn what_does_not_stand_in_a_line_is_not_found_there() {
        let line = b"abc";
        assert_eq!(within(line, &line[1..2]), Some(1..2));
        assert_eq!(within(&line[1..2], line), None);
        assert_eq!(within(&line[..2], &line[1..]), None);
    }
}
