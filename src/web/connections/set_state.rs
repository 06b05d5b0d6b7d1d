//! Setting how far a connection has come: of one stream, or as a whole. For whoever moves a connection from
//! elsewhere, or wants rows once more.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::data;
use super::empty::streams;
use super::job::shown;
use super::offered::capital;
use super::spot::Spot;
use crate::app::App;
use crate::domain::stream::StreamName;
use crate::error::{Error, Noun, Result};
use crate::ops::states::{self, Document, StateType};
use crate::web::connectors::ground::Room;
use crate::web::failure::Failure;
use crate::web::form::{Asked, Fields, Form};
use crate::web::frame::{Frame, Page};

/// The page with the one field.
#[derive(Debug, Template)]
#[template(path = "connections/set_state.html")]
pub(in crate::web) struct SetPage {
    frame: Frame,
    room: Room,
    connection: String,
    /// Where the state is shown.
    back: String,
    address: String,
    /// Absent when the whole is set.
    stream: Option<String>,
    state: String,
    trouble: Option<String>,
}

/// Shows what is stored, to be changed.
pub(in crate::web) async fn show(
    State(app): State<Arc<App>>,
    spot: Spot,
    Asked(query): Asked,
) -> Result<Page<SetPage>, Failure> {
    data::admit_editor(&app, &spot.ground).await?;
    let stream = named(&spot, &query)?;
    let caller = &spot.ground.person.caller;
    let document = states::read(&app, caller, spot.connection.id).await?;
    let state = match &stream {
        Some(stream) => document.of_stream(stream).map(indented).unwrap_or_default(),
        None if document.state_type == StateType::NotSet => String::new(),
        None => {
            let text = serde_json::to_string(&document).map_err(Error::internal)?;
            indented(&text)
        }
    };
    Ok(Page::new(page(spot, stream.as_ref(), state, None)))
}

/// Keeps it.
pub(in crate::web) async fn submit(
    State(app): State<Arc<App>>,
    spot: Spot,
    Asked(query): Asked,
    Form(fields): Form,
) -> Result<Response, Failure> {
    data::admit_editor(&app, &spot.ground).await?;
    let stream = named(&spot, &query)?;
    let text = fields.get("state").trim();
    let (status, trouble) = match set(&app, &spot, stream.clone(), text).await {
        Ok(()) => {
            let address = format!("{}/state?done=set", spot.address());
            return Ok(Redirect::to(&address).into_response());
        }
        Err(Error::Invalid { faults, .. }) => {
            let told = faults.iter().map(|fault| {
                let at = fault.pointer.trim_start_matches('/');
                let whole = at.is_empty() || at == "streamState" && stream.is_some();
                let at = if whole { "This" } else { at };
                capital(&format!("{at} {}", fault.message))
            });
            let told: Vec<_> = told.collect();
            (StatusCode::UNPROCESSABLE_ENTITY, told.join(" "))
        }
        Err(error @ (Error::Running { .. } | Error::Conflict(_))) => {
            (StatusCode::CONFLICT, capital(&error.to_string()))
        }
        Err(error) => return Err(error.into()),
    };
    let page = page(spot, stream.as_ref(), text.to_owned(), Some(trouble));
    Ok(Page::with(status, page).into_response())
}

async fn set(app: &App, spot: &Spot, stream: Option<StreamName>, text: &str) -> Result<()> {
    let (caller, id) = (&spot.ground.person.caller, spot.connection.id);
    let given = Some(text).filter(|text| !text.is_empty());
    if let Some(stream) = stream {
        return states::set_stream(app, caller, id, stream, given).await;
    }
    let text = given.unwrap_or(r#"{"stateType": "not_set"}"#);
    let document: Document = serde_json::from_str(text)
        .map_err(|why| Error::invalid("", format!("is not a state: {why}")))?;
    states::set(app, caller, id, document).await?;
    Ok(())
}

/// The stream of the connection that the query names, if it names one.
fn named(spot: &Spot, query: &Fields) -> Result<Option<StreamName>> {
    let wanted = query.get("stream");
    if wanted.is_empty() {
        return Ok(None);
    }
    let mut all = streams(spot)?.into_iter();
    let own = all.find(|stream| shown(stream) == wanted);
    own.map(Some)
        .ok_or_else(|| Error::not_found(Noun::Connection, spot.connection.id))
}

fn page(
    spot: Spot,
    stream: Option<&StreamName>,
    state: String,
    trouble: Option<String>,
) -> SetPage {
    let back = format!("{}/state", spot.address());
    let words = stream.map(shown);
    let key: Option<String> = words
        .as_ref()
        .map(|words| form_urlencoded::byte_serialize(words.as_bytes()).collect());
    let asked = key.map(|key| format!("?stream={key}"));
    SetPage {
        frame: spot.frame(),
        address: format!("{back}/set{}", asked.unwrap_or_default()),
        back,
        stream: words,
        state,
        trouble,
        connection: spot.connection.name,
        room: spot.ground.room,
    }
}

/// JSON to be read by people; as it was written when it would be another one, such as with longer numbers.
fn indented(text: &str) -> String {
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    let value: serde_json::Result<serde_json::Value> = serde_json::from_str(text);
    let pretty = value.and_then(|value| serde_json::to_string_pretty(&value));
    let same = pretty.ok().filter(|pretty| bare(pretty) == bare(text));
    same.unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::indented;

    #[test]
    fn json_is_indented_where_that_changes_nothing() {
        assert_eq!(indented(r#"{"a":[1]}"#), "{\n  \"a\": [\n    1\n  ]\n}");
        for kept in [
            r#"{"a":1234567890123456789012345}"#,
            r#"{"a":"\u00e9"}"#,
            "{",
        ] {
            assert_eq!(indented(kept), kept);
        }
    }
}
