//! What is sent to describe a connection, and how its streams are described.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::connection::{Namespace, NonBreakingChanges, Status};
use crate::domain::ids::{ActorId, TagId};
use crate::domain::offer::ConnectionSyncMode;
use crate::domain::schedule::Schedule;
use crate::domain::stream::{SelectedField, StreamChoice};
use crate::domain::tag::Tag;
use crate::domain::text::Name;
use crate::error::{Error, Fault, Result};
use crate::ops::connections::Change;

/// A connection to be made. Null counts as absent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionCreateRequest {
    pub(super) source_id: ActorId,
    /// In the same workspace.
    pub(super) destination_id: ActorId,
    /// Without it, the names of both.
    name: Option<Name>,
    /// Without streams, everything that the source offers.
    configurations: Option<StreamConfigurations>,
    schedule: Option<AirbyteApiConnectionSchedule>,
    /// Accepted and ignored: there is one region.
    #[serde(rename = "dataResidency")]
    #[schema(value_type = Option<String>, deprecated)]
    _data_residency: Option<serde::de::IgnoredAny>,
    namespace_definition: Option<Namespace>,
    /// For `custom_format`: `${SOURCE_NAMESPACE}` stands for the stream's own.
    namespace_format: Option<String>,
    #[schema(default = "")]
    prefix: Option<String>,
    non_breaking_schema_updates_behavior: Option<NonBreakingChanges>,
    status: Option<Status>,
    #[schema(value_type = Option<Vec<Tag>>)]
    tags: Option<Vec<TagReference>>,
}

/// What to change; what is absent or null stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionPatchRequest {
    name: Option<Name>,
    /// In place of all streams; an empty list changes nothing.
    configurations: Option<StreamConfigurations>,
    schedule: Option<AirbyteApiConnectionSchedule>,
    /// Accepted and ignored: there is one region.
    #[serde(rename = "dataResidency")]
    #[schema(value_type = Option<String>, deprecated)]
    _data_residency: Option<serde::de::IgnoredAny>,
    namespace_definition: Option<Namespace>,
    namespace_format: Option<String>,
    prefix: Option<String>,
    non_breaking_schema_updates_behavior: Option<NonBreakingChanges>,
    /// `deprecated` deletes it.
    status: Option<Status>,
    /// In place of all tags.
    #[schema(value_type = Option<Vec<Tag>>)]
    tags: Option<Vec<TagReference>>,
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct StreamConfigurations {
    #[schema(value_type = Option<Vec<StreamConfiguration>>)]
    streams: Option<Vec<StreamChoice>>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AirbyteApiConnectionSchedule {
    schedule_type: ScheduleTypeEnum,
    /// Six or seven fields as Quartz has them, and a time zone if it is not UTC.
    cron_expression: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleTypeEnum {
    /// An expression that comes along is forgotten.
    Manual,
    Cron,
}

/// A tag by its id; the rest of it is not looked at.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TagReference {
    tag_id: TagId,
}

impl ConnectionCreateRequest {
    pub(super) fn wish(self) -> Result<Change> {
        change(Parts {
            name: self.name,
            configurations: self.configurations,
            schedule: self.schedule,
            namespace: self.namespace_definition,
            namespace_format: self.namespace_format,
            prefix: self.prefix,
            non_breaking_changes: self.non_breaking_schema_updates_behavior,
            status: self.status,
            tags: self.tags,
        })
    }
}

impl ConnectionPatchRequest {
    pub(super) fn wish(self) -> Result<Change> {
        change(Parts {
            name: self.name,
            configurations: self.configurations,
            schedule: self.schedule,
            namespace: self.namespace_definition,
            namespace_format: self.namespace_format,
            prefix: self.prefix,
            non_breaking_changes: self.non_breaking_schema_updates_behavior,
            status: self.status,
            tags: self.tags,
        })
    }
}

/// What both requests have in common.
struct Parts {
    name: Option<Name>,
    configurations: Option<StreamConfigurations>,
    schedule: Option<AirbyteApiConnectionSchedule>,
    namespace: Option<Namespace>,
    namespace_format: Option<String>,
    prefix: Option<String>,
    non_breaking_changes: Option<NonBreakingChanges>,
    status: Option<Status>,
    tags: Option<Vec<TagReference>>,
}

fn change(parts: Parts) -> Result<Change> {
    let mut faults = Vec::new();
    for (field, text) in [
        ("prefix", &parts.prefix),
        ("namespaceFormat", &parts.namespace_format),
    ] {
        if text.as_ref().is_some_and(|text| text.contains('\0')) {
            let why = "must not contain the NUL character";
            faults.push(Fault::in_body(format!("/{field}"), why));
        }
    }
    let schedule = match parts.schedule.map(schedule).transpose() {
        Ok(schedule) => schedule,
        Err(fault) => {
            faults.push(fault);
            None
        }
    };
    if !faults.is_empty() {
        return Err(Error::faults(faults));
    }
    let streams = parts.configurations.and_then(|all| all.streams);
    Ok(Change {
        name: parts.name.map(String::from),
        status: parts.status,
        schedule,
        namespace: parts.namespace,
        namespace_format: parts.namespace_format,
        prefix: parts.prefix,
        non_breaking_changes: parts.non_breaking_changes,
        streams: streams.unwrap_or_default(),
        tags: parts
            .tags
            .map(|tags| tags.into_iter().map(|tag| tag.tag_id).collect()),
    })
}

fn schedule(sent: AirbyteApiConnectionSchedule) -> Result<Schedule, Fault> {
    let fault = |why| Fault::in_body("/schedule/cronExpression", why);
    match (sent.schedule_type, sent.cron_expression) {
        (ScheduleTypeEnum::Manual, _) => Ok(Schedule::Manual),
        (ScheduleTypeEnum::Cron, None) => {
            Err(fault("is required for this scheduleType".to_owned()))
        }
        (ScheduleTypeEnum::Cron, Some(text)) => text.parse().map(Schedule::Cron).map_err(fault),
    }
}

/// A stream of a connection. This type describes; [`StreamChoice`] is what is read and written.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StreamConfiguration {
    name: String,
    namespace: Option<String>,
    sync_mode: Option<ConnectionSyncMode>,
    /// The path of the cursor.
    cursor_field: Option<Vec<String>>,
    /// The paths of the key's parts.
    primary_key: Option<Vec<Vec<String>>>,
    include_files: Option<bool>,
    destination_object_name: Option<String>,
    /// Only these columns; all when empty.
    selected_fields: Option<Vec<SelectedField>>,
    mappers: Option<Vec<ConfiguredStreamMapper>>,
}

/// What happens to the records of a stream on their way, in order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfiguredStreamMapper {
    /// Given by the server when absent.
    id: Option<Uuid>,
    #[serde(rename = "type")]
    kind: StreamMapperType,
    /// As the type wants it. The key of AES is masked when it is read.
    #[schema(value_type = Object)]
    mapper_configuration: serde_json::Value,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StreamMapperType {
    Hashing,
    FieldRenaming,
    RowFiltering,
    Encryption,
    FieldFiltering,
}
