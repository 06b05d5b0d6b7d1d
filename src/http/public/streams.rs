//! What a source offers.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::access::caller::Caller;
use crate::app::App;
use crate::domain::ids::ActorId;
use crate::domain::offer::ConnectionSyncMode;
use crate::error::Error;
use crate::http::extract::{FromQuery, Parameters, Query};
use crate::http::problem::Problem;
use crate::ops::streams::{self, Stream, Wanted};

/// A stream that a source offers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StreamProperties {
    stream_name: String,
    #[serde(rename = "streamnamespace", skip_serializing_if = "Option::is_none")]
    stream_namespace: Option<String>,
    /// Only when a destination was named: what both sides can do.
    #[serde(skip_serializing_if = "Option::is_none")]
    sync_modes: Option<Vec<ConnectionSyncMode>>,
    default_cursor_field: Vec<String>,
    source_defined_cursor_field: bool,
    source_defined_primary_key: Vec<Vec<String>>,
    /// The paths of all properties, parents before children.
    property_fields: Vec<Vec<String>>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct StreamPropertiesResponse(Vec<StreamProperties>);

impl From<Stream> for StreamProperties {
    fn from(stream: Stream) -> Self {
        let Stream { offer, sync_modes } = stream;
        Self {
            stream_name: offer.name,
            stream_namespace: offer.namespace,
            sync_modes,
            default_cursor_field: offer.default_cursor_field,
            source_defined_cursor_field: offer.source_defined_cursor,
            source_defined_primary_key: offer.source_defined_primary_key,
            property_fields: offer.property_fields,
        }
    }
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct StreamsQuery {
    #[param(value_type = ActorId)]
    source_id: Option<ActorId>,
    /// Also tell how each stream can be moved to it.
    #[param(required = false)]
    destination_id: Option<ActorId>,
    /// Discover anew, although it is known what the source offers.
    #[param(required = false, default = false)]
    ignore_cache: bool,
}

impl FromQuery for StreamsQuery {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            source_id: parameters.required("sourceId"),
            destination_id: parameters.optional("destinationId"),
            ignore_cache: parameters.flag("ignoreCache").unwrap_or(false),
        }
    }
}

/// The streams of a source. The first time, they are discovered; when that takes long, the answer is a
/// problem with status 503, the discovery goes on, and asking again finds what came of it.
#[utoipa::path(
    get,
    path = "/api/public/v1/streams",
    operation_id = "getStreamProperties",
    tag = "Streams",
    params(StreamsQuery),
    responses((status = 200, body = StreamPropertiesResponse))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<StreamsQuery>,
) -> Result<Json<StreamPropertiesResponse>, Problem> {
    let missing = || Error::internal("a query without its required parameter passed");
    let wanted = Wanted {
        source: query.source_id.ok_or_else(missing)?,
        destination: query.destination_id,
        afresh: query.ignore_cache,
    };
    let streams = streams::streams(&app, &caller, wanted).await?;
    let streams = streams.into_iter().map(StreamProperties::from);
    Ok(Json(StreamPropertiesResponse(streams.collect())))
}
