//! Numbers as they are written, of any size: whether one is whole, and whether it fits.

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

    /// Whether PostgreSQL's `numeric` takes it.
    pub(super) fn fits_numeric(&self) -> bool {
        self.digits.is_empty()
            || (self.exponent >= -16_383 && self.exponent + count(self.digits.len()) <= 131_072)
    }
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
    fn what_numeric_takes_is_known() {
        let fits = |text: &str| Decimal::parse(text).expect(text).fits_numeric();
        assert!(fits("1e131071") && fits("1e-16383") && fits("0e999999"));
        assert!(!fits("1e131072") && !fits("1e-16384"));
    }
}
