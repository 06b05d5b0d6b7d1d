//! Numbers as people read them.

use chrono::TimeDelta;

/// A count, in groups of three digits.
pub(super) fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

/// A count with its noun.
pub(super) fn counted(number: i64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A number of bytes with three digits or so.
pub(super) fn bytes(number: i64) -> String {
    let mut tenths = i128::from(number.max(0)) * 10;
    let units = ["B", "kB", "MB", "GB", "TB", "PB"];
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < units.len() {
        tenths /= 1000;
        unit += 1;
    }
    let whole = tenths / 10;
    if unit == 0 || whole >= 100 {
        format!("{whole} {}", units[unit])
    } else {
        format!("{whole}.{} {}", tenths % 10, units[unit])
    }
}

/// A span of time, in its two largest units.
pub(super) fn span(time: TimeDelta) -> String {
    let seconds = time.num_seconds().max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let parts = [
        (days, "d"),
        (hours, "h"),
        (minutes, "min"),
        (seconds % 60, "s"),
    ];
    let shown: Vec<_> = parts
        .iter()
        .skip_while(|(number, _)| *number == 0)
        .take(2)
        .filter(|(number, _)| *number > 0)
        .map(|(number, unit)| format!("{number} {unit}"))
        .collect();
    if !shown.is_empty() {
        return shown.join(" ");
    }
    match time.num_milliseconds() {
        ..1 => "0 s".to_owned(),
        milliseconds => format!("{milliseconds} ms"),
    }
}

/// How many per second.
pub(super) fn per_second(number: i64, time: TimeDelta) -> i64 {
    let milliseconds = time.num_milliseconds().max(1);
    number.saturating_mul(1000) / milliseconds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_with_few_digits() {
        assert_eq!(
            [0, 999, 1000, -1_234_567].map(count),
            ["0", "999", "1,000", "-1,234,567"]
        );
        assert_eq!(counted(1, "row", "rows"), "1 row");
        assert_eq!(
            [0, 999, 1000, 1234, 99_900, 123_456, 5_600_000_000].map(bytes),
            [
                "0 B", "999 B", "1.0 kB", "1.2 kB", "99.9 kB", "123 kB", "5.6 GB"
            ]
        );
        assert_eq!(bytes(i64::MAX), "9223 PB");
    }

    #[test]
    fn a_span_has_two_units_at_most() {
        let told = [0, 4, 61, 3600, 90_061].map(|seconds| span(TimeDelta::seconds(seconds)));
        assert_eq!(told, ["0 s", "4 s", "1 min 1 s", "1 h", "1 d 1 h"]);
        assert_eq!(span(TimeDelta::milliseconds(35)), "35 ms");
        assert_eq!(per_second(500, TimeDelta::milliseconds(250)), 2000);
    }
}
