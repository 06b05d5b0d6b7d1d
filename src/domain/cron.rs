//! Cron expressions in the dialect of Quartz: six fields, seconds first, or seven with a year; names and
//! numbers of weekdays count from Sunday = 1; a time zone may follow. The library behind it knows most of
//! that dialect; what it spells differently is rewritten here, and what it lacks is refused by name.

use std::fmt;
use std::str::FromStr;

use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use crate::clock::Timestamp;

/// A cron expression that can be kept to. It comes back exactly as it was sent.
#[derive(Clone)]
pub struct CronText {
    sent: String,
    zone: Tz,
    cron: Box<Cron>,
}

impl CronText {
    /// The text as it was sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.sent
    }

    /// The first time after `moment`, or `None` when there is none any more.
    #[must_use]
    pub fn next_after(&self, moment: Timestamp) -> Option<Timestamp> {
        let local = moment.with_timezone(&self.zone);
        let next = self.cron.find_next_occurrence(&local, false).ok()?;
        Some(next.with_timezone(&chrono::Utc))
    }
}

impl fmt::Debug for CronText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CronText({:?})", self.sent)
    }
}

impl PartialEq for CronText {
    fn eq(&self, other: &Self) -> bool {
        self.sent == other.sent
    }
}

impl FromStr for CronText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut words: Vec<&str> = text.split_whitespace().collect();
        let zone = match words.last().copied() {
            Some(last) if words.len() > 6 && !is_year(last) => {
                words.pop();
                named_zone(last).ok_or_else(|| {
                    format!("{last} is not a time zone; use UTC or a name such as Europe/Berlin")
                })?
            }
            _ => Tz::UTC,
        };
        if !matches!(words.len(), 6 | 7) {
            return Err(format!(
                "has {} fields; a cron expression has 6 (seconds, minutes, hours, day of month, month, day of \
                 week) or 7 (and year), such as 0 0 12 * * ?",
                words.len()
            ));
        }
        if !words[0].bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(
                "runs more than once a minute; the seconds must be one number, such as 0"
                    .to_owned(),
            );
        }
        if words[3] != "?" && words[5] != "?" && words[3] != "*" && words[5] != "*" {
            return Err(
                "names both a day of the month and a day of the week; one of them must be ?"
                    .to_owned(),
            );
        }
        let fields = words
            .iter()
            .zip(FIELDS)
            .map(|(word, field)| field.rewrite(word))
            .collect::<Result<Vec<_>, _>>()?;
        let cron = CronParser::builder()
            .seconds(Seconds::Required)
            .year(Year::Optional)
            .alternative_weekdays(true)
            .build()
            .parse(&fields.join(" "))
            .map_err(|why| format!("is not a cron expression: {why}"))?;
        Ok(Self {
            sent: text.to_owned(),
            zone,
            cron: Box::new(cron),
        })
    }
}

/// Zone names whatever their case, as people type them.
fn named_zone(text: &str) -> Option<Tz> {
    let known = |zone: &&Tz| zone.name().eq_ignore_ascii_case(text);
    chrono_tz::TZ_VARIANTS.iter().find(known).copied()
}

fn is_year(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_digit() || b"*,-/".contains(&byte))
}

/// One of the seven fields: its name and the values that it runs through.
#[derive(Clone, Copy)]
struct Field {
    name: &'static str,
    first: u16,
    last: u16,
    names: &'static [&'static str],
}

