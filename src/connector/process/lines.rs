//! Lines with a greatest length, from anything that can be read. A line that is too long is cut out
//! and reported, not kept: one connector must not fill the memory of all.

use std::collections::VecDeque;
use std::io;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

/// Reads lines.
#[derive(Debug)]
pub struct Lines<R> {
    reader: BufReader<R>,
    limit: usize,
    /// What came of the current line so far, and its length if it had all been kept.
    line: Vec<u8>,
    length: usize,
}

/// One line, without its end.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    Whole(Vec<u8>),
    /// The last one, without an end of line: perhaps cut.
    Unfinished(Vec<u8>),
    /// So many bytes were more than allowed.
    TooLong(usize),
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub fn new(reader: R, limit: usize) -> Self {
        Self {
            reader: BufReader::with_capacity(64 << 10, reader),
            limit,
            line: Vec::new(),
            length: 0,
        }
    }

    /// The next line; nothing at the end. Nothing is lost when the wait for it is given up.
    ///
    /// # Errors
    /// When reading fails.
    pub async fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            let block = self.reader.fill_buf().await?;
            if block.is_empty() {
                return Ok((self.length > 0).then(|| self.take(Line::Unfinished)));
            }
            let end = block.iter().position(|byte| *byte == b'\n');
            let part = &block[..end.unwrap_or(block.len())];
            self.length += part.len();
            if self.length <= self.limit {
                self.line.extend_from_slice(part);
            } else {
                self.line = Vec::new();
            }
            let taken = part.len() + usize::from(end.is_some());
            self.reader.consume(taken);
            if end.is_some() {
                return Ok(Some(self.take(Line::Whole)));
            }
        }
    }

    fn take(&mut self, kind: fn(Vec<u8>) -> Line) -> Line {
        let length = std::mem::take(&mut self.length);
        let line = std::mem::take(&mut self.line);
        if length > self.limit {
            Line::TooLong(length)
        } else {
            kind(line)
        }
    }
}

/// The last lines of a log, within bounds.
#[derive(Debug, Default)]
pub struct Tail(VecDeque<String>);

impl Tail {
    const LINES: usize = 100;
    const LENGTH: usize = 4000;

    /// Keeps a line, cut to a bearable length.
    pub fn push(&mut self, line: &str) {
        let line = line.trim_end();
        if line.is_empty() {
            return;
        }
        let end = line.floor_char_boundary(Self::LENGTH);
        let mark = if end < line.len() { " …" } else { "" };
        if self.0.len() == Self::LINES {
            self.0.pop_front();
        }
        self.0.push_back(format!("{}{mark}", &line[..end]));
    }

    /// The last `count` lines as a text.
    #[must_use]
    pub fn last(&self, count: usize) -> String {
        let skipped = self.0.len().saturating_sub(count);
        let lines: Vec<_> = self.0.iter().skip(skipped).map(String::as_str).collect();
        lines.join("\n")
    }

    #[must_use]
    pub fn into_lines(self) -> Vec<String> {
        self.0.into()
    }

    pub fn contains(&self, text: &str) -> bool {
        self.0.iter().any(|line| line.contains(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(text: &[u8], limit: usize) -> Vec<Line> {
        let mut lines = Lines::new(text, limit);
        let mut found = Vec::new();
        while let Some(line) = lines.next().await.expect("readable") {
            found.push(line);
        }
        found
    }

    #[tokio::test]
    async fn lines_are_cut_out_when_too_long_and_marked_when_unfinished() {
        let whole = |text: &str| Line::Whole(text.into());
        let cases: &[(&str, Vec<Line>)] = &[
            ("", vec![]),
            ("a\n\nb\n", vec![whole("a"), whole(""), whole("b")]),
            ("a\nb", vec![whole("a"), Line::Unfinished("b".into())]),
            ("12345678\n", vec![whole("12345678")]),
            ("123456789\nnext\n", vec![Line::TooLong(9), whole("next")]),
            ("123456789", vec![Line::TooLong(9)]),
        ];
        for (text, expected) in cases {
            assert_eq!(&read(text.as_bytes(), 8).await, expected, "{text:?}");
        }
        let long = vec![b'x'; 1 << 20];
        assert_eq!(read(&long, 1 << 17).await, [Line::TooLong(1 << 20)]);
    }

    #[test]
    fn a_tail_keeps_the_last_lines_at_a_bearable_length() {
        let mut tail = Tail::default();
        for number in 0..150 {
            tail.push(&format!("line {number}\n"));
        }
        tail.push(&"é".repeat(3000));
        let lines = tail.into_lines();
        assert_eq!((lines.len(), lines[0].as_str()), (100, "line 51"));
        assert!(lines[99].len() < 4010 && lines[99].ends_with('…'));
    }
}
