//! From a request to values: the caller, ids in the path, parameters of the query, the body. Each
//! answers a problem that names the spot. Where a request came from is known to `crate::request`.

mod body;
mod caller;
mod keyed;
mod path;
mod query;

pub use body::{Body, json_body, read};
pub use keyed::{Key, KeyParameter, Keyed};
pub use path::{Id, Ids, Triple};
pub use query::{FromQuery, Parameters, Query};
