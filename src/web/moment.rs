//! Times as pages show them: in UTC for everybody; the script turns them into the reader's own
//! language and zone.

use chrono::TimeDelta;

use crate::clock::Timestamp;

/// A span of time in words: in minutes when it has no seconds beside them.
pub(super) fn span(time: TimeDelta) -> String {
    let seconds = time.num_seconds();
    let (number, unit) = if seconds % 60 == 0 {
        (seconds / 60, "minute")
    } else {
        (seconds, "second")
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// A moment to be shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment(pub(super) Timestamp);

impl Moment {
    /// For the `datetime` attribute.
    pub(super) fn machine(&self) -> String {
        self.0.format("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// For people.
    pub(super) fn words(&self) -> String {
        self.0.format("%-d %b %Y, %H:%M UTC").to_string()
    }

    /// The day alone, for the name of a file.
    pub(super) fn day(&self) -> String {
        self.0.format("%Y-%m-%d").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_to_machines_and_to_people() {
        let moment =
            Moment(Timestamp::from_timestamp_micros(1_795_284_245_678_901).expect("a time"));
        assert_eq!(moment.machine(), "2026-11-21T18:04:05Z");
        assert_eq!(moment.words(), "21 Nov 2026, 18:04 UTC");
        assert_eq!(moment.day(), "2026-11-21");
    }

    #[test]
    fn a_span_is_told_in_the_largest_unit_that_fits() {
        let told = [60, 90, 3600, 1].map(|seconds| span(TimeDelta::seconds(seconds)));
        assert_eq!(told, ["1 minute", "90 seconds", "60 minutes", "1 second"]);
    }
}
