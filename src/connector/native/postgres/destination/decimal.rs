//! Numbers as they are written, of any size: whether one is whole, and whether it fits.

use std::borrow::Cow;

/// A number that was read: its digits without zeros around them, times ten to the exponent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// Reads a number as JSON writes it, and a little more kindly: `+1`, `.5` and `5.` are numbers too.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
            Some(at) => (&unsigned[..at], exponent(&unsigned[at + 1..])?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let digits = [whole, fraction].concat();
        let trimmed = digits.trim_end_matches('0');
        let zeros = digits.len() - trimmed.len();
        Some(Self {
            negative,
            exponent: exponent - count(fraction.len()) + count(zeros),
            digits: trimmed.trim_start_matches('0').to_owned(),
        })
    }

    pub(super) fn is_whole(&self) -> bool {
        self.digits.is_empty() || self.exponent >= 0
    }

    /// The number, when it is a whole one of 64 bits.
    pub(super) fn to_i64(&self) -> Option<i64> {
        if self.digits.is_empty() {
            return Some(0);
        }
        let zeros = usize::try_from(self.exponent)
            .ok()
            .filter(|zeros| *zeros < 20)?;
        let sign = if self.negative { "-" } else { "" };
        format!("{sign}{}{}", self.digits, "0".repeat(zeros))
            .parse()
            .ok()
    }

    /// The shortest text that `numeric` reads as this number, if it can keep it. What was written may be
    /// refused even so: PostgreSQL counts the zeros at the end of a fraction, and the exponent of 0.
    pub(super) fn to_numeric(&self) -> Option<String> {
        if self.digits.is_empty() {
            return Some("0".to_owned());
        }
        let fits = self.exponent >= -DEEPEST && self.exponent + count(self.digits.len()) <= WIDEST;
        let sign = if self.negative { "-" } else { "" };
        fits.then(|| match self.exponent {
            0 => format!("{sign}{}", self.digits),
            exponent => format!("{sign}{}e{exponent}", self.digits),
        })
    }
}

/// What `numeric` keeps before and behind the point.
const WIDEST: i64 = 131_072;
const DEEPEST: i64 = 16_383;
/// A number without an exponent that is shorter than this always fits.
const SHORT: usize = 1000;

/// A number as PostgreSQL takes it: as it is written where that will do. `None` when it is none, or does
/// not fit.
pub(super) fn numeric(text: &str) -> Option<Cow<'_, str>> {
    if text.len() < SHORT && is_plain(text.as_bytes()) {
        return Some(text.into());
    }
    Decimal::parse(text)?.to_numeric().map(Cow::Owned)
}

/// Digits, with a sign and a fraction or without.
fn is_plain(text: &[u8]) -> bool {
    let unsigned = text.strip_prefix(b"-").unwrap_or(text);
    let whole = unsigned.iter().take_while(|byte| byte.is_ascii_digit());
    let (whole, rest) = unsigned.split_at(whole.count());
    let fraction = match rest.split_first() {
        None => return !whole.is_empty(),
        Some((b'.', fraction)) => fraction,
        Some(_) => return false,
    };
    !whole.is_empty() && !fraction.is_empty() && fraction.iter().all(u8::is_ascii_digit)
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX / 4)
}

/// An exponent; one that is out of all reason is as good as a very large one.
fn exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let size = digits.parse().unwrap_or(i64::MAX).min(1 << 40);
    Some(if text.starts_with('-') { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_found_in_any_spelling() {
        for (text, number) in [
            ("0", Some(0)),
            ("-0.0", Some(0)),
            ("12.50e1", Some(125)),
            ("1e3", Some(1000)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("1e999999999999999999999", None),
            ("0e999999999999999999999", Some(0)),
            ("1.5", None),
            ("+7.", Some(7)),
        ] {
            assert_eq!(Decimal::parse(text).expect(text).to_i64(), number, "{text}");
        }
        for text in ["", "-", ".", "1e", "abc", "1_000", "NaN", "0x1", "1 "] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_numeric_takes_is_written_so_that_it_does() {
        let zeros = "0".repeat(20_000);
        for (text, written) in [
            ("1.50", Some("1.50")),
            ("1e131071", Some("1e131071")),
            ("1e-16383", Some("1e-16383")),
            ("1.50e2", Some("15e1")),
            ("0e999999999999999999", Some("0")),
            ("-0.0e-999999999999999999", Some("0")),
            (&format!("0.{zeros}"), Some("0")),
            (&format!("-2.5{zeros}"), Some("-25e-1")),
            (&format!("3{zeros}e-19999"), Some("3e1")),
            (&format!("{zeros}7"), Some("7")),
            (&format!("0.{zeros}1"), None),
            ("1e131072", None),
            ("1e-16384", None),
            ("1e999999999999999999999", None),
            ("-1e-999999999999999999999", None),
            ("x", None),
        ] {
            assert_eq!(numeric(text).as_deref(), written, "{text:.30}");
        }
    }
}
