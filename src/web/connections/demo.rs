//! The first run: one button makes a source of made-up people, a destination of files below the data
//! directory, and a connection between them, and starts it. What an earlier try left is used again.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Redirect;
use serde_json::{Value, json};

use super::data;
use super::spot::{address_of, list_address};
use crate::app::App;
use crate::domain::definition::Kind;
use crate::domain::ids::ActorId;
use crate::domain::job::JobType;
use crate::domain::page::Page as Part;
use crate::domain::text::Name;
use crate::error::{Error, Result};
use crate::ops::connections::{self, Change};
use crate::ops::{actors, jobs};
use crate::web::connectors;
use crate::web::connectors::ground::Ground;
use crate::web::failure::Failure;

/// Makes and starts it; where there are connections already, shows them.
pub(in crate::web) async fn submit(
    State(app): State<Arc<App>>,
    mut ground: Ground,
) -> Result<Redirect, Failure> {
    data::admit_whole_editor(&app, &ground).await?;
    if !data::has_none(&app, &ground.person, ground.workspace).await? {
        return Ok(Redirect::to(&list_address(&ground)));
    }
    let people = json!({ "sourceType": "faker", "count": 1000, "seed": 1 });
    let files = json!({ "destinationType": "local-json", "destination_path": "/local/demo" });
    let source_id = end(&app, &mut ground, Kind::Source, "Demo people", people).await?;
    let destination_id = end(&app, &mut ground, Kind::Destination, "Demo files", files).await?;
    let caller = &ground.person.caller;
    let wish = connections::Wish {
        source_id,
        destination_id,
        once: None,
        change: Change {
            name: Some("Demo".to_owned()),
            ..Change::default()
        },
    };
    let made = data::patiently(connections::create(&app, caller, wish)).await?;
    let wish = jobs::Wish {
        connection: made.connection.id,
        job_type: JobType::Sync,
        streams: None,
        once: None,
    };
    let job = jobs::create(&app, caller, wish).await?;
    let address = address_of(&ground, made.connection.id);
    Ok(Redirect::to(&format!("{address}/jobs/{}", job.id)))
}

async fn end(
    app: &Arc<App>,
    ground: &mut Ground,
    kind: Kind,
    name: &str,
    configuration: Value,
) -> Result<ActorId> {
    ground.kind = kind;
    let part = Part {
        limit: Part::LARGEST,
        ..Part::default()
    };
    let there = connectors::data::actors(app, ground, part).await?;
    let own = there.items.into_iter().find(|actor| actor.name == name);
    if let Some(own) = own {
        return Ok(own.id);
    }
    let wish = actors::Wish {
        name: Name::try_from(name.to_owned()).map_err(Error::internal)?,
        workspace_id: ground.workspace,
        definition_id: None,
        configuration,
        secret_id: None,
        resources: None,
        once: None,
    };
    let made = actors::create(app, &ground.person.caller, kind, wish).await?;
    Ok(made.id)
}
