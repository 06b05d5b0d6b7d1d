//! Rows of the audit log as they leave the server: one by one in a list, or all of them as a stream of JSON lines
//! or of rows for a spreadsheet.

use std::str::FromStr;
use std::sync::Arc;

use chrono::SecondsFormat;
use futures_util::{Stream, stream};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::granted::Granted;
use crate::access::policy::Administer;
use crate::app::App;
use crate::clock::Timestamp;
use crate::domain::audit::Entry;
use crate::domain::ids::{ApplicationId, OrganizationId, UserId};
use crate::domain::organization::Organization;
use crate::error::{Error, Result};
use crate::store::audit::{self, ListedEntry, Wanted};

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    #[schema(value_type = String, format = Uuid)]
    id: Uuid,
    #[schema(format = DateTime)]
    at: String,
    /// Who did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_email: Option<String>,
    /// Whose token it was done with; absent for what was done in the pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    application_id: Option<ApplicationId>,
    /// The operationId of the API or, for the pages, the method and the address.
    operation: String,
    subject_kind: String,
    subject_id: String,
    /// Absent for what a person did with their own account.
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_id: Option<OrganizationId>,
    /// Where the request came from.
    address: String,
    /// As in the X-Request-Id header and the server's log.
    request_id: String,
    outcome: String,
}

impl From<ListedEntry> for AuditEntry {
    fn from(listed: ListedEntry) -> Self {
        let Entry {
            id,
            at,
            user_id,
            application_id,
            operation,
            subject_kind,
            subject_id,
            organization_id,
            address,
            request_id,
            outcome,
        } = listed.entry;
        Self {
            id,
            at: time(at),
            user_id,
            user_email: listed.user_email,
            application_id,
            operation,
            subject_kind,
            subject_id,
            organization_id,
            address,
            request_id,
            outcome,
        }
    }
}

/// How an export is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Lines,
    Table,
}

impl FromStr for Format {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "jsonl" => Ok(Self::Lines),
            "csv" => Ok(Self::Table),
            _ => Err("must be jsonl or csv"),
        }
    }
}

impl Format {
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Lines => "application/jsonl",
            Self::Table => "text/csv; charset=utf-8",
        }
    }

    /// For the header that gives the file its name.
    #[must_use]
    pub fn disposition(self) -> &'static str {
        match self {
            Self::Lines => "attachment; filename=\"audit-log.jsonl\"",
            Self::Table => "attachment; filename=\"audit-log.csv\"",
        }
    }

    fn write(self, entry: &AuditEntry, text: &mut Vec<u8>) -> Result<()> {
        match self {
            Self::Lines => {
                serde_json::to_writer(&mut *text, entry).map_err(Error::internal)?;
                text.push(b'\n');
            }
            Self::Table => {
                let cells = entry.cells().map(|cell| quoted(&cell));
                text.extend(cells.join(",").bytes());
                text.extend(b"\r\n");
            }
        }
        Ok(())
    }
}

const COLUMNS: [&str; 12] = [
    "at",
    "userId",
    "userEmail",
    "applicationId",
    "operation",
    "subjectKind",
    "subjectId",
    "organizationId",
    "address",
    "requestId",
    "outcome",
    "id",
];

impl AuditEntry {
    /// As the columns have them.
    fn cells(&self) -> [String; COLUMNS.len()] {
        fn some(value: Option<&impl ToString>) -> String {
            value.map(ToString::to_string).unwrap_or_default()
        }
        [
            self.at.clone(),
            some(self.user_id.as_ref()),
            some(self.user_email.as_ref()),
            some(self.application_id.as_ref()),
            self.operation.clone(),
            self.subject_kind.clone(),
            self.subject_id.clone(),
            some(self.organization_id.as_ref()),
            self.address.clone(),
            self.request_id.clone(),
            self.outcome.clone(),
            self.id.to_string(),
        ]
    }
}

/// A cell that no spreadsheet takes for a formula, whatever somebody chose as their address.
fn quoted(cell: &str) -> String {
    let guard = if cell.starts_with(['=', '+', '-', '@']) {
        "'"
    } else {
        ""
    };
    format!("\"{guard}{}\"", cell.replace('"', "\"\""))
}

/// Every row that is wanted, the newest first, in pieces.
pub fn export(
    app: Arc<App>,
    host: Granted<Organization, Administer>,
    wanted: Wanted,
    format: Format,
) -> impl Stream<Item = Result<Vec<u8>>> + Send + 'static {
    let head = match format {
        Format::Lines => Vec::new(),
        Format::Table => format!("{}\r\n", COLUMNS.join(",")).into_bytes(),
    };
    let rows = Rows {
        app,
        host,
        wanted,
        format,
        head,
        last: None,
    };
    stream::try_unfold(rows, |mut rows| async move {
        Ok(rows.next().await?.map(|piece| (piece, rows)))
    })
}

/// What is left of an export.
struct Rows {
    app: Arc<App>,
    host: Granted<Organization, Administer>,
    wanted: Wanted,
    format: Format,
    /// What comes before the first row.
    head: Vec<u8>,
    last: Option<Entry>,
}

impl Rows {
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let mut db = self.app.db.read().await?;
        let last = self.last.as_ref();
        let found = audit::before(&mut db, &self.host, &self.wanted, last).await?;
        drop(db);
        let mut text = std::mem::take(&mut self.head);
        if let Some(listed) = found.last() {
            self.last = Some(listed.entry.clone());
        } else if text.is_empty() {
            return Ok(None);
        }
        for listed in found {
            self.format.write(&AuditEntry::from(listed), &mut text)?;
        }
        Ok(Some(text))
    }
}

/// A moment as lists and exports write it.
#[must_use]
pub fn time(moment: Timestamp) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_cell_is_quoted_and_no_formula() {
        for (cell, expected) in [
            ("ada@example.org", "\"ada@example.org\""),
            ("", "\"\""),
            ("a\"b,c", "\"a\"\"b,c\""),
            ("=1+1@example.org", "\"'=1+1@example.org\""),
        ] {
            assert_eq!(quoted(cell), expected);
        }
    }
}
