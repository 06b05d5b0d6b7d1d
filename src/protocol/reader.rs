//! Cutting a stream of bytes into lines. It reads in large blocks, because a pipe is as fast as its
//! reads are large, and hands out slices of its buffer. A line has a greatest length: what is longer
//! is cut out and reported, so that no connector can make the server hold all of its memory.

use std::io::{self, Read};

/// How much is read at once.
pub const BLOCK: usize = 256 * 1024;

/// The greatest length of a line where nobody says otherwise.
pub const LONGEST: usize = 64 * 1024 * 1024;

/// How much of a line that was cut out is shown at most.
const HEAD: usize = 200;

/// Lines of `input`.
#[derive(Debug)]
pub struct Lines<R> {
    input: R,
    buffer: Vec<u8>,
    /// What was read and not handed out yet.
    start: usize,
    end: usize,
    /// Up to here there is no end of a line.
    searched: usize,
    longest: usize,
    ended: bool,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A line without its end.
    Line(&'a [u8]),
    /// How a line began that was longer than allowed, and its length.
    TooLong { head: &'a [u8], length: u64 },
    /// The input ended within this line.
    Unfinished(&'a [u8]),
}

impl<R: Read> Lines<R> {
    pub fn new(input: R) -> Self {
        Self::with_longest(input, LONGEST)
    }

    pub fn with_longest(input: R, longest: usize) -> Self {
        Self {
            input,
            buffer: vec![0; BLOCK],
            start: 0,
            end: 0,
            searched: 0,
            longest,
            ended: false,
        }
    }

    /// Where the bytes come from. Whoever reads there loses what it reads.
    pub fn input(&mut self) -> &mut R {
        &mut self.input
    }

    /// The next line; `None` at the end.
    ///
    /// # Errors
    /// When the input cannot be read.
    #[expect(
        clippy::should_implement_trait,
        reason = "what is handed out is borrowed, which an iterator cannot say"
    )]
    pub fn next(&mut self) -> io::Result<Option<Piece<'_>>> {
        loop {
            if let Some(end) = self.line_end() {
                let line = self.start..end;
                self.start = end + 1;
                self.searched = self.start;
                if line.len() > self.longest {
                    return Ok(Some(too_long(&self.buffer[line])));
                }
                return Ok(Some(Piece::Line(&self.buffer[line])));
            }
            if self.ended {
                let rest = std::mem::replace(&mut self.start, self.end)..self.end;
                let rest = &self.buffer[rest];
                return Ok((!rest.is_empty()).then_some(Piece::Unfinished(rest)));
            }
            if self.end - self.start > self.longest {
                return self.cut_out().map(Some);
            }
            self.fill()?;
        }
    }

    /// Whether a whole line is at hand, so that [`Lines::next`] will not wait for more.
    pub fn is_ready(&mut self) -> bool {
        self.ended || self.line_end().is_some()
    }

    fn line_end(&mut self) -> Option<usize> {
        let found = memchr::memchr(b'\n', &self.buffer[self.searched..self.end]);
        match found {
            Some(offset) => {
                self.searched += offset;
                Some(self.searched)
            }
            None => {
                self.searched = self.end;
                None
            }
        }
    }

    /// Reads behind what is there, which is moved to the front. The buffer grows with a long line and
    /// shrinks after it.
    fn fill(&mut self) -> io::Result<()> {
        let kept = self.end - self.start;
        self.buffer.copy_within(self.start..self.end, 0);
        self.searched -= self.start;
        (self.start, self.end) = (0, kept);
        let wanted = (kept * 2).next_power_of_two().max(BLOCK);
        if wanted != self.buffer.len() {
            self.buffer.resize(wanted, 0);
            self.buffer.shrink_to_fit();
        }
        let count = read(&mut self.input, &mut self.buffer[self.end..])?;
        self.ended = count == 0;
        self.end += count;
        Ok(())
    }

    /// Reads on to the end of a line that is too long already and keeps only its beginning.
    fn cut_out(&mut self) -> io::Result<Piece<'_>> {
        let known = self.end - self.start;
        let (head, mut length) = (known.min(HEAD), known as u64);
        self.buffer.copy_within(self.start..self.start + head, 0);
        self.buffer.resize(BLOCK, 0);
        self.buffer.shrink_to_fit();
        loop {
            let count = read(&mut self.input, &mut self.buffer[head..])?;
            let read = &self.buffer[head..head + count];
            let found = memchr::memchr(b'\n', read);
            length += found.unwrap_or(count) as u64;
            if count == 0 || found.is_some() {
                self.ended = count == 0;
                self.start = head + found.map_or(0, |at| at + 1);
                self.end = head + count;
                self.searched = self.start;
                let head = &self.buffer[..head];
                return Ok(Piece::TooLong { head, length });
            }
        }
    }
}

fn too_long(line: &[u8]) -> Piece<'_> {
    Piece::TooLong {
        head: &line[..HEAD.min(line.len())],
        length: line.len() as u64,
    }
}

fn read(input: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}
