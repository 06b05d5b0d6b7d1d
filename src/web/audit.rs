//! The audit log of an organization: filtered, in pages, and as a file to take away.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::{Days, NaiveDate, NaiveTime};

use crate::access::doors;
use crate::access::policy::Administer;
use crate::app::App;
use crate::clock::Timestamp;
use crate::domain::page::{Page as Part, Slice};
use crate::error::Result;
use crate::ops;
use crate::ops::audit::Format;
use crate::store::accounts;
use crate::store::audit::{self, ListedEntry, Wanted};
use crate::web::failure::Failure;
use crate::web::form::{Asked, Fields};
use crate::web::frame::{Frame, Page};
use crate::web::moment::Moment;
use crate::web::organizations::house::{Hall, House, Wing};
use crate::web::paging::{Number, Ways};

/// How many people are suggested. Others are found by their e-mail as well.
const SUGGESTED: u32 = 100;

/// The pages of this room.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/organizations/{organization}/audit", get(show))
        .route("/organizations/{organization}/audit/export", get(export))
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "audit.html")]
struct AuditPage {
    frame: Frame,
    hall: Hall,
    at: Wing,
    address: String,
    filter: Filter,
    troubles: Troubles,
    /// Who may be asked for: e-mail and name.
    people: Vec<(String, String)>,
    /// What may be asked for: what is seen.
    operations: Vec<String>,
    rows: Vec<Row>,
    ways: Ways,
    /// The same rows as a file, but for its format.
    export: String,
}

/// What stands in the fields.
#[derive(Debug)]
struct Filter {
    who: String,
    what: String,
    since: String,
    until: String,
}

/// What was wrong with each field.
#[derive(Debug, Default)]
struct Troubles {
    since: Option<String>,
    until: Option<String>,
}

/// A change in the table.
#[derive(Debug)]
struct Row {
    operation: String,
    kind: String,
    subject: String,
    who: Option<String>,
    by_application: bool,
    at: Moment,
    address: String,
    request: String,
}

impl Filter {
    fn of(fields: &Fields) -> Self {
        let text = |name| fields.get(name).trim().to_owned();
        Self {
            who: text("who"),
            what: text("what"),
            since: text("since"),
            until: text("until"),
        }
    }

    fn pairs(&self) -> [(&'static str, &str); 4] {
        [
            ("who", &self.who),
            ("what", &self.what),
            ("since", &self.since),
            ("until", &self.until),
        ]
    }

    fn any(&self) -> bool {
        self.pairs().iter().any(|(_, value)| !value.is_empty())
    }

    /// As a query, for the next page and for the file.
    fn query(&self) -> String {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(self.pairs().iter().filter(|(_, value)| !value.is_empty()))
            .finish()
    }

    /// The rows that are wanted, and what is wrong with the days, which then count for nothing.
    fn wanted(&self) -> (Wanted, Troubles) {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let (since, until) = (day(&self.since), day(&self.until));
        let day_after = |day: NaiveDate| day.checked_add_days(Days::new(1)).unwrap_or(day);
        let wanted = Wanted {
            since: since.clone().unwrap_or_default().map(midnight),
            until: until
                .clone()
                .unwrap_or_default()
                .map(day_after)
                .map(midnight),
            email: some(&self.who.to_lowercase()),
            operation: some(&self.what),
            ..Wanted::default()
        };
        let troubles = Troubles {
            since: since.err(),
            until: until.err(),
        };
        (wanted, troubles)
    }
}

impl Troubles {
    fn any(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }
}

impl From<ListedEntry> for Row {
    fn from(listed: ListedEntry) -> Self {
        let entry = listed.entry;
        Self {
            operation: entry.operation,
            kind: entry.subject_kind.replace('_', " "),
            subject: entry.subject_id,
            who: listed.user_email,
            by_application: entry.application_id.is_some(),
            at: Moment(entry.at),
            address: entry.address,
            request: entry.request_id,
        }
    }
}

/// A day of a field, if there is one.
fn day(text: &str) -> Result<Option<NaiveDate>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let parsed = NaiveDate::parse_from_str(text, "%Y-%m-%d");
    parsed
        .map(Some)
        .map_err(|_| "Write a day as year, month and day, such as 2026-11-22.".to_owned())
}

