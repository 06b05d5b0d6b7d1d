//! The groups of an organization.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;

use crate::access::doors;
use crate::access::policy::Administer;
use crate::app::App;
use crate::domain::page::{Page as Part, Slice};
use crate::store::groups;
use crate::web::failure::Failure;
use crate::web::form::Asked;
use crate::web::frame::{Frame, Page};
use crate::web::organizations::house::{Hall, House, Wing};
use crate::web::paging::{Number, Ways};

/// The page with the list.
#[derive(Debug, Template)]
#[template(path = "groups/list.html")]
pub(super) struct ListPage {
    frame: Frame,
    hall: Hall,
    at: Wing,
    deleted: bool,
    address: String,
    rows: Vec<Row>,
    ways: Ways,
}

/// A group in the table.
#[derive(Debug)]
struct Row {
    address: String,
    name: String,
    description: Option<String>,
    members: i64,
}

/// Shows the list.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    house: House,
    Asked(query): Asked,
) -> Result<Page<ListPage>, Failure> {
    let number = Number::asked(&query);
    let part = number.part(Part::USUAL);
    let mut db = app.db.read().await?;
    let host = doors::organization::<Administer>(&mut db, &house.person.caller, house.id).await?;
    let Slice { items, more, .. } = groups::list(&mut db, &host, part).await?;
    let address = house.address(Wing::Groups);
    let page = |number: u32| format!("{address}?page={number}");
    let rows = items.into_iter().map(|group| Row {
        address: format!("{address}/{}", group.id),
        name: group.name,
        description: group.description,
        members: group.member_count,
    });
    Ok(Page::new(ListPage {
        frame: house.frame(),
        at: Wing::Groups,
        deleted: query.get("done") == "deleted",
        rows: rows.collect(),
        ways: number.ways(more, page),
        address: address.clone(),
        hall: house.hall,
    }))
}
