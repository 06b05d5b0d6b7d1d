//! Reading jobs: one with what its door needs, and lists by any filter in either order. A list first finds
//! the keys of its page along an index, then the rows. Whoever filters by one time and orders by the other
//! is helped by what every job keeps to: it changes after it was created, and for no longer than the
//! longest job took.

use chrono::TimeDelta;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::db::{Exec, Link, on};
use super::listing::Reach;
use super::lists::padded;
use crate::access::granted::{Extent, Granted, Lookup};
use crate::access::policy::Read;
use crate::clock::Timestamp;
use crate::domain::connection::Connection;
use crate::domain::ids::{ConnectionId, OrganizationId, WorkspaceId};
use crate::domain::job::{Job, JobId, JobStatus, JobType, ListedJob};
use crate::domain::page::{Mark, Page, Slice};
use crate::error::{Error, Result};

const FETCH: &str = "SELECT j.id, j.connection_id, j.workspace_id, j.job_type, j.status, j.streams, j.run_at, \
     j.cancel_requested_at, j.attempts, j.complete_failures, j.complete_failures_in_a_row, \
     j.partial_failures, j.partial_failures_in_a_row, j.rows_committed, j.bytes_committed, j.failure, \
     j.created_at, j.updated_at, w.organization_id \
     FROM jobs j JOIN workspaces w ON w.id = j.workspace_id WHERE j.id = $1";
/// The longest job that has ended, in seconds, and since when the oldest one has not.
const LONGEST: &str = "SELECT value, (SELECT MIN(created_at) FROM jobs \
     WHERE status IN ('pending', 'running', 'incomplete')) FROM counters WHERE name = 'longest_job_seconds'";

pub(super) const STATEMENTS: &[&str] = &[FETCH, LONGEST];

/// A job with what its door needs to know.
#[derive(Debug, sqlx::FromRow)]
pub struct Found {
    #[sqlx(flatten)]
    pub job: Job,
    /// Of its workspace.
    pub organization_id: OrganizationId,
}

/// Whose jobs a list may show.
#[derive(Debug, Clone, Copy)]
pub enum Whose<'a> {
    Connection(&'a Granted<Connection, Read>),
    Within(Reach<'a>),
}

/// From when to when, both ends included.
pub type Span = (Option<Timestamp>, Option<Timestamp>);

/// What a list is ordered by; the id comes second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Creation,
    Change,
}

impl By {
    fn column(self) -> &'static str {
        match self {
            Self::Creation => "created_at",
            Self::Change => "updated_at",
        }
    }
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    pub job_type: Option<JobType>,
    pub status: Option<JobStatus>,
    pub created: Span,
    pub updated: Span,
    pub by: By,
    pub descending: bool,
    pub page: Page,
}

pub async fn fetch(db: &mut dyn Exec, id: Lookup<JobId>) -> Result<Option<Found>> {
    on!(db, link => sqlx::query_as(FETCH).bind(id.id()).fetch_optional(link).await)
        .map_err(Error::store)
}

/// One page of jobs.
pub async fn list(
    db: &mut dyn Exec,
    now: Timestamp,
    whose: Whose<'_>,
    wanted: &Wanted,
) -> Result<Slice<ListedJob>> {
    let mut terms = Terms::default();
    if !terms.whose(whose) {
        return Ok(Slice::whole(Vec::new(), false));
    }
    let wanted = implied(db, now, wanted).await?;
    let sqlite = matches!(db.link(), Link::Sqlite(_));
    terms.wanted(&wanted, sqlite);
    let text = terms.text(&wanted);
    let values = terms.values;
    let rows = on!(db, link => {
        let query = values.into_iter().fold(sqlx::query_as(AssertSqlSafe(text)), |query, value| match value {
            Bound::Id(id) => query.bind(id),
            Bound::Time(time) => query.bind(time),
            Bound::Number(number) => query.bind(number),
        });
        query.fetch_all(link).await
    })
    .map_err(Error::store)?;
    let found: Slice<ListedJob> = Slice::of(wanted.page, rows);
    Ok(found.marked(wanted.page, |job| {
        let at = match wanted.by {
            By::Creation => job.created_at,
            By::Change => job.updated_at,
        };
        Mark::numbered(at, job.id)
    }))
}

