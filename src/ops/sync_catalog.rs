//! A connection's catalog as the reference's own clients write it: `Dagster` makes its assets of this.

use serde_json::{Map, Value, json};

use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::granted::Granted;
use crate::access::policy::Read;
use crate::app::App;
use crate::domain::connection::Connection;
use crate::domain::ids::ConnectionId;
use crate::domain::stream::StreamChoice;
use crate::error::{Error, Result};
use crate::protocol::catalog::{ConfiguredCatalog, ConfiguredStream};
use crate::store::connections;

/// A connection with its `syncCatalog`.
pub async fn read(app: &App, caller: &Caller, id: ConnectionId) -> Result<(Connection, Value)> {
    let mut db = app.db.read().await?;
    let connection: Granted<_, Read> = doors::connection(&mut db, caller, id).await?;
    let catalog = connections::catalog(&mut db, &connection).await?;
    drop(db);
    let catalog: ConfiguredCatalog = serde_json::from_str(&catalog).map_err(Error::internal)?;
    let choices: Vec<StreamChoice> =
        serde_json::from_str(&connection.streams).map_err(Error::internal)?;
    let choices = choices.into_iter().map(Some).chain(std::iter::repeat(None));
    let streams: Vec<_> = catalog
        .streams
        .into_iter()
        .zip(choices)
        .map(|(configured, choice)| of_stream(configured, choice.as_ref()))
        .collect();
    Ok((connection.into_inner(), json!({ "streams": streams })))
}

fn of_stream(configured: ConfiguredStream, choice: Option<&StreamChoice>) -> Value {
    let stream = configured.stream;
    let columns = choice.map_or(&[][..], |choice| &choice.selected_fields);
    let mut shown = json!({
        "name": stream.name,
        "namespace": stream.namespace,
        "jsonSchema": stream.json_schema,
        "supportedSyncModes": stream.supported_sync_modes,
        "sourceDefinedCursor": stream.source_defined_cursor,
        "defaultCursorField": stream.default_cursor_field.unwrap_or_default(),
        "sourceDefinedPrimaryKey": stream.source_defined_primary_key.unwrap_or_default(),
        "isResumable": stream.is_resumable,
    });
    if let Some(members) = shown.as_object_mut() {
        drop_nulls(members);
    }
    json!({
        "stream": shown,
        "config": {
            "syncMode": configured.sync_mode,
            "cursorField": configured.cursor_field,
            "destinationSyncMode": configured.destination_sync_mode,
            "primaryKey": configured.primary_key,
            "aliasName": stream.name,
            "selected": true,
            "fieldSelectionEnabled": !columns.is_empty(),
            "selectedFields": columns,
        },
    })
}

fn drop_nulls(members: &mut Map<String, Value>) {
    members.retain(|_, value| !value.is_null());
}
