//! Low-code sources: a manifest instead of a program. The CDK's generic runner takes it inside the
//! configuration; the specification is in the manifest, so that asking for it starts nothing.

use serde_json::{Map, Value};

use super::package::Package;
use crate::connector::process::environment::Environment;
use crate::connector::{Answer, Cause, Failure, Manifest, Said, Target};
use crate::protocol::message::Specification;

/// The oldest major version of the CDK that is used: it brings older manifests up to date by itself.
const OLDEST: u32 = 7;

/// A manifest that may be run.
#[derive(Debug)]
pub(super) struct LowCode<'a> {
    manifest: &'a Manifest,
}

impl<'a> LowCode<'a> {
    /// # Errors
    /// [`Failure`] when there is no manifest, or it brings code and that is not allowed.
    pub(super) fn of(target: &'a Target, unsafe_code: bool) -> Result<Self, Failure> {
        let manifest = manifest(target)?;
        if manifest.components.is_some() && !unsafe_code {
            return Err(Failure::missing(
                "this connector brings Python code of its own, which this server does not run; the operator can \
                 allow it with connectors.unsafe_code",
            ));
        }
        Ok(Self { manifest })
    }

    /// What runs it.
    pub(super) fn runner(&self) -> Package {
        let version = self.manifest.manifest["version"]
            .as_str()
            .unwrap_or_default();
        let major = version
            .split('.')
            .next()
            .and_then(|major| major.parse().ok());
        Package::cdk(major.unwrap_or(OLDEST).max(OLDEST))
    }

    /// The configuration with the manifest in it.
    pub(super) fn inject(&self, configuration: Value) -> Value {
        let mut fields = match configuration {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        fields.insert(
            "__injected_declarative_manifest".to_owned(),
            self.manifest.manifest.clone(),
        );
        if let Some(components) = &self.manifest.components {
            fields.insert(
                "__injected_components_py".to_owned(),
                components.clone().into(),
            );
            fields.insert(
                "__injected_components_py_checksums".to_owned(),
                serde_json::json!({ "sha256": sha256(components) }),
            );
        }
        Value::Object(fields)
    }

    /// Tells the runner that code is allowed, if there is some; otherwise it refuses it itself.
    pub(super) fn prepare(&self, environment: &mut Environment) {
        if self.manifest.components.is_some() {
            environment.set("AIRBYTE_ENABLE_UNSAFE_CODE", "true");
        }
    }
}

/// What the manifest says about itself.
pub(super) fn specification(target: &Target) -> Result<Answer, Failure> {
    let spec = &manifest(target)?.manifest["spec"];
    let Some(connection) = spec.get("connection_specification") else {
        return Err(Failure::new(
            Cause::Connector,
            "the manifest has no spec.connection_specification",
        ));
    };
    let mut rest = Map::new();
    for (there, here) in [
        ("documentation_url", "documentationUrl"),
        ("advanced_auth", "advanced_auth"),
    ] {
        if let Some(value) = spec.get(there) {
            rest.insert(here.to_owned(), value.clone());
        }
    }
    Ok(Answer {
        said: Said::Specification(Specification {
            connection_specification: connection.clone(),
            rest,
        }),
        new_configuration: None,
        log: Vec::new(),
    })
}

fn manifest(target: &Target) -> Result<&Manifest, Failure> {
    target
        .manifest
        .as_ref()
        .ok_or_else(|| Failure::new(Cause::Connector, "the definition has no manifest"))
}

fn sha256(text: &str) -> String {
    use std::fmt::Write as _;

    use sha2::Digest as _;

    sha2::Sha256::digest(text)
        .iter()
        .fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}
