//! What lists of jobs may be asked for.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use utoipa::IntoParams;

use super::job_bodies::JobStatusEnum;
use super::page;
use crate::clock::Timestamp;
use crate::domain::ids::{ConnectionId, WorkspaceId};
use crate::domain::job::JobType;
use crate::domain::page::Page;
use crate::http::extract::{FromQuery, Parameters};
use crate::store::job_lists::{By, Wanted};

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct ListQuery {
    /// Only those of this connection; workspaceIds is not looked at then.
    #[param(value_type = Option<ConnectionId>)]
    pub(super) connection_id: Option<ConnectionId>,
    #[param(value_type = Option<JobType>)]
    job_type: Option<JobType>,
    /// Only those in these workspaces; each must be readable.
    #[param(required = false)]
    pub(super) workspace_ids: Vec<WorkspaceId>,
    #[param(value_type = Option<JobStatusEnum>)]
    pub(super) status: Option<JobStatusEnum>,
    /// Asked for at this time or later.
    #[param(value_type = Option<String>, format = DateTime)]
    created_at_start: Option<Moment>,
    #[param(value_type = Option<String>, format = DateTime)]
    created_at_end: Option<Moment>,
    /// Changed at this time or later.
    #[param(value_type = Option<String>, format = DateTime)]
    updated_at_start: Option<Moment>,
    #[param(value_type = Option<String>, format = DateTime)]
    updated_at_end: Option<Moment>,
    /// `createdAt` or `updatedAt`, `|`, `ASC` or `DESC`; `createdAt|ASC` without it.
    #[param(value_type = Option<String>)]
    order_by: Option<Order>,
    #[param(ignore)]
    pub(super) page: Page,
}

impl FromQuery for ListQuery {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            connection_id: parameters.optional("connectionId"),
            job_type: parameters.optional("jobType"),
            workspace_ids: parameters.list("workspaceIds"),
            status: parameters.optional("status"),
            created_at_start: parameters.optional("createdAtStart"),
            created_at_end: parameters.optional("createdAtEnd"),
            updated_at_start: parameters.optional("updatedAtStart"),
            updated_at_end: parameters.optional("updatedAtEnd"),
            order_by: parameters.optional("orderBy"),
            page: parameters.page_or_cursor(),
        }
    }
}

impl ListQuery {
    /// As the store reads it; a status that no job has is looked at by whoever asks.
    pub(super) fn wanted(&self) -> Wanted {
        let order = self.order_by.unwrap_or(Order {
            by: By::Creation,
            descending: false,
        });
        let at = |moment: &Option<Moment>| moment.as_ref().map(|moment| moment.at);
        Wanted {
            job_type: self.job_type,
            status: self.status.and_then(JobStatusEnum::meant),
            created: (at(&self.created_at_start), at(&self.created_at_end)),
            updated: (at(&self.updated_at_start), at(&self.updated_at_end)),
            by: order.by,
            descending: order.descending,
            page: self.page,
        }
    }

    /// As links keep it.
    pub(super) fn filters(&self) -> Vec<(&'static str, String)> {
        let mut filters = Vec::new();
        let mut keep = |name, value: Option<String>| {
            filters.extend(value.map(|value| (name, value)));
        };
        keep("jobType", self.job_type.map(|one| one.as_str().to_owned()));
        keep("connectionId", self.connection_id.map(|id| id.to_string()));
        if !self.workspace_ids.is_empty() {
            keep("workspaceIds", Some(page::commas(&self.workspace_ids)));
        }
        keep("status", self.status.map(|one| one.as_str().to_owned()));
        for (name, moment) in [
            ("createdAtStart", &self.created_at_start),
            ("createdAtEnd", &self.created_at_end),
            ("updatedAtStart", &self.updated_at_start),
            ("updatedAtEnd", &self.updated_at_end),
        ] {
            keep(name, moment.as_ref().map(|moment| moment.sent.clone()));
        }
        keep("orderBy", self.order_by.map(Order::spelled));
        filters
    }
}

/// A moment in a query, as it was sent.
#[derive(Debug, Clone)]
struct Moment {
    sent: String,
    at: Timestamp,
}

impl FromStr for Moment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A plus sign that was not encoded has become a space.
        let whole = text.replace(' ', "+");
        let at = DateTime::parse_from_rfc3339(&whole)
            .or_else(|_| DateTime::parse_from_rfc2822(text))
            .map_err(|_| "must be a time such as 2024-01-31T12:00:00Z")?;
        Ok(Self {
            sent: whole,
            at: at.with_timezone(&Utc),
        })
    }
}

/// What a list is ordered by.
#[derive(Debug, Clone, Copy)]
struct Order {
    by: By,
    descending: bool,
}

impl Order {
    fn spelled(self) -> String {
        let by = match self.by {
            By::Creation => "createdAt",
            By::Change => "updatedAt",
        };
        let direction = if self.descending { "DESC" } else { "ASC" };
        format!("{by}|{direction}")
    }
}

impl FromStr for Order {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "must be createdAt or updatedAt, then | and ASC or DESC";
        let (field, direction) = text.split_once('|').ok_or(WRONG)?;
        let by = match field.to_ascii_lowercase().as_str() {
            "createdat" => By::Creation,
            "updatedat" => By::Change,
            _ => return Err(WRONG),
        };
        let descending = match direction {
            "ASC" => false,
            "DESC" => true,
            _ => return Err(WRONG),
        };
        Ok(Self { by, descending })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_queries_come_in_many_spellings() {
        for (text, at) in [
            ("2024-06-09T00:00:00Z", "2024-06-09T00:00:00Z"),
            (
                "2024-06-09T00:00:00.123456789Z",
                "2024-06-09T00:00:00.123456789Z",
            ),
            ("2024-06-09T02:00:00+02:00", "2024-06-09T00:00:00Z"),
            ("2024-06-09T02:00:00 02:00", "2024-06-09T00:00:00Z"),
            ("Sun, 09 Jun 2024 00:00:00 GMT", "2024-06-09T00:00:00Z"),
        ] {
            let moment: Moment = text.parse().expect(text);
            assert_eq!(Ok(moment.at), at.parse(), "{text}");
        }
        for text in ["", "yesterday", "2024-06-09", "2024-06-09T00:00:00"] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }
}
