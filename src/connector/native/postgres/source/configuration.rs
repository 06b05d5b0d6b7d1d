//! What a configuration says beside the address of the server.

use serde::Deserialize;
use serde_json::Value;

use crate::connector::native::interface::Fault;
use crate::connector::native::postgres::address::Address;

/// What a run needs to know. It holds the password and is never printed.
pub(super) struct Configuration {
    pub(super) address: Address,
    /// Whose tables are offered. None means all.
    pub(super) schemas: Vec<String>,
}

#[derive(Deserialize)]
struct Given {
    schemas: Option<Vec<String>>,
    replication_method: Option<Method>,
    #[serde(default)]
    entra_service_principal_auth: bool,
}

#[derive(Deserialize)]
struct Method {
    method: String,
}

pub(super) fn parse(configuration: &Value) -> Result<Configuration, Fault> {
    let address = Address::parse(configuration)?;
    let given: Given = serde_json::from_value(configuration.clone())
        .map_err(|_| Fault::configuration("the configuration cannot be read"))?;
    match given
        .replication_method
        .as_ref()
        .map(|by| by.method.as_str())
    {
        None | Some("Standard") => {}
        Some(method @ ("CDC" | "Xmin")) => {
            let message = format!(
                "replication_method: {method} is not supported by the connector that is compiled in. Standard is, \
                 which finds new rows by a column that each stream names. The reference's image has {method}: \
                 `ferrobyte definitions` says how to run it instead"
            );
            return Err(Fault::configuration(message));
        }
        Some(other) => {
            let message = format!("replication_method: there is no method {other}");
            return Err(Fault::configuration(message));
        }
    }
    if given.entra_service_principal_auth {
        let message = "entra_service_principal_auth: this way to sign in is not supported";
        return Err(Fault::configuration(message));
    }
    Ok(Configuration {
        address,
        schemas: given.schemas.unwrap_or_else(|| vec!["public".to_owned()]),
    })
}
