//! A group: who is in it, and what it is granted.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;

use super::Spot;
use crate::access::doors;
use crate::access::policy::Belong;
use crate::app::App;
use crate::domain::group::{Group, GroupMember, GroupPermission};
use crate::domain::page::Page as Part;
use crate::error::Result;
use crate::store::db::Reader;
use crate::store::groups;
use crate::store::users::{self, Wanted};
use crate::web::failure::Failure;
use crate::web::form::Asked;
use crate::web::frame::{Frame, Page};
use crate::web::organizations::grants::{Names, Offers, Refused};
use crate::web::organizations::house::{Hall, Wing};
use crate::web::paging::{Number, Ways};
use crate::web::roles;

/// How many people are suggested. Others are found by their e-mail as well.
const SUGGESTED: usize = 200;

/// The page.
#[derive(Debug, Template)]
#[template(path = "groups/show.html")]
pub(super) struct ShowPage {
    frame: Frame,
    hall: Hall,
    at: Wing,
    done: Option<&'static str>,
    address: String,
    id: String,
    name: String,
    description: Option<String>,
    count: i64,
    members: Vec<GroupMember>,
    ways: Ways,
    /// Who could be taken in: e-mail and name.
    suggested: Vec<(String, String)>,
    permissions: Vec<PermissionRow>,
    offers: Offers,
    troubles: Troubles,
}

/// What was wrong with a form of the page, and what stood in it.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    pub(super) email: String,
    pub(super) member: Option<String>,
    pub(super) grant: Refused,
}

/// Something granted.
#[derive(Debug)]
struct PermissionRow {
    id: String,
    role: &'static str,
    meaning: &'static str,
    /// What it is granted on.
    on: String,
}

/// Shows it.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    spot: Spot,
    Asked(query): Asked,
) -> Result<Page<ShowPage>, Failure> {
    let number = Number::asked(&query);
    let done = done(query.get("done"));
    let page = page(&app, spot, number, done, Troubles::default()).await?;
    Ok(Page::new(page))
}

/// The page, with this part of the members.
pub(super) async fn page(
    app: &App,
    spot: Spot,
    number: Number,
    done: Option<&'static str>,
    troubles: Troubles,
) -> Result<ShowPage> {
    let mut db = app.db.read().await?;
    let group = spot.admit(&mut db).await?;
    let members = groups::members(&mut db, &group, number.part(Part::USUAL)).await?;
    let granted = groups::permissions(&mut db, &group).await?;
    let permissions = rows(&mut db, &spot, granted).await?;
    let suggested = suggested(&mut db, &spot, &members.items).await?;
    let offers = Offers::of(app, &mut db, &spot.house, &troubles.grant).await?;
    drop(db);
    let address = spot.address();
    let page = |number: u32| format!("{address}?page={number}");
    let Group {
        name,
        description,
        member_count,
        ..
    } = group.into_inner();
    Ok(ShowPage {
        frame: spot.house.frame(),
        at: Wing::Groups,
        done,
        id: spot.id.to_string(),
        name,
        description,
        count: member_count,
        ways: number.ways(members.more, page),
        members: members.items,
        suggested,
        permissions,
        offers,
        troubles,
        address: address.clone(),
        hall: spot.house.hall,
    })
}

/// What is granted, in words.
async fn rows(
    db: &mut Reader,
    spot: &Spot,
    granted: Vec<GroupPermission>,
) -> Result<Vec<PermissionRow>> {
    let on = granted.iter().map(|one| one.workspace_id);
    let names = Names::read(db, &spot.house, on).await?;
    let shown = granted.iter().map(|permission| PermissionRow {
        id: permission.id.to_string(),
        role: roles::words(permission.permission_type),
        meaning: roles::meaning(permission.permission_type),
        on: names.of(permission.workspace_id),
    });
    Ok(shown.collect())
}

/// People of the organization who are not seen in the group.
async fn suggested(
    db: &mut Reader,
    spot: &Spot,
    members: &[GroupMember],
) -> Result<Vec<(String, String)>> {
    let caller = &spot.house.person.caller;
    let host = doors::organization::<Belong>(db, caller, spot.house.id).await?;
    let everybody = Wanted {
        ids: &[],
        emails: &[],
    };
    let found = users::list_of_organization(db, &host, &everybody).await?;
    let new = found
        .into_iter()
        .filter(|user| members.iter().all(|member| member.user_id != user.id));
    let new = new.map(|user| (user.email, user.name));
    Ok(new.take(SUGGESTED).collect())
}

/// What was done just now. The address names it by a key, so nobody can put words into this page.
fn done(key: &str) -> Option<&'static str> {
    match key {
        "created" => Some("The group was created. Nobody is in it yet."),
        "saved" => Some("Your changes were saved."),
        "added" => Some("The member was added. What the group is granted counts for them at once."),
        "removed" => Some("The member was removed."),
        "granted" => Some("The permission was granted to everybody in the group."),
        "revoked" => Some("The permission was taken away."),
        _ => None,
    }
}
