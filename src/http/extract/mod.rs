//! From a request to values: the caller, ids in the path, parameters of the query, the body, where
//! the request came from. Each answers a problem that names the spot.

mod body;
mod caller;
mod origin;
mod path;
mod query;

pub use body::{Body, json_body, read};
pub use origin::{Base, Peer, Source};
pub use path::Id;
pub use query::{FromQuery, Parameters, Query};
