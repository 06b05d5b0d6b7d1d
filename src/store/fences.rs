//! Fences: where every 256th workspace of a list stands, kept in memory, so that a page deep inside a
//! long list is found by an index instead of by counting from the start. Only rows older than a minute
//! are fenced, because nothing is inserted before them any more; a removal anywhere raises a counter,
//! and fences built under another count are thrown away. So a fenced page is exactly what plain
//! counting would give.

use std::collections::HashMap;

use chrono::TimeDelta;
use tokio::sync::Mutex;

use super::db::{Exec, on};
use crate::access::granted::Position;
use crate::clock::Timestamp;
use crate::domain::ids::{OrganizationId, WorkspaceId};
use crate::error::{Error, Result};

/// How many rows lie between two fences; the statements say it too.
const APART: usize = 256;

/// Nearer than this, counting costs little.
const NEAR: usize = 1024;

/// How long clocks and transactions may disagree about what is newest.
const SETTLED: TimeDelta = TimeDelta::seconds(60);

const REMOVED: &str = "SELECT value FROM counters WHERE name = 'workspaces_removed'";
const BUILD: &str = "SELECT created_at, id FROM (SELECT created_at, id, \
    ROW_NUMBER() OVER (ORDER BY created_at, id) AS number FROM workspaces \
    WHERE deleted_at IS NULL AND created_at < $1) AS numbered WHERE number % 256 = 0 ORDER BY number";
const BUILD_OF_ONE: &str = "SELECT created_at, id FROM (SELECT created_at, id, \
    ROW_NUMBER() OVER (ORDER BY created_at, id) AS number FROM workspaces \
    WHERE organization_id = $2 AND deleted_at IS NULL AND created_at < $1) AS numbered \
    WHERE number % 256 = 0 ORDER BY number";

pub(super) const STATEMENTS: &[&str] = &[REMOVED, BUILD, BUILD_OF_ONE];

/// The fences of the lists that somebody went deep into.
#[derive(Debug, Default)]
pub struct Fences {
    lines: Mutex<HashMap<Option<OrganizationId>, Line>>,
}

#[derive(Debug)]
struct Line {
    /// How many workspaces had been removed when it was built.
    removed: i64,
    built_at: Timestamp,
    posts: Vec<Position>,
}

impl Line {
    /// Whether more fences would help to get to `offset`, and could be there by now.
    fn too_short(&self, offset: usize, now: Timestamp) -> bool {
        offset > self.posts.len() * APART + NEAR && now - self.built_at > SETTLED
    }
}

impl Fences {
    /// The last fence before `offset` in the list of everything or of one organization, and how many
    /// rows to skip after it. `None` when counting from the start is as good.
    pub(super) async fn before(
        &self,
        db: &mut dyn Exec,
        now: Timestamp,
        organization: Option<OrganizationId>,
        offset: u32,
    ) -> Result<Option<(Position, i64)>> {
        let offset = offset as usize;
        if offset < NEAR {
            return Ok(None);
        }
        let removed: i64 = on!(db, link => sqlx::query_scalar(REMOVED).fetch_one(link).await)
            .map_err(Error::store)?;
        let mut lines = self.lines.lock().await;
        let stale = |line: &Line| line.removed != removed || line.too_short(offset, now);
        if lines.get(&organization).is_none_or(stale) {
            let posts = build(db, now, organization).await?;
            lines.insert(
                organization,
                Line {
                    removed,
                    built_at: now,
                    posts,
                },
            );
        }
        let posts = lines.get(&organization).map_or(&[][..], |line| &line.posts);
        let passed = (offset / APART).min(posts.len());
        let Some(post) = passed.checked_sub(1).map(|last| posts[last]) else {
            return Ok(None);
        };
        let rest = i64::try_from(offset - passed * APART).map_err(Error::internal)?;
        Ok(Some((post, rest)))
    }
}

async fn build(
    db: &mut dyn Exec,
    now: Timestamp,
    organization: Option<OrganizationId>,
) -> Result<Vec<Position>> {
    let rows: Vec<(Timestamp, WorkspaceId)> = match organization {
        None => on!(db, link => sqlx::query_as(BUILD).bind(now - SETTLED).fetch_all(link).await),
        Some(organization) => on!(db, link => {
            sqlx::query_as(BUILD_OF_ONE).bind(now - SETTLED).bind(organization).fetch_all(link).await
        }),
    }
    .map_err(Error::store)?;
    Ok(rows
        .into_iter()
        .map(|(created_at, id)| Position { created_at, id })
        .collect())
}