fn midnight(day: NaiveDate) -> Timestamp {
    day.and_time(NaiveTime::MIN).and_utc()
}

/// Shows it.
async fn show(
    State(app): State<Arc<App>>,
    house: House,
    Asked(query): Asked,
) -> Result<Response, Failure> {
    let number = Number::asked(&query);
    let part = number.part(Part::USUAL);
    let filter = Filter::of(&query);
    let (wanted, troubles) = filter.wanted();
    let mut db = app.db.read().await?;
    let host = doors::organization::<Administer>(&mut db, &house.person.caller, house.id).await?;
    let Slice { items, more, .. } = audit::list(&mut db, &host, &wanted, part).await?;
    let everybody = accounts::Wanted {
        service: false,
        text: None,
        page: Part {
            limit: SUGGESTED,
            ..Part::default()
        },
    };
    let people = accounts::list(&mut db, &host, &everybody).await?.items;
    drop(db);
    let rows: Vec<Row> = items.into_iter().map(Row::from).collect();
    let mut operations: Vec<_> = rows.iter().map(|row| row.operation.clone()).collect();
    operations.sort();
    operations.dedup();
    let address = house.address(Wing::Audit);
    let search = filter.query();
    let page = |number: u32| format!("{address}?page={number}&{search}");
    let wrong = troubles.any();
    let page = AuditPage {
        frame: house.frame(),
        at: Wing::Audit,
        troubles,
        people: people
            .into_iter()
            .map(|one| (one.email, one.name))
            .collect(),
        operations,
        rows,
        ways: number.ways(more, page),
        export: format!("{address}/export?{search}"),
        filter,
        address: address.clone(),
        hall: house.hall,
    };
    let page = if wrong {
        Page::refused(page)
    } else {
        Page::new(page)
    };
    Ok(page.into_response())
}

/// The same rows as a file.
async fn export(
    State(app): State<Arc<App>>,
    house: House,
    Asked(query): Asked,
) -> Result<Response, Failure> {
    let format: Format = query.get("format").parse().unwrap_or(Format::Table);
    let (wanted, troubles) = Filter::of(&query).wanted();
    if troubles.any() {
        return Err(Failure::no_such_page());
    }
    let mut db = app.db.read().await?;
    let host = doors::organization::<Administer>(&mut db, &house.person.caller, house.id).await?;
    drop(db);
    let headers = [
        (CONTENT_TYPE, format.media_type()),
        (CONTENT_DISPOSITION, format.disposition()),
    ];
    let rows = ops::audit::export(app, host, wanted, format);
    Ok((headers, Body::from_stream(rows)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_and_what_is_no_day_is_told() {
        let filter = |since: &str, until: &str| {
            let text = format!("since={since}&until={until}&who=Ada%40Example.org");
            Filter::of(&Fields::parse(text.as_bytes()))
        };
        let (wanted, troubles) = filter("2026-02-27", "2026-02-28").wanted();
        let told = [wanted.since, wanted.until].map(|at| at.map(|at| at.to_rfc3339()));
        let expected = ["2026-02-27T00:00:00+00:00", "2026-03-01T00:00:00+00:00"];
        assert_eq!(told, expected.map(|at| Some(at.to_owned())));
        assert_eq!(wanted.email.as_deref(), Some("ada@example.org"));
        assert!(!troubles.any());
        let (wanted, troubles) = filter("yesterday", "").wanted();
        assert!(troubles.since.is_some() && troubles.until.is_none());
        assert_eq!((wanted.since, wanted.until), (None, None));
    }
}