/// The wishes with the bounds that follow from them for the time that the list is ordered by.
async fn implied(db: &mut dyn Exec, now: Timestamp, wanted: &Wanted) -> Result<Wanted> {
    let mut wanted = *wanted;
    let (other, own) = match wanted.by {
        By::Creation => (wanted.updated, wanted.created),
        By::Change => (wanted.created, wanted.updated),
    };
    if other == (None, None) || (own.0.is_some() && own.1.is_some()) {
        return Ok(wanted);
    }
    let (seconds, oldest): (i64, Option<Timestamp>) =
        on!(db, link => sqlx::query_as(LONGEST).fetch_one(link).await).map_err(Error::store)?;
    let ended = TimeDelta::try_seconds(seconds.saturating_add(1)).unwrap_or(TimeDelta::MAX);
    let live = oldest.map_or(TimeDelta::zero(), |oldest| now - oldest);
    // Clocks of several servers may differ by a little.
    let longest = ended.max(live) + TimeDelta::minutes(1);
    match wanted.by {
        By::Change => {
            let latest = other.1.and_then(|end| end.checked_add_signed(longest));
            wanted.updated = (own.0.or(other.0), own.1.or(latest));
        }
        By::Creation => {
            let earliest = other.0.and_then(|start| start.checked_sub_signed(longest));
            wanted.created = (own.0.or(earliest), own.1.or(other.1));
        }
    }
    Ok(wanted)
}

enum Bound {
    Id(Uuid),
    Time(Timestamp),
    Number(i64),
}

/// The most workspaces that are walked one by one. A sort of all their jobs is dearer for few, and cheaper
/// for many.
const WALKED: usize = 32;

/// The conditions of a statement. Nothing of a value gets into its text.
#[derive(Default)]
struct Terms {
    /// Whether the organization of the workspace is asked for.
    hosts: bool,
    /// The places of workspaces of which each is walked along its index.
    walked: Vec<String>,
    conditions: String,
    values: Vec<Bound>,
}

impl Terms {
    fn value(&mut self, value: Bound) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    fn condition(&mut self, condition: &str) {
        let before = if self.conditions.is_empty() {
            " WHERE "
        } else {
            " AND "
        };
        self.conditions.push_str(before);
        self.conditions.push_str(condition);
    }

    /// `column = $1`, or `column IN (…)`; `None` for no ids.
    fn one_of<Id: Copy + Into<Uuid>>(&mut self, column: &str, ids: &[Id]) -> Option<String> {
        let padded = padded(ids)?;
        let places: Vec<_> = padded
            .iter()
            .map(|&id| self.value(Bound::Id(id.into())))
            .collect();
        Some(match places.as_slice() {
            [one] => format!("{column} = {one}"),
            several => format!("{column} IN ({})", several.join(", ")),
        })
    }

