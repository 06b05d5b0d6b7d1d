//! Two rows of bars, one bar for each of the latest jobs: how many rows it moved, and how long it took.
//! Only shapes are drawn, so that it fits any width; the words stand around it, and the table below says
//! everything again.

use askama::Template;

use super::figures::{bytes, count, counted, span};
use super::words;
use crate::domain::job::ListedJob;
use crate::web::moment::Moment;

/// How many jobs are drawn.
pub(super) const MOST: u32 = 30;

/// The height of a row of bars.
const HIGH: i64 = 100;

/// The width that a bar has with the space beside it.
const WIDE: i64 = 20;

/// The drawing.
#[derive(Debug, Template)]
#[template(path = "connections/chart.html")]
pub(super) struct Chart {
    width: i64,
    bars: Vec<Bar>,
    most_rows: String,
    longest: String,
}

/// One job.
#[derive(Debug)]
struct Bar {
    address: String,
    /// From the left.
    x: i64,
    rows: i64,
    time: i64,
    class: &'static str,
    /// What it stands for.
    title: String,
}

impl Chart {
    /// Of jobs, the newest first; nothing for a single one or none.
    pub(super) fn of(jobs: &[ListedJob], address: impl Fn(i64) -> String) -> Option<Self> {
        if jobs.len() < 2 {
            return None;
        }
        let took = |job: &ListedJob| job.updated_at - job.created_at;
        let milliseconds = |job: &ListedJob| took(job).num_milliseconds();
        let most_rows = jobs.iter().map(|job| job.rows_committed).max().unwrap_or(0);
        let longest = jobs.iter().max_by_key(|job| milliseconds(job))?;
        let bars = jobs.iter().rev().zip(0..).map(|(job, at)| Bar {
            address: address(job.id),
            x: at * WIDE,
            rows: share(job.rows_committed, most_rows),
            time: share(milliseconds(job), milliseconds(longest)),
            class: words::job_class(job.status),
            title: format!(
                "Job {}, {}: {}, {}, {}, {}",
                job.id,
                Moment(job.created_at).words(),
                words::job_status(job.status),
                counted(job.rows_committed, "row", "rows"),
                bytes(job.bytes_committed),
                span(took(job)),
            ),
        });
        let bars: Vec<_> = bars.collect();
        Some(Self {
            width: WIDE * i64::from(MOST),
            bars,
            most_rows: count(most_rows),
            longest: span(took(longest)),
        })
    }
}

/// The height of a bar: one that stands for something can be seen.
fn share(of: i64, all: i64) -> i64 {
    if of <= 0 || all <= 0 {
        return 0;
    }
    let share = i128::from(of) * i128::from(HIGH) / i128::from(all);
    i64::try_from(share).unwrap_or(HIGH).clamp(2, HIGH)
}

impl Bar {
    /// The wide part of it.
    fn width() -> i64 {
        WIDE - 6
    }

    /// How far the bar of rows begins below the top.
    fn rows_top(&self) -> i64 {
        HIGH - self.rows
    }

    /// The same for the bar of time.
    fn time_top(&self) -> i64 {
        HIGH - self.time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_their_share() {
        assert_eq!([share(0, 10), share(5, 10), share(10, 10)], [0, 50, 100]);
        assert_eq!(share(1, i64::MAX), 2, "a little can be seen");
        assert_eq!(share(i64::MAX, i64::MAX), 100);
        assert_eq!(share(0, 0), 0);
    }
}
