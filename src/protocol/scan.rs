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
    // One bit for each open bracket, so that `[1}` does not pass; deeper nesting is out of the ordinary.
    let (mut square, mut depth) = (0_u64, 0_u32);
    loop {
        match *bytes.get(at)? {
            b'"' => {
                at = string_end(bytes, at + 1)?;
                continue;
            }
            open @ (b'{' | b'[') => {
                if depth == u64::BITS {
                    return None;
                }
                depth += 1;
                square = square << 1 | u64::from(open == b'[');
            }
            close @ (b'}' | b']') => {
                if (square & 1 == 1) != (close == b']') {
                    return None;
                }
                depth -= 1;
                square >>= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

fn scalar_length(bytes: &[u8]) -> Option<usize> {
    let part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
    let length = bytes.iter().take_while(|byte| part(byte)).count();
    (length > 0).then_some(length)
}
