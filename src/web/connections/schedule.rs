//! A schedule in words, and when it starts next.

use crate::clock::Timestamp;
use crate::domain::cron::CronText;
use crate::domain::schedule::{Schedule, Unit};
use crate::web::moment::Moment;

/// How many starts are told in advance.
const AHEAD: usize = 3;

const WEEKDAYS: [(&str, &str); 7] = [
    ("SUN", "Sunday"),
    ("MON", "Monday"),
    ("TUE", "Tuesday"),
    ("WED", "Wednesday"),
    ("THU", "Thursday"),
    ("FRI", "Friday"),
    ("SAT", "Saturday"),
];

/// The schedule as a sentence without its full stop.
pub(super) fn words(schedule: &Schedule) -> String {
    match schedule {
        Schedule::Manual => "Only when somebody starts it".to_owned(),
        Schedule::Basic { every, unit } => {
            let (one, many) = unit_words(*unit);
            match every {
                1 => format!("Every {one}"),
                every => format!("Every {every} {many}"),
            }
        }
        Schedule::Cron(cron) => of_cron(cron),
    }
}

/// What a unit is called.
pub(super) fn unit_words(unit: Unit) -> (&'static str, &'static str) {
    match unit {
        Unit::Minutes => ("minute", "minutes"),
        Unit::Hours => ("hour", "hours"),
        Unit::Days => ("day", "days"),
        Unit::Weeks => ("week", "weeks"),
        Unit::Months => ("month", "months"),
    }
}

/// The next starts, if nothing else is started meanwhile; `first`, when it is known already.
pub(super) fn next_runs(
    schedule: &Schedule,
    first: Option<Timestamp>,
    now: Timestamp,
) -> Vec<Moment> {
    let first = first.or_else(|| schedule.next(None, now));
    std::iter::successors(first, |&at| schedule.next(Some(at), at))
        .take(AHEAD)
        .map(Moment)
        .collect()
}

/// The usual expressions in words; others are shown as they are.
fn of_cron(cron: &CronText) -> String {
    let text = cron.as_str();
    let mut fields: Vec<&str> = text.split_whitespace().collect();
    let zoned = fields.len() > 6
        && fields
            .last()
            .is_some_and(|last| last.bytes().any(|byte| byte.is_ascii_alphabetic()));
    let zone = if zoned { fields.pop() } else { None };
    let zone = zone.unwrap_or("UTC");
    match usual(&fields) {
        Some(words) => format!("{words} ({zone})"),
        None => format!("Cron {text}"),
    }
}

fn usual(fields: &[&str]) -> Option<String> {
    let &[seconds, minutes, hours, day, month, weekday] = fields else {
        return None;
    };
    let any = |field: &str| matches!(field, "*" | "?");
    if seconds.parse::<u8>().is_err() || month != "*" {
        return None;
    }
    let days = match (any(day), any(weekday)) {
        (true, true) => None,
        (true, false) => Some(format!("Every {}", weekdays(weekday)?)),
        (false, true) => Some(format!("On day {} of every month", day.parse::<u8>().ok()?)),
        (false, false) => return None,
    };
    if let (Ok(minute), Ok(hour)) = (minutes.parse::<u8>(), hours.parse::<u8>()) {
        let days = days.unwrap_or_else(|| "Every day".to_owned());
        return Some(format!("{days} at {hour:02}:{minute:02}"));
    }
    if days.is_some() {
        return None;
    }
    match (minutes.parse::<u8>(), step(hours), step(minutes)) {
        (Ok(minute), Some(1), _) => Some(format!("Every hour, {minute:02} minutes past")),
        (Ok(minute), Some(every), _) => {
            Some(format!("Every {every} hours, {minute:02} minutes past"))
        }
        (_, Some(1), Some(1)) => Some("Every minute".to_owned()),
        (_, Some(1), Some(every)) => Some(format!("Every {every} minutes")),
        _ => None,
    }
}

/// The step of a field that runs through everything: `*` and `0/5`.
fn step(field: &str) -> Option<u8> {
    match field.split_once('/') {
        None => (field == "*").then_some(1),
        Some(("*" | "0", step)) => step.parse().ok(),
        Some(_) => None,
    }
}

fn weekdays(field: &str) -> Option<String> {
    let named = |text: &str| {
        let number = text.parse::<usize>().ok();
        let by_number = number.and_then(|number| WEEKDAYS.get(number.checked_sub(1)?));
        let by_name = || {
            WEEKDAYS
                .iter()
                .find(|(short, _)| text.eq_ignore_ascii_case(short))
        };
        by_number.or_else(by_name).map(|(_, name)| *name)
    };
    match field.split_once('-') {
        Some((from, to)) => Some(format!("{} to {}", named(from)?, named(to)?)),
        None => {
            let all: Option<Vec<_>> = field.split(',').map(named).collect();
            Some(all?.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_told_in_words() {
        for (cron, told) in [
            ("0 0 12 * * ?", "Every day at 12:00 (UTC)"),
            (
                "0 30 6 ? * MON-FRI Europe/Berlin",
                "Every Monday to Friday at 06:30 (Europe/Berlin)",
            ),
            ("0 0 8 ? * 2", "Every Monday at 08:00 (UTC)"),
            ("0 0 8 ? * SAT,SUN", "Every Saturday, Sunday at 08:00 (UTC)"),
            ("0 15 3 1 * ?", "On day 1 of every month at 03:15 (UTC)"),
            ("0 5 * * * ?", "Every hour, 05 minutes past (UTC)"),
            ("0 0 0/6 * * ?", "Every 6 hours, 00 minutes past (UTC)"),
            ("0 */10 * * * ?", "Every 10 minutes (UTC)"),
            ("0 * * * * ?", "Every minute (UTC)"),
            ("0 0 12 1 JAN ?", "Cron 0 0 12 1 JAN ?"),
            ("0 0-5 12 * * ?", "Cron 0 0-5 12 * * ?"),
        ] {
            let cron = cron.parse().expect("an expression");
            assert_eq!(words(&Schedule::Cron(cron)), told);
        }
        let basic = |every, unit| words(&Schedule::Basic { every, unit });
        assert_eq!(basic(1, Unit::Hours), "Every hour");
        assert_eq!(basic(24, Unit::Hours), "Every 24 hours");
    }

    #[test]
    fn the_next_starts_are_told_in_advance() {
        let now: Timestamp = "2026-01-31T12:00:30Z".parse().expect("a time");
        let told = |schedule: &Schedule, first| -> Vec<String> {
            let runs = next_runs(schedule, first, now);
            runs.iter().map(Moment::machine).collect()
        };
        assert_eq!(
            told(&Schedule::Cron("0 0 8 * * ?".parse().expect("one")), None),
            [
                "2026-02-01T08:00:00Z",
                "2026-02-02T08:00:00Z",
                "2026-02-03T08:00:00Z"
            ]
        );
        let hourly = Schedule::Basic {
            every: 1,
            unit: Unit::Hours,
        };
        let first = "2026-01-31T12:20:00Z".parse().ok();
        assert_eq!(
            told(&hourly, first),
            [
                "2026-01-31T12:20:00Z",
                "2026-01-31T13:20:00Z",
                "2026-01-31T14:20:00Z"
            ]
        );
        assert!(told(&Schedule::Manual, None).is_empty());
    }
}
