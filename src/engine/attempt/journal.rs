//! The log of an attempt, gathered in memory and written away in pieces. It has a greatest size: beyond
//! it only the last lines are kept, because the end of a log is what explains a failure.

use std::collections::VecDeque;

use crate::domain::job::{LogLine, Origin};
use crate::engine::relay::Level;
use crate::engine::settle::text;
use crate::store::log_pieces::Piece;

/// The longest line, in bytes; what is longer is cut.
const LONGEST_LINE: usize = 32 * 1024;

/// How many lines of the end are kept once the log is full.
const LAST_LINES: usize = 200;

/// A piece of this size does not wait.
const LARGE: usize = 64 * 1024;

/// Lines that are not written away yet, and how many were.
#[derive(Debug)]
pub(super) struct Journal {
    /// Bytes that may still come.
    room: usize,
    piece: i32,
    first_line: i64,
    waiting: Vec<String>,
    waiting_bytes: usize,
    left_out: usize,
    last: VecDeque<String>,
}

impl Journal {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            room: limit,
            piece: 0,
            first_line: 0,
            waiting: Vec::new(),
            waiting_bytes: 0,
            left_out: 0,
            last: VecDeque::new(),
        }
    }

    /// Adds a line.
    pub(super) fn add(&mut self, at: i64, origin: Origin, level: Level, message: &str) {
        let line = text(&LogLine {
            at,
            origin,
            level: level.as_str().to_owned(),
            message: cut(message),
        });
        if self.last.is_empty() && line.len() < self.room {
            self.room -= line.len();
            self.waiting_bytes += line.len();
            self.waiting.push(line);
            return;
        }
        self.last.push_back(line);
        if self.last.len() > LAST_LINES {
            self.last.pop_front();
            self.left_out += 1;
        }
    }

    /// Nothing more comes: the last lines join those that wait.
    pub(super) fn finish(&mut self, at: i64) {
        if self.left_out > 0 {
            let message = format!("{} lines were left out: the log is full", self.left_out);
            self.waiting.push(text(&LogLine {
                at,
                origin: Origin::Platform,
                level: Level::Warn.as_str().to_owned(),
                message,
            }));
        }
        self.waiting.extend(self.last.drain(..));
        self.left_out = 0;
    }

    /// Whether so much waits that it should be written away soon.
    pub(super) fn is_large(&self) -> bool {
        self.waiting_bytes >= LARGE
    }

    /// What waits, as a piece, and how many lines that are.
    pub(super) fn waiting(&self) -> Option<(Piece, usize)> {
        (!self.waiting.is_empty()).then(|| {
            let piece = Piece {
                piece: self.piece,
                first_line: self.first_line,
                lines: self.waiting.join("\n"),
            };
            (piece, self.waiting.len())
        })
    }

    /// The piece with so many lines is written away.
    pub(super) fn written(&mut self, lines: usize) {
        self.waiting.drain(..lines);
        self.waiting_bytes = self.waiting.iter().map(String::len).sum();
        self.piece += 1;
        self.first_line += i64::try_from(lines).unwrap_or(i64::MAX);
    }
}

fn cut(message: &str) -> String {
    let end = message.floor_char_boundary(LONGEST_LINE);
    if end == message.len() {
        return message.to_owned();
    }
    format!("{}… ({} bytes)", &message[..end], message.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(journal: &mut Journal, message: &str) {
        journal.add(1, Origin::Source, Level::Info, message);
    }

    fn messages(piece: &Piece) -> Vec<String> {
        let line = |line: &str| {
            serde_json::from_str::<LogLine>(line)
                .expect("a line")
                .message
        };
        piece.lines.split('\n').map(line).collect()
    }

    #[test]
    fn pieces_follow_one_another_without_a_gap() {
        let mut journal = Journal::new(10_000);
        add(&mut journal, "a\nb");
        add(&mut journal, "c");
        let (piece, lines) = journal.waiting().expect("two lines");
        add(&mut journal, "d");
        assert_eq!(messages(&piece), ["a\nb", "c"]);
        assert_eq!((piece.piece, piece.first_line), (0, 0));
        // It is not known whether it was written: the next try has it all.
        assert_eq!(
            messages(&journal.waiting().expect("three").0),
            ["a\nb", "c", "d"]
        );
        journal.written(lines);
        let (piece, _) = journal.waiting().expect("a line");
        assert_eq!(messages(&piece), ["d"]);
        assert_eq!((piece.piece, piece.first_line), (1, 2));
    }

    #[test]
    fn a_full_log_keeps_its_beginning_and_its_end() {
        let mut journal = Journal::new(1000);
        for number in 0..1000 {
            add(&mut journal, &number.to_string());
        }
        journal.finish(1);
        let (piece, _) = journal.waiting().expect("lines");
        let messages = messages(&piece);
        assert!(piece.lines.len() < 20_000, "{}", piece.lines.len());
        assert_eq!(messages[0], "0");
        assert_eq!(messages[messages.len() - 1], "999");
        assert_eq!(messages[messages.len() - LAST_LINES], "800");
        let notice = &messages[messages.len() - LAST_LINES - 1];
        assert!(
            notice.ends_with("lines were left out: the log is full"),
            "{notice}"
        );
    }

    #[test]
    fn an_endless_line_is_cut() {
        let mut journal = Journal::new(1_000_000);
        add(&mut journal, &"ä".repeat(100_000));
        let (piece, _) = journal.waiting().expect("a line");
        assert!(piece.lines.len() < LONGEST_LINE + 200);
        assert!(messages(&piece)[0].ends_with("… (200000 bytes)"));
    }
}
