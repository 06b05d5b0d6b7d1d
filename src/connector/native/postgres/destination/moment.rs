//! Dates and times as sources write them: ISO 8601 and its relatives. They are read here and written
//! anew, so that PostgreSQL never meets one that it would refuse.

use std::borrow::Cow;

use super::types::Type;

/// Why a text is no moment.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It is none.
    Unreadable,
    /// It is one that PostgreSQL cannot keep.
    OutOfRange,
}

/// The text of a moment as PostgreSQL reads it.
pub(super) fn read(text: &str, wanted: Type) -> Result<Cow<'_, str>, Unfit> {
    let text = text.trim_ascii();
    let moment = parse(text, wanted).ok_or(Unfit::Unreadable)?;
    if is_common(text, &moment, wanted) {
        return Ok(text.into());
    }
    moment.write(wanted).map(Cow::Owned)
}

/// Whether PostgreSQL takes this spelling as we do: `2024-02-29`, `2024-02-29T10:00:00.123456+02:00`.
fn is_common(text: &str, moment: &Moment<'_>, wanted: Type) -> bool {
    let bytes = text.as_bytes();
    let dashes = bytes.len() >= 10 && bytes[4] == b'-' && bytes[7] == b'-';
    match wanted {
        Type::Date => dashes && bytes.len() == 10,
        Type::Timestamp | Type::TimestampWithZone => {
            let time = bytes.get(10..19).unwrap_or_default();
            let fraction = match bytes.get(19..).unwrap_or_default() {
                [b'.', rest @ ..] => rest.iter().take_while(|byte| byte.is_ascii_digit()).count(),
                _ => 0,
            };
            let zone = bytes.get(19..).unwrap_or_default();
            dashes
                && moment.time.is_some()
                && matches!(time, [b'T' | b' ', _, _, b':', _, _, b':', _, _])
                && fraction <= 6
                && !zone.contains(&b',')
                && !zone.contains(&b' ')
        }
        _ => false,
    }
}

#[derive(Debug, Default)]
struct Moment<'a> {
    year: u32,
    month: u32,
    day: u32,
    /// `12:34:56.789`, or less.
    time: Option<(u32, u32, u32, &'a str)>,
    /// Hours and minutes from UTC.
    zone: Option<(char, u32, u32)>,
}

fn parse(text: &str, wanted: Type) -> Option<Moment<'_>> {
    let mut rest = text;
    let mut moment = Moment::default();
    if !matches!(wanted, Type::Time | Type::TimeWithZone) {
        date(&mut rest, &mut moment)?;
        if rest.is_empty() {
            return Some(moment);
        }
        rest = rest.strip_prefix(['T', 't', ' '])?.trim_ascii_start();
    }
    time(&mut rest, &mut moment)?;
    moment.zone = zone(rest.trim_ascii_start())?;
    Some(moment)
}

/// `2024-02-29`, `2024/2/29`, `2024.02.29` and `20240229`.
fn date(rest: &mut &str, moment: &mut Moment<'_>) -> Option<()> {
    let leading = rest.bytes().take_while(u8::is_ascii_digit).count();
    if leading == 8 {
        moment.year = number(rest, 4, 4)?;
        moment.month = number(rest, 2, 2)?;
        moment.day = number(rest, 2, 2)?;
    } else {
        moment.year = number(rest, 4, 6)?;
        let between = rest.chars().next().filter(|sign| "-/.".contains(*sign))?;
        *rest = &rest[1..];
        moment.month = number(rest, 1, 2)?;
        *rest = rest.strip_prefix(between)?;
        moment.day = number(rest, 1, 2)?;
    }
    let valid = moment.year > 0 && (1..=days(moment.year, moment.month)).contains(&moment.day);
    valid.then_some(())
}

fn time<'a>(rest: &mut &'a str, moment: &mut Moment<'a>) -> Option<()> {
    let hour = number(rest, 1, 2)?;
    *rest = rest.strip_prefix(':')?;
    let minute = number(rest, 2, 2)?;
    let (mut second, mut fraction) = (0, "");
    if let Some(seconds) = rest.strip_prefix(':') {
        *rest = seconds;
        second = number(rest, 2, 2)?;
        if let Some(digits) = rest.strip_prefix(['.', ',']) {
            let length = digits.bytes().take_while(u8::is_ascii_digit).count();
            (fraction, *rest) = digits.split_at(length);
            if fraction.is_empty() {
                return None;
            }
        }
    }
    moment.time = Some((hour, minute, second, &fraction[..fraction.len().min(6)]));
    (hour < 24 && minute < 60 && second < 60).then_some(())
}

