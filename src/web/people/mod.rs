//! People and service accounts of an organization on pages: who they are, what they may do, keeping them out. The
//! two are much alike; which of them a page is about is in its address.

mod applications;
mod create;
mod invite;
mod list;
mod permissions;
mod show;
mod spot;
mod switch;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use crate::app::App;

/// The pages of this room.
pub(super) fn routes() -> Router<Arc<App>> {
    let services = "/organizations/{organization}/service-accounts/{id}";
    let users = "/organizations/{organization}/users/{id}";
    let both = ["users", "service-accounts"];
    let router = both.into_iter().fold(Router::new(), |router, part| {
        let all = format!("/organizations/{{organization}}/{part}");
        let one = format!("{all}/{{id}}");
        router
            .route(&all, get(list::show))
            .route(
                &format!("{all}/new"),
                get(create::show).post(create::submit),
            )
            .route(&one, get(show::show))
            .route(
                &format!("{one}/disable"),
                get(switch::show).post(switch::disable),
            )
            .route(
                &format!("{one}/enable"),
                get(spot::elsewhere).post(switch::enable),
            )
            .route(
                &format!("{one}/permissions"),
                get(spot::elsewhere).post(permissions::grant),
            )
            .route(
                &format!("{one}/permissions/change"),
                get(spot::elsewhere).post(permissions::change),
            )
            .route(
                &format!("{one}/permissions/revoke"),
                get(spot::elsewhere).post(permissions::revoke),
            )
    });
    router
        .route(
            &format!("{users}/invitation"),
            get(spot::elsewhere).post(invite::submit),
        )
        .route(
            &format!("{services}/applications"),
            get(spot::elsewhere).post(applications::create),
        )
        .route(
            &format!("{services}/applications/{{application}}/delete"),
            get(applications::show_delete).post(applications::delete),
        )
}