const MONTHS: &[&str] = &[
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const WEEKDAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const FIELDS: [Field; 7] = [
    field("seconds", 0, 59, &[]),
    field("minutes", 0, 59, &[]),
    field("hours", 0, 23, &[]),
    field("day of month", 1, 31, &[]),
    field("month", 1, 12, MONTHS),
    field("day of week", 1, 7, WEEKDAYS),
    field("year", 1970, 2199, &[]),
];

const fn field(name: &'static str, first: u16, last: u16, names: &'static [&'static str]) -> Field {
    Field {
        name,
        first,
        last,
        names,
    }
}

impl Field {
    /// The field in the library's spelling: `a/b` becomes a range with a step, a range that wraps around
    /// becomes two, names become numbers.
    fn rewrite(self, word: &str) -> Result<String, String> {
        let parts = word
            .split(',')
            .map(|part| self.rewrite_part(&part.to_ascii_uppercase()))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(parts.join(","))
    }

    fn rewrite_part(self, part: &str) -> Result<String, String> {
        let refused = |why: &str| Err(format!("{} {part}: {why}", self.name));
        if part.starts_with("L-") {
            return refused("days counted back from the end of the month are not supported");
        }
        if part == "L" && self.name == "day of week" {
            return Ok("7".to_owned());
        }
        let (values, step) = match part.split_once('/') {
            Some((values, step)) => match step.parse::<u16>() {
                Ok(step) if step > 0 && step <= self.last => (values, Some(step)),
                _ => return refused("the step after / must be a number from 1"),
            },
            None => (part, None),
        };
        let with_step = |range: String| match step {
            Some(step) => format!("{range}/{step}"),
            None => range,
        };
        if let Some((from, to)) = values.split_once('-') {
            let (Some(from), Some(to)) = (self.number(from), self.number(to)) else {
                return refused("a range goes from one value to another");
            };
            if from <= to {
                return Ok(with_step(format!("{from}-{to}")));
            }
            if self.name == "year" {
                return refused("the range ends before it begins");
            }
            return Ok(self.wrapped(from, to, step.unwrap_or(1)));
        }
        match (self.number(values), step) {
            (Some(from), Some(_)) => Ok(with_step(format!("{from}-{}", self.last))),
            (Some(value), None) => Ok(value.to_string()),
            (None, _) if matches!(values, "*" | "?") => Ok(with_step(values.replace('?', "*"))),
            (None, None) if self.is_special(values) => Ok(self.special(values)),
            (None, _) => refused("is not a value of this field"),
        }
    }

    /// A value of the field, as number or by name.
    fn number(self, text: &str) -> Option<u16> {
        let by_name = self.names.iter().position(|name| *name == text);
        let number = match by_name {
            Some(index) => u16::try_from(index).ok()? + self.first,
            None => text.parse().ok()?,
        };
        (self.first..=self.last).contains(&number).then_some(number)
    }

    /// The values of a range that goes beyond the end, such as `22-2`, one by one.
    fn wrapped(self, from: u16, to: u16, step: u16) -> String {
        let size = self.last - self.first + 1;
        let values = (from..=to + size).step_by(usize::from(step)).map(|value| {
            if value > self.last {
                value - size
            } else {
                value
            }
        });
        values
            .map(|value| value.to_string())
            .collect::<Vec<_>>()
            .join(",")
    }

    /// `L`, `LW`, `15W` among days of the month; `6L`, `FRI#2` among weekdays.
    fn is_special(self, text: &str) -> bool {
        match self.name {
            "day of month" => {
                matches!(text, "L" | "LW")
                    || text
                        .strip_suffix('W')
                        .is_some_and(|day| self.number(day).is_some())
            }
            "day of week" => {
                let day = text.strip_suffix('L').or_else(|| {
                    let (day, nth) = text.split_once('#')?;
                    matches!(nth, "1" | "2" | "3" | "4" | "5").then_some(day)
                });
                day.is_some_and(|day| self.number(day).is_some())
            }
            _ => false,
        }
    }

    fn special(self, text: &str) -> String {
        let letters = text.find(['L', '#', 'W']).unwrap_or(text.len());
        // A name such as FRI has no L, # or W in it, but WED does.
        let split = if self.names.contains(&text.get(..3).unwrap_or_default()) {
            3
        } else {
            letters
        };
        match self.number(&text[..split]) {
            Some(value) => format!("{value}{}", &text[split..]),
            None => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expression, and the times it is due after Saturday 2026-01-31 12:00:00 UTC.
    const DUE: &[(&str, &[&str])] = &[
        (
            "0 0 12 * * ?",
            &["2026-02-01T12:00:00Z", "2026-02-02T12:00:00Z"],
        ),
        ("0 0 12 * * ? UTC", &["2026-02-01T12:00:00Z"]),
        ("0 0 12 * * ? *", &["2026-02-01T12:00:00Z"]),
        (
            "0 * * * * ?",
            &["2026-01-31T12:01:00Z", "2026-01-31T12:02:00Z"],
        ),
        (
            "0 0/15 * * * ?",
            &["2026-01-31T12:15:00Z", "2026-01-31T12:30:00Z"],
        ),
        (
            "0 5/20 * * * ?",
            &[
                "2026-01-31T12:05:00Z",
                "2026-01-31T12:25:00Z",
                "2026-01-31T12:45:00Z",
                "2026-01-31T13:05:00Z",
            ],
        ),
        ("0 15 10 ? * MON-FRI", &["2026-02-02T10:15:00Z"]),
        ("0 15 10 ? * 2-6", &["2026-02-02T10:15:00Z"]),
        (
            "0 0 9 ? * FRI-MON",
            &[
                "2026-02-01T09:00:00Z",
                "2026-02-02T09:00:00Z",
                "2026-02-06T09:00:00Z",
            ],
        ),
        (
            "0 0 22-2 * * ?",
            &[
                "2026-01-31T22:00:00Z",
                "2026-01-31T23:00:00Z",
                "2026-02-01T00:00:00Z",
                "2026-02-01T01:00:00Z",
                "2026-02-01T02:00:00Z",
                "2026-02-01T22:00:00Z",
            ],
        ),
        (
            "0 0 6 1 * ?",
            &["2026-02-01T06:00:00Z", "2026-03-01T06:00:00Z"],
        ),
        (
            "0 0 6 L * ?",
            &["2026-02-28T06:00:00Z", "2026-03-31T06:00:00Z"],
        ),
        ("0 0 6 LW * ?", &["2026-02-27T06:00:00Z"]),
        ("0 0 6 15W * ?", &["2026-02-16T06:00:00Z"]),
        ("0 0 6 ? * 6L", &["2026-02-27T06:00:00Z"]),
        ("0 0 6 ? * FRIL", &["2026-02-27T06:00:00Z"]),
        ("0 0 6 ? * 6#3", &["2026-02-20T06:00:00Z"]),
        ("0 0 6 ? * WED#1", &["2026-02-04T06:00:00Z"]),
        ("0 0 6 ? * L", &["2026-02-07T06:00:00Z"]),
        ("0 0 6 ? JAN,MAR-APR SUN", &["2026-03-01T06:00:00Z"]),
        (
            "0 0 6 1 1 ? 2028/2",
            &["2028-01-01T06:00:00Z", "2030-01-01T06:00:00Z"],
        ),
        ("0 30 9 * * ? Europe/Berlin", &["2026-02-01T08:30:00Z"]),
        ("0 30 9 * * ? * Europe/Berlin", &["2026-02-01T08:30:00Z"]),
        ("0 30 9 1 7 ? Europe/Berlin", &["2026-07-01T07:30:00Z"]),
        ("0 30 9 * * ? america/new_york", &["2026-01-31T14:30:00Z"]),
    ];

    #[test]
    fn expressions_are_due_when_their_authors_expect() {
        for (text, times) in DUE {
            let cron: CronText = text.parse().unwrap_or_else(|why| panic!("{text}: {why}"));
            let mut moment: Timestamp = "2026-01-31T12:00:00Z".parse().expect("a time");
            for expected in *times {
                moment = cron
                    .next_after(moment)
                    .unwrap_or_else(|| panic!("{text}: never again"));
                assert_eq!(
                    moment.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
                    *expected,
                    "{text}"
                );
            }
            assert_eq!(cron.as_str(), *text);
        }
    }

    #[test]
    fn a_time_that_the_zone_skips_or_repeats_is_due_once_a_day() {
        // Clocks go forward on 2026-03-29 at 2:00 and back on 2026-10-25 at 3:00.
        let cron: CronText = "0 30 2 * * ? Europe/Berlin".parse().expect("an expression");
        for (day, until) in [
            ("2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z"),
            ("2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z"),
        ] {
            let (mut moment, end): (Timestamp, Timestamp) =
                (day.parse().expect("a time"), until.parse().expect("a time"));
            let mut count = 0;
            while let Some(next) = cron.next_after(moment).filter(|next| *next < end) {
                (moment, count) = (next, count + 1);
            }
            assert_eq!(count, 2, "{day}");
        }
    }

    #[test]
    fn what_cannot_be_kept_to_is_refused_with_a_reason() {
        for (text, why) in [
            ("", "fields"),
            ("0 0 12 * *", "has 5 fields"),
            ("* * * * * ?", "more than once a minute"),
            ("0/10 * * * * ?", "more than once a minute"),
            ("0 61 * * * ?", "minutes 61"),
            ("0 0 12 L-3 * ?", "counted back"),
            ("0 0 12 1 * MON", "one of them must be ?"),
            ("0 0 12 * * ? Mars/Olympus", "not a time zone"),
            ("0 0 12 ? * FRI#6", "day of week FRI#6"),
            ("0 0/0 12 * * ?", "step"),
            ("0 0 12 * * ? 2030-2028", "ends before it begins"),
            ("0 0 noon * * ?", "hours NOON"),
        ] {
            let refusal = text.parse::<CronText>().expect_err(text);
            assert!(refusal.contains(why), "{text}: {refusal}");
        }
    }

    #[test]
    fn a_time_that_never_comes_again_is_none() {
        let cron: CronText = "0 0 0 1 1 ? 2020".parse().expect("an expression");
        assert_eq!(
            cron.next_after("2026-01-31T12:00:00Z".parse().expect("a time")),
            None
        );
    }
}
