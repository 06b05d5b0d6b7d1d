//! Walking over the bytes of JSON without building anything. Strings, brackets and what stands between
//! members are checked; the grammar inside of a skipped value is not, that is for whoever reads it.
//! Everything answers `None` at the first thing out of the ordinary.

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
        self.take(b'"')?;
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        if rest[length] == b'\\' {
            return None;
        }
        self.at += length + 1;
        std::str::from_utf8(&rest[..length]).ok()
    }

    /// A string and the colon behind it.
    pub(super) fn key(&mut self) -> Option<&'a str> {
        let key = self.plain_string()?;
        self.take(b':')?;
        Some(key)
    }

    /// A whole number.
    pub(super) fn integer(&mut self) -> Option<i64> {
        std::str::from_utf8(self.value()?).ok()?.parse().ok()
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

/// Behind the bracket that closes the one at `at`.
fn nested_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut nesting = Nesting::default();
    loop {
        while let Some(eight) = bytes[at..].first_chunk() {
            if !nesting.stride(u64::from_le_bytes(*eight)) {
                break;
            }
            at += 8;
        }
        for byte in bytes[at..].iter().take(8) {
            at += 1;
            if nesting.step(*byte) {
                return Some(at);
            }
        }
        if at == bytes.len() {
            return None;
        }
    }
}

/// What is known within a value: nearly all of its bytes are letters, digits and quotes, which are
/// taken eight at a time. Square and curly brackets are not told apart.
#[derive(Default)]
struct Nesting {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Nesting {
    /// Takes a byte; says whether it closes the value.
    fn step(&mut self, byte: u8) -> bool {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'"' => self.in_string = !self.in_string,
            b'\\' => self.escaped = self.in_string,
            _ if self.in_string => {}
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth -= 1,
            _ => {}
        }
        self.depth == 0
    }

    /// Takes eight bytes, the first in the lowest place; or none, when one of them is an escape or a
    /// bracket outside of strings.
    fn stride(&mut self, word: u64) -> bool {
        let quotes = lanes_with(word, b'"') >> 7;
        // Multiplying adds up from lane to lane, so the lowest bit of each tells odd from even.
        let in_string =
            (quotes.wrapping_mul(ONES) ^ u64::from(self.in_string).wrapping_mul(ONES)) & ONES;
        // In ASCII one bit makes [ and ] out of { and }.
        let folded = word | (ONES << 5);
        let brackets = lanes_with(folded, b'{') | lanes_with(folded, b'}');
        let outside = (in_string ^ ONES) << 7;
        if self.escaped || lanes_with(word, b'\\') | (brackets & outside) != 0 {
            return false;
        }
        self.in_string = in_string >> 56 == 1;
        true
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;

/// The highest bit of each of the eight bytes that is `byte`.
fn lanes_with(word: u64, byte: u8) -> u64 {
    const LOW: u64 = !(ONES << 7);
    let difference = word ^ (ONES * u64::from(byte));
    !(((difference & LOW) + LOW) | difference | LOW)
}

fn scalar_length(bytes: &[u8]) -> Option<usize> {
    let part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
    let length = bytes.iter().take_while(|byte| part(byte)).count();
    (length > 0).then_some(length)
}
