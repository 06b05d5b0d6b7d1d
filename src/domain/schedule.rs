//! When a connection runs by itself.

use std::str::FromStr;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::cron::CronText;
use crate::clock::Timestamp;

/// When a connection runs by itself. Kept as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    rename_all = "snake_case",
    tag = "type",
    try_from = "Stored",
    into = "Stored"
)]
pub enum Schedule {
    /// Only when asked to.
    Manual,
    Cron(CronText),
    /// Every so often, counted from the start of the run before. It can be read, not made, by the API.
    Basic {
        every: u32,
        unit: Unit,
    },
}

/// What a [`Schedule::Basic`] counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    Minutes,
    Hours,
    Days,
    Weeks,
    /// Of 30 days.
    Months,
}

/// The least time between two starts by cron, so that one tick never fires twice.
const APART: TimeDelta = TimeDelta::seconds(60);

impl Schedule {
    /// When to start next, after a run that began at `last` (if there was one), seen from `now`.
    #[must_use]
    pub fn next(&self, last: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Manual => None,
            Self::Cron(cron) => {
                let apart = last.map(|last| last + APART - TimeDelta::microseconds(1));
                cron.next_after(apart.map_or(now, |apart| apart.max(now)))
            }
            Self::Basic { every, unit } => Some(match last {
                Some(last) => {
                    (last + unit.length() * i32::try_from(*every).unwrap_or(i32::MAX)).max(now)
                }
                None => now,
            }),
        }
    }

    /// As the API says it: `manual`, `cron` or `basic`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Cron(_) => "cron",
            Self::Basic { .. } => "basic",
        }
    }

    /// `Every 24 HOURS`, for a basic schedule.
    #[must_use]
    pub fn basic_timing(&self) -> Option<String> {
        match self {
            Self::Basic { every, unit } => Some(timing(*every, *unit)),
            _ => None,
        }
    }
}

/// A schedule as the API says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConnectionScheduleResponse)]
pub struct Told {
    #[schema(inline)]
    pub schedule_type: Kind,
    /// As it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cron_expression: Option<String>,
    /// Such as `Every 24 HOURS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basic_timing: Option<String>,
}

/// The kinds of schedules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Manual,
    Cron,
    Basic,
}

impl Told {
    /// Reads a stored schedule for showing it: a page of connections should not parse a page of cron
    /// expressions.
    ///
    /// # Errors
    /// When it is not what is stored.
    pub fn of_stored(text: &str) -> serde_json::Result<Self> {
        let (schedule_type, cron_expression, basic_timing) = match serde_json::from_str(text)? {
            Stored::Manual => (Kind::Manual, None, None),
            Stored::Cron { expression } => (Kind::Cron, Some(expression), None),
            Stored::Basic { every, unit } => (Kind::Basic, None, Some(timing(every, unit))),
        };
        Ok(Self {
            schedule_type,
            cron_expression,
            basic_timing,
        })
    }
}

fn timing(every: u32, unit: Unit) -> String {
    format!("Every {every} {}", unit.as_str())
}

impl Unit {
    fn length(self) -> TimeDelta {
        match self {
            Self::Minutes => TimeDelta::minutes(1),
            Self::Hours => TimeDelta::hours(1),
            Self::Days => TimeDelta::days(1),
            Self::Weeks => TimeDelta::weeks(1),
            Self::Months => TimeDelta::days(30),
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Minutes => "MINUTES",
            Self::Hours => "HOURS",
            Self::Days => "DAYS",
            Self::Weeks => "WEEKS",
            Self::Months => "MONTHS",
        }
    }
}

/// The stored form.
#[derive(Serialize, Deserialize, Clone)]
#[serde(rename_all = "snake_case", tag = "type")]
enum Stored {
    Manual,
    Cron { expression: String },
    Basic { every: u32, unit: Unit },
}

impl From<Schedule> for Stored {
    fn from(schedule: Schedule) -> Self {
        match schedule {
            Schedule::Manual => Self::Manual,
            Schedule::Cron(cron) => Self::Cron {
                expression: cron.as_str().to_owned(),
            },
            Schedule::Basic { every, unit } => Self::Basic { every, unit },
        }
    }
}

impl TryFrom<Stored> for Schedule {
    type Error = String;

    fn try_from(stored: Stored) -> Result<Self, String> {
        Ok(match stored {
            Stored::Manual => Self::Manual,
            Stored::Cron { expression } => Self::Cron(CronText::from_str(&expression)?),
            Stored::Basic { every, unit } => Self::Basic { every, unit },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn a_schedule_says_when_to_start_next() {
        let now = at("2026-01-31T12:00:30Z");
        let cron = Schedule::Cron("0 * * * * ?".parse().expect("an expression"));
        let daily = Schedule::Basic {
            every: 24,
            unit: Unit::Hours,
        };
        assert_eq!(Schedule::Manual.next(None, now), None);
        assert_eq!(cron.next(None, now), Some(at("2026-01-31T12:01:00Z")));
        // The tick at 12:01 came early by a little: it does not fire again.
        let early = at("2026-01-31T12:00:59.999Z");
        assert_eq!(
            cron.next(Some(early), early),
            Some(at("2026-01-31T12:02:00Z"))
        );
        assert_eq!(daily.next(None, now), Some(now));
        assert_eq!(
            daily.next(Some(at("2026-01-31T06:00:00Z")), now),
            Some(at("2026-02-01T06:00:00Z"))
        );
        assert_eq!(daily.next(Some(at("2026-01-29T06:00:00Z")), now), Some(now));
        assert_eq!(daily.basic_timing().as_deref(), Some("Every 24 HOURS"));
    }

    #[test]
    fn a_schedule_survives_being_stored() {
        for schedule in [
            Schedule::Manual,
            Schedule::Cron("0 0 12 * * ? UTC".parse().expect("an expression")),
            Schedule::Basic {
                every: 1,
                unit: Unit::Months,
            },
        ] {
            let text = serde_json::to_string(&schedule).expect("JSON");
            assert_eq!(
                serde_json::from_str::<Schedule>(&text).expect("a schedule"),
                schedule,
                "{text}"
            );
        }
    }
}
