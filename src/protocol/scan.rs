//! Walking over the bytes of JSON without building anything. Strings, brackets and what stands between
//! members are checked; the grammar inside of a skipped value is not, that is for whoever reads it.
//! Everything answers `None` at the first thing out of the ordinary.

use wide::u8x16;

/// A place in a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Skips blanks, then takes this byte.
    pub(super) fn take(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    /// Whether nothing but blanks is left.
    pub(super) fn is_at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    /// The next byte that is no blank.
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            match *self.bytes.get(self.at)? {
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    /// A string without escapes.
    pub(super) fn plain_string(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.plain_bytes()?).ok()
    }

    /// A string without escapes and the colon behind it.
    pub(super) fn key(&mut self) -> Option<&'a [u8]> {
        let key = self.plain_bytes()?;
        self.take(b':')?;
        Some(key)
    }

    fn plain_bytes(&mut self) -> Option<&'a [u8]> {
        self.take(b'"')?;
        let rest = &self.bytes[self.at..];
        let length = memchr::memchr2(b'"', b'\\', rest)?;
        self.at += length + 1;
        (rest[length] == b'"').then_some(&rest[..length])
    }

    /// A whole number that is not negative.
    pub(super) fn integer(&mut self) -> Option<i64> {
        self.value()?.iter().try_fold(0_i64, |number, digit| {
            let digit = char::from(*digit).to_digit(10)?;
            number.checked_mul(10)?.checked_add(digit.into())
        })
    }

    /// Any value, as it stands.
    pub(super) fn value(&mut self) -> Option<&'a [u8]> {
        let first = self.peek()?;
        let start = self.at;
        self.at = match first {
            b'{' | b'[' => nested_end(self.bytes, start)?,
            b'"' => string_end(self.bytes, start + 1)?,
            _ => start + scalar_length(&self.bytes[start..])?,
        };
        Some(&self.bytes[start..self.at])
    }
}

/// Behind the closing quote of a string that begins before `at`.
fn string_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Behind the bracket that closes the one at `start`.
fn nested_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut nesting = Nesting::default();
    let (blocks, rest) = bytes[start..].as_chunks();
    for (place, block) in blocks.iter().enumerate() {
        if let Some(length) = nesting.take(block) {
            return Some(start + place * BLOCK + length);
        }
    }
    // Zeros are nothing in JSON, so the last block is filled up with them.
    let mut last = [0; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    let length = nesting.take(&last)?;
    Some(start + blocks.len() * BLOCK + length)
}

/// Bytes that are looked at together: a bit of a word for each.
const BLOCK: usize = 64;

/// How many of them fit one register that every machine has.
const LANES: usize = 16;

/// What is known within a value. Square and curly brackets are not told apart.
#[derive(Default)]
struct Nesting {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Nesting {
    /// Takes a block; when the value ends within it, says how many of its bytes belong to it.
    fn take(&mut self, block: &[u8; BLOCK]) -> Option<usize> {
        let marks = Marks::of(block);
        if self.escaped || marks.escapes != 0 {
            return self.walk(block);
        }
        let within = marks.within_strings(self.in_string);
        self.in_string = within >> (BLOCK - 1) == 1;
        let mut brackets = marks.brackets & !within;
        while brackets != 0 {
            let place = brackets.trailing_zeros() as usize;
            if self.bracket(block[place]) {
                return Some(place + 1);
            }
            brackets &= brackets - 1;
        }
        None
    }

    /// The same for any block, byte by byte.
    fn walk(&mut self, block: &[u8; BLOCK]) -> Option<usize> {
        let closes = block.iter().position(|byte| match byte {
            _ if self.escaped => {
                self.escaped = false;
                false
            }
            b'"' => {
                self.in_string = !self.in_string;
                false
            }
            b'\\' => {
                self.escaped = self.in_string;
                false
            }
            _ if self.in_string => false,
            other => self.bracket(*other),
        });
        closes.map(|place| place + 1)
    }

    /// Takes a byte outside of strings; says whether it closes the value.
    fn bracket(&mut self, byte: u8) -> bool {
        match byte {
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth -= 1,
            _ => {}
        }
        self.depth == 0
    }
}

/// Which bytes of a block are special, the first in the lowest bit.
#[derive(Default)]
struct Marks {
    quotes: u64,
    escapes: u64,
    /// The brackets of both kinds, and letters that do not stand outside of strings.
    brackets: u64,
}

impl Marks {
    fn of(block: &[u8; BLOCK]) -> Self {
        let mut marks = Self::default();
        let (parts, _) = block.as_chunks();
        for (place, part) in parts.iter().enumerate() {
            let part = u8x16::new(*part);
            let equal = |one: u8x16, byte| {
                u64::from(one.simd_eq(u8x16::splat(byte)).to_bitmask()) << (place * LANES)
            };
            marks.quotes |= equal(part, b'"');
            marks.escapes |= equal(part, b'\\');
            // What the brackets have in common, which is what they share with Y, y and _.
            marks.brackets |= equal(part | u8x16::splat(0x26), 0x7F);
        }
        marks
    }

    /// Which bytes stand between quotes: those with an odd number of quotes up to them.
    fn within_strings(&self, from_before: bool) -> u64 {
        let mut odd = self.quotes;
        for distance in [1, 2, 4, 8, 16, 32] {
            odd ^= odd << distance;
        }
        if from_before { !odd } else { odd }
    }
}

fn scalar_length(bytes: &[u8]) -> Option<usize> {
    let part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
    let length = bytes.iter().take_while(|byte| part(byte)).count();
    (length > 0).then_some(length)
}
