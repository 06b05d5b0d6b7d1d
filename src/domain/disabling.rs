//! When a connection that only ever fails is switched off, and when that is announced.

use chrono::TimeDelta;

use crate::clock::Timestamp;

/// So many failures in a row, and for so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// 0 for any number.
    pub failures: i64,
    pub after: TimeDelta,
}

/// The two limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub disable: Limit,
    pub warn: Limit,
}

/// The failures since something was well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streak {
    pub failures: i64,
    /// The last success, or the moment from which it is counted.
    pub since: Timestamp,
    /// When a warning was given last.
    pub warned_at: Option<Timestamp>,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    GoOn,
    /// Say once that it will be switched off.
    Warn,
    Disable,
}

impl Limit {
    fn is_reached(self, streak: &Streak, now: Timestamp) -> bool {
        self.failures > 0 && streak.failures >= self.failures && now - streak.since >= self.after
    }
}

impl Limits {
    #[must_use]
    pub fn judge(&self, streak: &Streak, now: Timestamp) -> Verdict {
        let warned = streak.warned_at.is_some_and(|at| at >= streak.since);
        if self.disable.is_reached(streak, now) {
            Verdict::Disable
        } else if self.warn.is_reached(streak, now) && !warned {
            Verdict::Warn
        } else {
            Verdict::GoOn
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_limits_need_failures_and_time() {
        let limit = |failures, days| Limit {
            failures,
            after: TimeDelta::days(days),
        };
        let limits = Limits {
            disable: limit(30, 7),
            warn: limit(20, 4),
        };
        let since = Timestamp::UNIX_EPOCH;
        let verdict = |failures, hours, warned: Option<i64>| {
            let streak = Streak {
                failures,
                since,
                warned_at: warned.map(|hours| since + TimeDelta::hours(hours)),
            };
            limits.judge(&streak, since + TimeDelta::hours(hours))
        };
        for (failures, hours, warned, expected) in [
            (19, 1000, None, Verdict::GoOn),
            (20, 4 * 24 - 1, None, Verdict::GoOn),
            (20, 4 * 24, None, Verdict::Warn),
            (21, 5 * 24, Some(4 * 24), Verdict::GoOn),
            (21, 5 * 24, Some(-1), Verdict::Warn),
            (30, 7 * 24 - 1, None, Verdict::Warn),
            (30, 7 * 24, None, Verdict::Disable),
            (29, 700 * 24, Some(5), Verdict::GoOn),
        ] {
            assert_eq!(
                verdict(failures, hours, warned),
                expected,
                "{failures} {hours}"
            );
        }
        let never = Limits {
            disable: limit(0, 7),
            warn: limit(0, 4),
        };
        let streak = Streak {
            failures: 1000,
            since,
            warned_at: None,
        };
        assert_eq!(
            never.judge(&streak, since + TimeDelta::days(999)),
            Verdict::GoOn
        );
    }
}
