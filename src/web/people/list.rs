//! The people or the service accounts of an organization.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;

use super::spot::Which;
use crate::access::doors;
use crate::access::policy::Administer;
use crate::app::App;
use crate::domain::ids::UserId;
use crate::domain::page::{Page as Part, Slice};
use crate::domain::permission::PermissionType;
use crate::store::accounts::{self, Wanted};
use crate::web::failure::Failure;
use crate::web::form::Asked;
use crate::web::frame::{Frame, Page};
use crate::web::organizations::house::{Hall, House, Wing};
use crate::web::paging::{Number, Ways};
use crate::web::roles;

/// The page with the list.
#[derive(Debug, Template)]
#[template(path = "people/list.html")]
pub(super) struct ListPage {
    frame: Frame,
    hall: Hall,
    at: Wing,
    address: String,
    /// What was searched for.
    asked: String,
    /// Whether somebody was just left with nothing here.
    left: bool,
    rows: Vec<Row>,
    ways: Ways,
}

/// Somebody in the table.
#[derive(Debug)]
struct Row {
    address: String,
    name: String,
    email: String,
    /// What they hold on the organization itself.
    roles: Vec<&'static str>,
    invited: bool,
    disabled: bool,
}

/// Shows the list.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    house: House,
    which: Which,
    Asked(query): Asked,
) -> Result<Page<ListPage>, Failure> {
    let number = Number::asked(&query);
    let asked = query.get("q").trim();
    let wanted = Wanted {
        service: which.service,
        text: Some(asked).filter(|text| !text.is_empty()),
        page: number.part(Part::USUAL),
    };
    let mut db = app.db.read().await?;
    let host = doors::organization::<Administer>(&mut db, &house.person.caller, house.id).await?;
    let Slice { items, more, .. } = accounts::list(&mut db, &host, &wanted).await?;
    let ids: Vec<_> = items.iter().map(|account| account.id).collect();
    let held = accounts::roles(&mut db, &host, &ids).await?;
    drop(db);
    let address = house.address(which.wing());
    let rows = items.into_iter().map(|account| Row {
        address: format!("{address}/{}", account.id),
        roles: roles_of(&held, account.id),
        name: account.name,
        email: account.email,
        invited: account.invited,
        disabled: account.disabled_at.is_some(),
    });
    let search = form_urlencoded::Serializer::new(String::new())
        .append_pair("q", asked)
        .finish();
    let page = |number: u32| format!("{address}?page={number}&{search}");
    Ok(Page::new(ListPage {
        frame: house.frame(),
        at: which.wing(),
        left: query.get("done") == "left",
        rows: rows.collect(),
        asked: asked.to_owned(),
        ways: number.ways(more, page),
        address: address.clone(),
        hall: house.hall,
    }))
}

fn roles_of(held: &[(UserId, PermissionType)], user: UserId) -> Vec<&'static str> {
    let mut own: Vec<_> = held
        .iter()
        .filter(|(holder, _)| *holder == user)
        .map(|(_, role)| *role)
        .collect();
    // The strongest first, as the list of all types has them.
    own.sort_by_key(|role| PermissionType::ALL.iter().position(|one| one == role));
    own.into_iter().map(roles::words).collect()
}
