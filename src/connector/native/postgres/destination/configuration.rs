//! What a configuration says beside the address of the server.

use serde::Deserialize;
use serde_json::Value;

use crate::connector::native::interface::Fault;
use crate::connector::native::postgres::address::{Address, filled};

/// What a run needs to know. It holds the password and is never printed.
pub(super) struct Configuration {
    pub(super) address: Address,
    /// Where streams without a namespace go.
    pub(super) schema: String,
    /// Where tables are loaded that are not in their place yet.
    pub(super) internal_schema: String,
    /// Whether records are kept as they come, in tables there.
    pub(super) raw: bool,
    pub(super) drop_cascade: bool,
    pub(super) hard_deletes: bool,
}

#[derive(Deserialize)]
struct Given {
    schema: Option<String>,
    raw_data_schema: Option<String>,
    #[serde(default)]
    disable_type_dedupe: bool,
    #[serde(default)]
    drop_cascade: bool,
    cdc_deletion_mode: Option<String>,
}

pub(super) fn parse(configuration: &Value) -> Result<Configuration, Fault> {
    let address = Address::parse(configuration)?;
    let given: Given = serde_json::from_value(configuration.clone())
        .map_err(|_| Fault::configuration("the configuration cannot be read"))?;
    Ok(Configuration {
        address,
        schema: filled(given.schema).unwrap_or_else(|| "public".to_owned()),
        internal_schema: filled(given.raw_data_schema)
            .unwrap_or_else(|| "airbyte_internal".to_owned()),
        raw: given.disable_type_dedupe,
        drop_cascade: given.drop_cascade,
        hard_deletes: given.cdc_deletion_mode.as_deref() != Some("Soft delete"),
    })
}