    /// Each of these workspaces in turn; few different texts exist, because what is missing to a power of
    /// two is a workspace that nobody has.
    fn walk(&mut self, ids: &[WorkspaceId]) {
        // Whoever is named twice is there once.
        let mut ids: Vec<Uuid> = ids.iter().map(|&id| id.into()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.resize(ids.len().next_power_of_two(), Uuid::nil());
        self.walked = ids
            .into_iter()
            .map(|id| self.value(Bound::Id(id)))
            .collect();
    }

    /// Says whether there can be anything at all.
    fn whose(&mut self, whose: Whose<'_>) -> bool {
        let found = match whose {
            Whose::Connection(connection) => {
                let ids: [ConnectionId; 1] = [connection.id];
                self.one_of("jobs.connection_id", &ids)
            }
            Whose::Within(Reach::Places(places)) => {
                let ids = places.ids();
                if (2..=WALKED).contains(&ids.len()) {
                    self.walk(ids);
                    return true;
                }
                self.one_of("jobs.workspace_id", ids)
            }
            Whose::Within(Reach::Scope(scope)) => match scope.extent() {
                Extent::Everything => return true,
                Extent::Parts {
                    organizations,
                    workspaces,
                } => {
                    let ids: Vec<_> = workspaces.iter().map(|position| position.id).collect();
                    let hosted = self.one_of("w.organization_id", organizations);
                    let single = self.one_of("jobs.workspace_id", &ids);
                    self.hosts = hosted.is_some();
                    match (hosted, single) {
                        (Some(hosted), Some(single)) => Some(format!("({hosted} OR {single})")),
                        (one, other) => one.or(other),
                    }
                }
            },
        };
        match found {
            Some(condition) => self.condition(&condition),
            None => return false,
        }
        if self.hosts {
            self.condition("w.id = jobs.workspace_id");
        }
        true
    }

    fn wanted(&mut self, wanted: &Wanted, sqlite: bool) {
        let everywhere = self.walked.is_empty() && (self.hosts || self.conditions.is_empty());
        if let Some(job_type) = wanted.job_type {
            self.condition(&format!("jobs.job_type = '{}'", job_type.as_str()));
            if job_type != JobType::Sync {
                // So that SQLite sees that the partial index has them all.
                self.condition("jobs.job_type <> 'sync'");
            }
        }
        if let Some(status) = wanted.status {
            // The few of all that went wrong have an index; where few jobs are, those are looked through.
            let indexed = everywhere && matches!(status, JobStatus::Failed | JobStatus::Cancelled);
            if indexed {
                // As above.
                self.condition("jobs.status IN ('failed', 'cancelled')");
            }
            // SQLite believes every status to be rare, and would sort all that have it.
            let common = !indexed && matches!(status, JobStatus::Succeeded | JobStatus::Failed);
            let aside = if sqlite && common && wanted.by == By::Change {
                "+"
            } else {
                ""
            };
            self.condition(&format!("{aside}jobs.status = '{}'", status.as_str()));
        }
        for (column, (start, end)) in [
            ("jobs.created_at", wanted.created),
            ("jobs.updated_at", wanted.updated),
        ] {
            for (sign, bound) in [(">=", start), ("<=", end)] {
                if let Some(bound) = bound {
                    let place = self.value(Bound::Time(bound));
                    self.condition(&format!("{column} {sign} {place}"));
                }
            }
        }
        if let Some(mark) = wanted.page.after() {
            let column = wanted.by.column();
            let sign = if wanted.descending { '<' } else { '>' };
            let at = self.value(Bound::Time(mark.at));
            let id = self.value(Bound::Number(mark.number()));
            self.condition(&format!("(jobs.{column}, jobs.id) {sign} ({at}, {id})"));
        }
    }

    fn text(&mut self, wanted: &Wanted) -> String {
        let column = wanted.by.column();
        let direction = if wanted.descending { "DESC" } else { "ASC" };
        let order =
            |table| format!("ORDER BY {table}.{column} {direction}, {table}.id {direction}");
        // The usual pages carry their limit as text: PostgreSQL plans a bound one anew each time.
        let limit = wanted.page.one_more();
        let bounds = match (wanted.page.limit, wanted.page.offset) {
            (20 | 100, 0) => format!("LIMIT {limit}"),
            (_, offset) => {
                let limit = self.value(Bound::Number(i64::try_from(limit).unwrap_or(i64::MAX)));
                let offset = self.value(Bound::Number(i64::from(offset)));
                format!("LIMIT {limit} OFFSET {offset}")
            }
        };
        let keys = if self.walked.is_empty() {
            // A cross join, because SQLite then keeps to the order: jobs first, along the index.
            let hosts = if self.hosts {
                " CROSS JOIN workspaces w"
            } else {
                ""
            };
            let conditions = &self.conditions;
            format!(
                "SELECT jobs.id FROM jobs{hosts}{conditions} {} {bounds}",
                order("jobs")
            )
        } else {
            let walks = self.walks(wanted, column, &order("jobs"));
            format!(
                "SELECT jobs.id FROM ({walks}) AS jobs {} {bounds}",
                order("jobs")
            )
        };
        format!(
            "SELECT j.id, j.connection_id, j.job_type, j.status, j.rows_committed, j.bytes_committed, \
             j.created_at, j.updated_at FROM ({keys}) AS keys JOIN jobs j ON j.id = keys.id {}",
            order("j"),
        )
    }

    /// The first jobs of each workspace, as many as could come onto the page.
    fn walks(&mut self, wanted: &Wanted, column: &str, order: &str) -> String {
        let reach = wanted.page.offset() + wanted.page.one_more();
        let reach = match (wanted.page.limit, wanted.page.offset) {
            (20 | 100, 0) => reach.to_string(),
            _ => self.value(Bound::Number(i64::try_from(reach).unwrap_or(i64::MAX))),
        };
        let conditions = self.conditions.replacen(" WHERE ", " AND ", 1);
        let walk = |place: &String| {
            format!(
                "SELECT * FROM (SELECT jobs.id, jobs.{column} FROM jobs WHERE jobs.workspace_id = {place}\
                 {conditions} {order} LIMIT {reach}) AS walk"
            )
        };
        let walks: Vec<_> = self.walked.iter().map(walk).collect();
        walks.join(" UNION ALL ")
    }
}
