//! Low-code definitions: a manifest that the generic runner of the CDK reads. The manifest says what
//! its configuration looks like, so nothing is run to make one.

use serde_json::Value;
use serde_json::value::RawValue;

use super::super::jobs;
use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::granted::Granted;
use crate::access::policy::EditSources;
use crate::app::App;
use crate::domain::audit;
use crate::domain::definition::{Definition, Kind, Runtime, Shelf};
use crate::domain::ids::{DefinitionId, WorkspaceId};
use crate::domain::origin::{LOW_CODE_RUNNER, Tag};
use crate::domain::text::Name;
use crate::error::{Error, Noun, Result};
use crate::protocol::message::Specification;
use crate::store::db::Exec;
use crate::store::{connections, definitions, manifests};

const SCHEMA: &str = "manifest.spec.connection_specification";

/// A manifest that can be a definition.
#[derive(Debug)]
pub struct LowCode {
    text: Box<RawValue>,
    /// The version of the CDK that it was written for, which is the tag of the runner.
    tag: String,
}

impl LowCode {
    /// Checks a manifest.
    ///
    /// # Errors
    /// [`Error::Unprocessable`], naming the field.
    pub fn parse(text: Box<RawValue>) -> Result<Self> {
        let manifest: Value = serde_json::from_str(text.get()).map_err(Error::internal)?;
        specification(&manifest)?;
        let version = manifest["version"].as_str().unwrap_or_default();
        let tag = Tag::try_from(version.to_owned());
        let tag = tag.map_or_else(|_| "latest".to_owned(), |tag| tag.as_str().to_owned());
        Ok(Self { text, tag })
    }

    /// The manifest as it was sent.
    #[must_use]
    pub fn into_text(self) -> String {
        Box::<str>::from(self.text).into()
    }
}

/// The specification inside a manifest.
///
/// # Errors
/// [`Error::Unprocessable`], naming the field that is not as it must be.
pub(super) fn specification(manifest: &Value) -> Result<Specification> {
    let wrong = |field: &str, why: &str| Error::Unprocessable(format!("{field}: {why}"));
    if !manifest.is_object() {
        return Err(wrong("manifest", "must be an object"));
    }
    let Some(spec) = manifest["spec"].as_object() else {
        return Err(wrong("manifest.spec", "must be an object"));
    };
    let Some(schema @ Value::Object(_)) = spec.get("connection_specification") else {
        return Err(wrong(SCHEMA, "must be an object"));
    };
    if let Err(error) = jsonschema::draft7::new(schema) {
        return Err(wrong(SCHEMA, &format!("must be a JSON schema: {error}")));
    }
    // The spelling of messages differs from that of manifests in one name that we use.
    let rest = [
        ("advanced_auth", "advanced_auth"),
        ("documentation_url", "documentationUrl"),
    ]
    .into_iter()
    .filter_map(|(theirs, ours)| Some((ours.to_owned(), spec.get(theirs)?.clone())))
    .collect();
    Ok(Specification {
        connection_specification: schema.clone(),
        rest,
    })
}

/// Adds a low-code definition to a workspace; its manifest is version 1.
///
/// # Errors
/// As the door says.
pub async fn create_low_code(
    app: &App,
    caller: &Caller,
    host: WorkspaceId,
    name: Name,
    low_code: &LowCode,
) -> Result<Definition> {
    let mut db = app.db.write().await?;
    let workspace = doors::workspace::<EditSources>(&mut db, caller, host).await?;
    let definition = Definition {
        id: app.clock.new_id().into(),
        kind: Kind::Source,
        workspace_id: Some(host),
        name: name.into(),
        short_name: String::new(),
        repository: LOW_CODE_RUNNER.to_owned(),
        tag: low_code.tag.clone(),
        documentation_url: String::new(),
        runtime: Runtime::Manifest,
        manifest_version: Some(1),
        deleted_at: None,
    };
    audit::made(&Noun::SourceDefinition, &definition.id);
    manifests::insert(
        &mut db,
        &workspace,
        &definition,
        &low_code.text,
        app.clock.now(),
    )
    .await?;
    db.commit().await?;
    Ok(definition)
}

