//! Who is in a group. What the group is granted counts for them within a second.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::page::{Links, PageParameters};
use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::policy::Administer;
use crate::app::App;
use crate::domain::group::GroupMember;
use crate::domain::ids::{GroupId, GroupMemberId, UserId};
use crate::domain::page::Page;
use crate::error::{Error, Noun};
use crate::http::extract::{FromQuery, Id, Ids, KeyParameter, Keyed, Parameters, Query};
use crate::http::problem::Problem;
use crate::ops;
use crate::ops::once;
use crate::request::Base;
use crate::store::groups;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupMemberAddRequest {
    /// Somebody who holds a permission on the group's organization.
    user_id: UserId,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupMemberResponse {
    member_id: GroupMemberId,
    group_id: GroupId,
    user_id: UserId,
    #[schema(format = Email)]
    user_email: String,
    user_name: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct GroupMembersResponse {
    data: Vec<GroupMemberResponse>,
    /// Absent on the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
    /// Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl From<GroupMember> for GroupMemberResponse {
    fn from(member: GroupMember) -> Self {
        Self {
            member_id: member.id,
            group_id: member.group_id,
            user_id: member.user_id,
            user_email: member.email,
            user_name: member.name,
        }
    }
}

#[derive(Debug, IntoParams)]
pub struct ListQuery {
    #[param(ignore)]
    page: Page,
}

impl FromQuery for ListQuery {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            page: parameters.page(),
        }
    }
}

/// The members of a group, in the order in which they came. Needs `organization_admin` on its
/// organization.
#[utoipa::path(
    get,
    path = "/api/public/v1/groups/{groupId}/members",
    operation_id = "listGroupMembers",
    tag = "Groups",
    params(("groupId" = GroupId, Path), PageParameters),
    responses((status = 200, body = GroupMembersResponse))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    base: Base,
    Id(id): Id<GroupId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<GroupMembersResponse>, Problem> {
    let mut db = app.db.read().await?;
    let group = doors::group::<Administer>(&mut db, &caller, id).await?;
    let found = groups::members(&mut db, &group, query.page).await?;
    let path = format!("/api/public/v1/groups/{id}/members");
    let links = Links::new(&base, &path, &[], query.page, &found);
    Ok(Json(GroupMembersResponse {
        data: found.items.into_iter().map(Into::into).collect(),
        previous: links.previous(),
        next: links.next(),
    }))
}

/// Add somebody to a group. Needs `organization_admin` on its organization.
#[utoipa::path(
    post,
    path = "/api/public/v1/groups/{groupId}/members",
    operation_id = "addGroupMember",
    tag = "Groups",
    params(("groupId" = GroupId, Path), KeyParameter),
    request_body = GroupMemberAddRequest,
    responses((status = 201, description = "Who is in the group now", body = GroupMemberResponse))
)]
pub async fn add(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<GroupId>,
    Keyed { body, key }: Keyed<GroupMemberAddRequest>,
) -> Result<(StatusCode, Json<GroupMemberResponse>), Problem> {
    let once = key.with("groupId", &id).of(&app, &caller, "addGroupMember");
    if let Some(made) = once::earlier(&app, once.as_ref()).await? {
        let mut db = app.db.read().await?;
        let group = doors::group::<Administer>(&mut db, &caller, id).await?;
        let member = groups::member(&mut db, &group, made).await?;
        let member = member.ok_or_else(|| Error::not_found(Noun::GroupMember, made))?;
        return Ok((StatusCode::CREATED, Json(member.into())));
    }
    let mut db = app.db.write().await?;
    let group = doors::group::<Administer>(&mut db, &caller, id).await?;
    let made = ops::groups::add(&mut db, &app.clock, &group, body.user_id).await?;
    once::keep(&app, &mut db, once.as_ref(), made.id).await?;
    db.commit().await?;
    app.callers.forget();
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Take somebody out of a group, whether they are in it or not. Needs `organization_admin` on its
/// organization.
#[utoipa::path(
    delete,
    path = "/api/public/v1/groups/{groupId}/members/{userId}",
    operation_id = "removeGroupMember",
    tag = "Groups",
    params(("groupId" = GroupId, Path), ("userId" = UserId, Path)),
    responses((status = 204, description = "They are not in it"))
)]
pub async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    Ids(id, user): Ids<GroupId, UserId>,
) -> Result<StatusCode, Problem> {
    let mut db = app.db.write().await?;
    let group = doors::group::<Administer>(&mut db, &caller, id).await?;
    groups::remove_member(&mut db, &group, user).await?;
    db.commit().await?;
    app.callers.forget();
    Ok(StatusCode::NO_CONTENT)
}
