//! The first pages of sources, destinations and connections: verify, one query, the same JSON. Rows are
//! read in place, without a copy of their texts.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use sqlx::Row;
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use super::{Answer, Floor, Pool, broken, json};

macro_rules! actors {
    ($kind:literal) => {
        concat!(
            "SELECT id, name, short_name, definition_id, workspace_id, configuration, created_at, \
             resource_allocation FROM actors WHERE kind = '",
            $kind,
            "' AND deleted_at IS NULL ORDER BY created_at, id LIMIT 20"
        )
    };
}

const SOURCES: &str = actors!("source");
const DESTINATIONS: &str = actors!("destination");
const CONNECTIONS: &str = "SELECT id, name, source_id, destination_id, workspace_id, status, schedule, \
     non_breaking_changes, namespace_definition, namespace_format, prefix, streams, created_at, tagged, \
     status_reason FROM connections WHERE deleted_at IS NULL ORDER BY created_at, id LIMIT 20";

macro_rules! next {
    ($list:literal) => {
        concat!(
            r#"{"previous":"","next":"http://localhost/api/public/v1/"#,
            $list,
            r#"?includeDeleted=false&limit=20&offset=20","data":["#
        )
    };
}

pub(super) async fn sources(State(floor): State<Arc<Floor>>, headers: HeaderMap) -> Answer {
    let keys = ["{\"sourceId\":\"", ",\"sourceType\":"];
    actors(&floor, &headers, SOURCES, next!("sources"), keys).await
}

pub(super) async fn destinations(State(floor): State<Arc<Floor>>, headers: HeaderMap) -> Answer {
    let keys = ["{\"destinationId\":\"", ",\"destinationType\":"];
    actors(&floor, &headers, DESTINATIONS, next!("destinations"), keys).await
}

async fn actors(
    floor: &Floor,
    headers: &HeaderMap,
    query: &'static str,
    next: &str,
    keys: [&str; 2],
) -> Answer {
    let mut text = begin(floor, headers, next)?;
    on!(&floor.db, pool => {
        let rows = sqlx::query(query).fetch_all(pool).await.map_err(broken)?;
        for (at, row) in rows.iter().enumerate() {
            if at > 0 {
                text.push(b',');
            }
            text.extend_from_slice(keys[0].as_bytes());
            write_id(&mut text, row.get(0));
            text.extend_from_slice(b"\",\"name\":");
            write(&mut text, row.get(1))?;
            text.extend_from_slice(keys[1].as_bytes());
            write(&mut text, row.get(2))?;
            text.extend_from_slice(b",\"definitionId\":\"");
            write_id(&mut text, row.get(3));
            text.extend_from_slice(b"\",\"workspaceId\":\"");
            write_id(&mut text, row.get(4));
            text.extend_from_slice(b"\",\"configuration\":");
            text.extend_from_slice(row.get::<&str, _>(5).as_bytes());
            write_time(&mut text, row.get(6));
            if let Some(resources) = row.get::<Option<&str>, _>(7) {
                text.extend_from_slice(b",\"resourceAllocation\":");
                text.extend_from_slice(resources.as_bytes());
            }
            text.push(b'}');
        }
    });
    text.extend_from_slice(b"]}");
    Ok(json(text))
}

/// As it is stored.
#[derive(Deserialize)]
struct Schedule<'a> {
    r#type: &'a str,
    expression: Option<&'a str>,
}

pub(super) async fn connections(State(floor): State<Arc<Floor>>, headers: HeaderMap) -> Answer {
    let mut text = begin(&floor, &headers, next!("connections"))?;
    on!(&floor.db, pool => {
        let rows = sqlx::query(CONNECTIONS).fetch_all(pool).await.map_err(broken)?;
        for (at, row) in rows.iter().enumerate() {
            if at > 0 {
                text.push(b',');
            }
            text.extend_from_slice(b"{\"connectionId\":\"");
            write_id(&mut text, row.get(0));
            text.extend_from_slice(b"\",\"name\":");
            write(&mut text, row.get(1))?;
            text.extend_from_slice(b",\"sourceId\":\"");
            write_id(&mut text, row.get(2));
            text.extend_from_slice(b"\",\"destinationId\":\"");
            write_id(&mut text, row.get(3));
            text.extend_from_slice(b"\",\"workspaceId\":\"");
            write_id(&mut text, row.get(4));
            text.extend_from_slice(b"\",\"status\":");
            write(&mut text, row.get(5))?;
            let schedule: Schedule = serde_json::from_str(row.get(6)).map_err(broken)?;
            text.extend_from_slice(b",\"schedule\":{\"scheduleType\":");
            write(&mut text, schedule.r#type)?;
            if let Some(expression) = schedule.expression {
                text.extend_from_slice(b",\"cronExpression\":");
                write(&mut text, expression)?;
            }
            text.extend_from_slice(
                b"},\"dataResidency\":\"auto\",\"nonBreakingSchemaUpdatesBehavior\":",
            );
            write(&mut text, row.get(7))?;
            text.extend_from_slice(b",\"namespaceDefinition\":");
            write(&mut text, row.get(8))?;
            if let Some(format) = row.get(9) {
                text.extend_from_slice(b",\"namespaceFormat\":");
                write(&mut text, format)?;
            }
            text.extend_from_slice(b",\"prefix\":");
            write(&mut text, row.get(10))?;
            text.extend_from_slice(b",\"configurations\":{\"streams\":");
            text.extend_from_slice(row.get::<&str, _>(11).as_bytes());
            text.push(b'}');
            write_time(&mut text, row.get(12));
            // Whoever shows tags asks for them; here nothing has any.
            if row.get(13) {
                return Err(StatusCode::NOT_IMPLEMENTED);
            }
            text.extend_from_slice(b",\"tags\":[]");
            let reason: &str = row.get(14);
            if !reason.is_empty() {
                text.extend_from_slice(b",\"statusReason\":");
                write(&mut text, reason)?;
            }
            text.push(b'}');
        }
    });
    text.extend_from_slice(b"]}");
    Ok(json(text))
}

fn begin(floor: &Floor, headers: &HeaderMap, next: &str) -> Result<Vec<u8>, StatusCode> {
    if floor.verify(headers).is_none() {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let mut text = Vec::with_capacity(32 * 1024);
    text.extend_from_slice(next.as_bytes());
    Ok(text)
}

fn write(text: &mut Vec<u8>, value: &str) -> Result<(), StatusCode> {
    serde_json::to_writer(text, value).map_err(broken)
}

fn write_id(text: &mut Vec<u8>, id: Uuid) {
    let mut letters = [0; Hyphenated::LENGTH];
    text.extend_from_slice(id.as_hyphenated().encode_lower(&mut letters).as_bytes());
}

fn write_time(text: &mut Vec<u8>, at: DateTime<Utc>) {
    text.extend_from_slice(b",\"createdAt\":");
    text.extend_from_slice(at.timestamp().to_string().as_bytes());
}