/// Makes a manifest the next version of a definition and the active one.
///
/// # Errors
/// As the door says.
pub async fn update_low_code(
    app: &App,
    caller: &Caller,
    host: WorkspaceId,
    id: DefinitionId,
    low_code: &LowCode,
) -> Result<Definition> {
    let mut db = app.db.write().await?;
    let current: Granted<_, EditSources> =
        doors::definition(&mut db, caller, host, Shelf::LowCode, id).await?;
    let now = app.clock.now();
    let version = manifests::advance(&mut db, &current, &low_code.tag, &low_code.text, now)
        .await?
        .ok_or_else(|| Error::not_found(Noun::SourceDefinition, id))?;
    db.commit().await?;
    Ok(Definition {
        manifest_version: Some(version),
        tag: low_code.tag.clone(),
        ..current.into_inner()
    })
}

/// Removes a definition with everything that was made of it, and answers what it was.
///
/// # Errors
/// As the door says.
pub async fn remove_low_code(
    app: &App,
    caller: &Caller,
    host: WorkspaceId,
    id: DefinitionId,
) -> Result<(Definition, String)> {
    let mut db = app.db.write().await?;
    let gone: Granted<_, EditSources> =
        doors::definition(&mut db, caller, host, Shelf::LowCode, id).await?;
    let manifest = active(&mut db, &gone).await?;
    let now = app.clock.now();
    let ended = connections::remove_of_definition(&mut db, &gone, now).await?;
    definitions::remove(&mut db, &gone, now).await?;
    db.commit().await?;
    jobs::ring_ended(app, &ended).await;
    Ok((gone.into_inner(), manifest))
}

/// The active manifest of a low-code definition, as it was sent.
///
/// # Errors
/// When the database does not answer.
pub async fn active(db: &mut dyn Exec, definition: &Definition) -> Result<String> {
    let stored = manifests::active(db, definition).await?;
    let missing = || Error::internal(format!("definition {} has no manifest", definition.id));
    Ok(stored.ok_or_else(missing)?.manifest)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_manifest_has_a_specification_or_the_field_is_named() {
        let good = json!({
            "version": "6.48.6",
            "spec": {
                "type": "Spec",
                "documentation_url": "https://example.org",
                "connection_specification": { "type": "object", "properties": {} },
                "advanced_auth": { "auth_flow_type": "oauth2.0" },
            },
        });
        let found = specification(&good).expect("one");
        assert_eq!(found.connection_specification["type"], "object");
        assert_eq!(found.rest["documentationUrl"], "https://example.org");
        assert_eq!(found.rest["advanced_auth"]["auth_flow_type"], "oauth2.0");
        for (wrong, field) in [
            (json!([]), "manifest: "),
            (json!({}), "manifest.spec: "),
            (json!({ "spec": null }), "manifest.spec: "),
            (
                json!({ "spec": {} }),
                "manifest.spec.connection_specification: ",
            ),
            (
                json!({ "spec": { "connection_specification": [] } }),
                "manifest.spec.connection_specification: ",
            ),
            (
                json!({ "spec": { "connection_specification": { "type": "nonsense" } } }),
                "manifest.spec.connection_specification: ",
            ),
        ] {
            let error = specification(&wrong).expect_err(field).to_string();
            assert!(error.starts_with(field), "{error}");
        }
    }

    #[test]
    fn the_runner_is_tagged_as_the_manifest_says() {
        let tag = |version: &str| {
            let text =
                format!("{{\"version\":{version},\"spec\":{{\"connection_specification\":{{}}}}}}");
            let text = RawValue::from_string(text).expect("JSON");
            LowCode::parse(text).expect("a manifest").tag
        };
        assert_eq!(tag("\"6.48.6\""), "6.48.6");
        assert_eq!(tag("\"no tag\""), "latest");
        assert_eq!(tag("7"), "latest");
    }
}
