//! The page for what takes its time. It comes again by itself until there is an answer: a page that was
//! asked for by a header of its own, a form by the script, or without it by its button. The form's
//! content travels with it, so that the server need not remember it.

use askama::Template;

use super::ground::Room;
use crate::web::form::Fields;
use crate::web::frame::Frame;

/// The page.
#[derive(Template)]
#[template(path = "connectors/wait.html")]
pub(in crate::web) struct WaitPage {
    frame: Frame,
    room: Room,
    title: String,
    detail: String,
    /// Where the answer will be.
    address: String,
    /// What has to be sent there, if it is a form.
    sent: Option<Vec<(String, String)>>,
    /// Where to go instead.
    back: Option<String>,
}

impl WaitPage {
    /// For a form that was sent.
    pub(in crate::web) fn with_form(
        frame: Frame,
        room: Room,
        action: String,
        fields: &Fields,
    ) -> Self {
        Self {
            frame,
            room,
            title: "Testing…".to_owned(),
            detail: "The connector has not answered yet. Nothing that you wrote is lost."
                .to_owned(),
            address: action,
            sent: Some(fields.pairs().to_vec()),
            back: None,
        }
    }

    /// For a page that was asked for.
    pub(in crate::web) fn with_page(
        frame: Frame,
        room: Room,
        address: String,
        back: String,
        detail: String,
    ) -> Self {
        Self {
            frame,
            room,
            title: "One moment…".to_owned(),
            detail,
            address,
            sent: None,
            back: Some(back),
        }
    }
}