#[expect(
    clippy::option_option,
    reason = "no zone is as good as one; nonsense is not"
)]
fn zone(text: &str) -> Option<Option<(char, u32, u32)>> {
    if text.is_empty() {
        return Some(None);
    }
    if ["z", "utc", "gmt"]
        .iter()
        .any(|utc| text.eq_ignore_ascii_case(utc))
    {
        return Some(Some(('+', 0, 0)));
    }
    let sign = text.chars().next().filter(|sign| "+-".contains(*sign))?;
    let mut rest = &text[1..];
    let hours = number(&mut rest, 2, 2)?;
    rest = rest.strip_prefix(':').unwrap_or(rest);
    let minutes = if rest.is_empty() {
        0
    } else {
        number(&mut rest, 2, 2)?
    };
    (rest.is_empty() && hours < 16 && minutes < 60).then_some(Some((sign, hours, minutes)))
}

/// As many digits as there are, at least and at most so many.
fn number(rest: &mut &str, least: usize, most: usize) -> Option<u32> {
    let length = rest
        .bytes()
        .take(most)
        .take_while(u8::is_ascii_digit)
        .count();
    if length < least {
        return None;
    }
    let (digits, behind) = rest.split_at(length);
    *rest = behind;
    digits.parse().ok()
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 0,
    }
}

impl Moment<'_> {
    fn write(&self, wanted: Type) -> Result<String, Unfit> {
        let (hour, minute, second, fraction) = self.time.unwrap_or_default();
        let date = format!("{:04}-{:02}-{:02}", self.year, self.month, self.day);
        let dot = if fraction.is_empty() { "" } else { "." };
        let time = format!("{hour:02}:{minute:02}:{second:02}{dot}{fraction}");
        let (sign, hours, minutes) = self.zone.unwrap_or(('+', 0, 0));
        let zone = format!("{sign}{hours:02}:{minutes:02}");
        // The last year that fits whole, in any zone.
        if matches!(wanted, Type::Timestamp | Type::TimestampWithZone) && self.year > 294_275 {
            return Err(Unfit::OutOfRange);
        }
        Ok(match wanted {
            Type::Date => date,
            Type::Time => time,
            Type::TimeWithZone => time + &zone,
            Type::Timestamp => format!("{date} {time}"),
            _ => format!("{date} {time}{zone}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_in_their_spellings() {
        for (text, wanted, written) in [
            ("2024-02-29", Type::Date, "2024-02-29"),
            ("2024/2/9", Type::Date, "2024-02-09"),
            ("20240229", Type::Date, "2024-02-29"),
            ("2024-02-29T10:00:00Z", Type::Date, "2024-02-29"),
            ("10:00", Type::Time, "10:00:00"),
            ("10:00:01.123456789+02:00", Type::Time, "10:00:01.123456"),
            ("10:00:01", Type::TimeWithZone, "10:00:01+00:00"),
            ("10:00:01-0730", Type::TimeWithZone, "10:00:01-07:30"),
            (
                "2024-02-29T10:00:00.5Z",
                Type::TimestampWithZone,
                "2024-02-29T10:00:00.5Z",
            ),
            (
                "2024-02-29 10:00:00.5Z",
                Type::Timestamp,
                "2024-02-29 10:00:00.5Z",
            ),
            (
                "2024-02-29T10:00:00.1234567Z",
                Type::TimestampWithZone,
                "2024-02-29 10:00:00.123456+00:00",
            ),
            (
                "2024-02-29T10:00:00,5 utc",
                Type::TimestampWithZone,
                "2024-02-29 10:00:00.5+00:00",
            ),
            (
                "2024-02-29 10:00:00 +02",
                Type::TimestampWithZone,
                "2024-02-29 10:00:00+02:00",
            ),
            (
                "2024-02-29 10:00",
                Type::TimestampWithZone,
                "2024-02-29 10:00:00+00:00",
            ),
            (
                "2024-02-29",
                Type::TimestampWithZone,
                "2024-02-29 00:00:00+00:00",
            ),
            (
                "2024-02-29T10:00:00+02:00",
                Type::Timestamp,
                "2024-02-29T10:00:00+02:00",
            ),
        ] {
            assert_eq!(read(text, wanted).as_deref(), Ok(written), "{text}");
        }
        for text in [
            "",
            "x",
            "2023-02-29",
            "2024-13-01",
            "2024-00-10",
            "2024-01-00",
            "0000-01-01",
            "24-01-01",
            "2024-01-01T",
            "2024-01-01T25:00:00",
            "2024-01-01T10:60:00",
            "2024-01-01T10:00:00+99:00",
            "2024-01-01T10:00:00 Mars",
            "2024-01-01T10:00:00.",
            "１２３４-01-01",
            "infinity",
            "now",
            "2024-1-1é",
        ] {
            let read = read(text, Type::TimestampWithZone);
            assert_eq!(read, Err(Unfit::Unreadable), "{text}");
        }
        let far = read("300000-01-01T00:00:00Z", Type::TimestampWithZone);
        assert_eq!(far, Err(Unfit::OutOfRange));
    }
}
