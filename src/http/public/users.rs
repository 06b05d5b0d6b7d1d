//! People of an organization.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::policy::Belong;
use crate::app::App;
use crate::domain::ids::{OrganizationId, UserId};
use crate::domain::text::EmailAddress;
use crate::domain::user::User;
use crate::error::Error;
use crate::http::extract::{FromQuery, Parameters, Query};
use crate::http::problem::Problem;
use crate::store::users::{self, Wanted};

#[derive(Debug, Serialize, ToSchema)]
pub struct UserResponse {
    id: UserId,
    name: String,
    #[schema(format = Email)]
    email: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct UsersResponse {
    data: Vec<UserResponse>,
}

impl From<User> for UserResponse {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            name: user.name,
            email: user.email,
        }
    }
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct ListQuery {
    #[param(required = true, value_type = OrganizationId)]
    organization_id: Option<OrganizationId>,
    /// Only people with one of these ids, or with one of the addresses in emails.
    #[param(required = false)]
    ids: Vec<UserId>,
    /// Only people with one of these addresses, or with one of the ids in ids.
    #[param(required = false, inline)]
    emails: Vec<EmailAddress>,
}

impl FromQuery for ListQuery {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            organization_id: parameters.required("organizationId"),
            ids: parameters.list("ids"),
            emails: parameters.list("emails"),
        }
    }
}

/// The people who hold a permission on the organization itself. Needs `organization_member`.
#[utoipa::path(
    get,
    path = "/api/public/v1/users",
    operation_id = "listUsersWithinAnOrganization",
    tag = "Users",
    params(ListQuery),
    responses((status = 200, body = UsersResponse))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<UsersResponse>, Problem> {
    let organization = query
        .organization_id
        .ok_or_else(|| Error::internal("a required parameter is missing"))?;
    let mut db = app.db.read().await?;
    let host = doors::organization::<Belong>(&mut db, &caller, organization).await?;
    let wanted = Wanted {
        ids: &query.ids,
        emails: &query.emails,
    };
    let found = users::list_of_organization(&mut db, &host, &wanted).await?;
    Ok(Json(UsersResponse {
        data: found.into_iter().map(Into::into).collect(),
    }))
}
