//! Signing a connector in by OAuth, as its specification declares it: a browser is sent to the provider,
//! comes back with a code, the code is traded, and what that brings waits under a `secretId` until a
//! source is made of it. The OAuth client is the workspace's or the organization's own.
//!
//! While the browser is away everything is kept sealed, under an id that is found by the hash of the
//! state alone; a state is good once, for ten minutes, and a result for an hour.

pub mod clients;
mod declaration;
mod exchange;
mod template;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{actors, definitions, secrets};
use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::policy::EditActor;
use crate::app::App;
use crate::domain::definition::{Definition, Kind};
use crate::domain::ids::{DefinitionId, WorkspaceId};
use crate::error::{Error, Fault, Noun, Place, Result};
use crate::net::Url;
use crate::store::db::{Exec, Writer};
use crate::store::oauth::{Flow, NewFlow};
use crate::store::{oauth as store, workspaces};
use crate::vault::configuration::{SecretValue, Secrets};
use clients::client_in;
use declaration::Declaration;
use exchange::Pending;

/// Where the provider sends the browser back to.
pub const CALLBACK: &str = "/api/public/v1/oauth/callback";

const AWAY: TimeDelta = TimeDelta::minutes(10);
const WAITS: TimeDelta = TimeDelta::hours(1);

/// The names under which things are sealed: a flow, its result.
const FLOW: &str = "/flow";
const RESULT: &str = "/result";

/// A flow that somebody wants to begin.
#[derive(Debug)]
pub struct Wish {
    pub workspace_id: WorkspaceId,
    pub definition_id: Option<DefinitionId>,
    /// The short name of the connector.
    pub name: Option<String>,
    /// Where the browser goes in the end.
    pub redirect_url: String,
    /// What the flow needs of the configuration; it may also bring an OAuth client.
    pub inputs: Inputs,
    pub scope: Option<Vec<String>>,
    pub optional_scope: Option<Vec<String>>,
}

/// Part of a configuration, perhaps with a client's secret, so `Debug` does not show it.
#[derive(Default)]
pub struct Inputs(pub Map<String, Value>);

impl std::fmt::Debug for Inputs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inputs(…)")
    }
}

/// Begins a flow and gives the address for the browser. `base` is ours, as the browser knows it.
///
/// # Errors
/// [`Error::UnknownConnector`]; [`Error::Unprocessable`] when the connector declares no flow that could
/// be followed, or something is missing for it.
pub async fn initiate(app: &Arc<App>, caller: &Caller, base: &str, wish: Wish) -> Result<String> {
    let mut db = app.db.read().await?;
    let kind = Kind::Source;
    let home = doors::workspace_of::<EditActor>(&mut db, caller, kind, wish.workspace_id).await?;
    if wish.definition_id.is_none() && wish.name.is_none() {
        return Err(Error::invalid("/sourceType", "is required"));
    }
    let name = wish.name.as_deref();
    let definition = actors::choose(&mut db, kind, &home, wish.definition_id, name).await?;
    let redirect_url = redirect_url(&wish.redirect_url)?;
    let brought = match store::nearest_client(&mut db, &home, definition.id).await? {
        Some(id) => opened(app, &mut db, id, clients::SEALED).await?,
        None => None,
    };
    drop(db);

    let refused = |why: String| Error::Unprocessable(refusal(&definition, &why));
    let specification = definitions::printed(app, &definition).await?;
    let declaration = Declaration::of(&specification).map_err(refused)?;
    let Inputs(inputs) = wish.inputs;
    let client = client_in(&declaration, &inputs).or(brought).ok_or_else(|| {
        refused(
            "no OAuth client is known for it: PUT one to the oauthCredentials of the workspace or its \
             organization, or give client_id and client_secret in oAuthInputConfiguration"
                .to_owned(),
        )
    })?;
    let pending = Pending {
        inputs: inputs_of(&declaration, inputs).map_err(refused)?,
        state: state(app, &declaration),
        redirect_uri: format!("{base}{CALLBACK}"),
        scope: wish.scope,
        optional_scope: wish.optional_scope,
        declaration,
        client,
    };
    let consent_url = pending.consent_url().map_err(refused)?;

    let now = app.clock.now();
    let flow = NewFlow {
        // Whoever holds it may pick the result up, so it is not counted as other ids are.
        id: uuid::Builder::from_random_bytes(app.clock.random()).into_uuid(),
        state_hash: hash(&pending.state),
        definition_id: definition.id,
        user_id: caller.id(),
        redirect_url: &redirect_url,
        expires_at: now + AWAY,
    };
    let mut db = app.db.write().await?;
    let gone = || Error::not_found(Noun::Workspace, home.id);
    workspaces::hold(&mut db, &home).await?.ok_or_else(gone)?;
    for overdue in store::forget_overdue(&mut db, now).await? {
        secrets::remove(&mut db, overdue).await?;
    }
    store::begin(&mut db, &home, &flow, now).await?;
    let sealed = serde_json::to_value(&pending).map_err(Error::internal)?;
    seal(app, &mut db, flow.id, FLOW, sealed).await?;
    db.commit().await?;
    Ok(consent_url)
}

/// Takes a browser that comes back from a provider, and gives the address where it goes next: the
/// caller's own, with the `secret_id` or with what went wrong.
///
/// # Errors
/// [`Error::Invalid`] when no flow waits for it.
pub async fn finish(app: &App, pairs: &[(String, String)]) -> Result<String> {
    let now = app.clock.now();
    let Some(flow) = awaited(app, pairs).await? else {
        return Err(unawaited());
    };
    let mut db = app.db.write().await?;
    let taken = store::take(&mut db, &flow, now).await?;
    let sealed = opened(app, &mut db, flow.id, FLOW).await?;
    db.commit().await?;
    let (true, Some(sealed)) = (taken, sealed) else {
        return Err(unawaited());
    };
    let pending: Pending = serde_json::from_value(sealed.into()).map_err(Error::internal)?;
    let outcome = match code_in(&pending, pairs) {
        Ok(code) => pending.trade(&app.net, code, now).await,
        Err(why) => Err(why),
    };

    let mut db = app.db.write().await?;
    let answer = match outcome {
        Ok(fields) => {
            seal(app, &mut db, flow.id, RESULT, fields.into()).await?;
            store::keep(&mut db, &flow, app.clock.now() + WAITS).await?;
            vec![("secret_id", flow.id.to_string())]
        }
        Err(why) => {
            tracing::info!(flow = %flow.id, "a sign-in by OAuth failed: {why}");
            secrets::remove(&mut db, flow.id).await?;
            store::remove(&mut db, &flow).await?;
            vec![
                ("error", "oauth_failed".to_owned()),
                ("error_description", why),
            ]
        }
    };
    db.commit().await?;
    let mut next = Url::parse(&flow.redirect_url).map_err(Error::internal)?;
    next.query_pairs_mut().extend_pairs(answer);
    Ok(next.into())
}

/// Picks up what a flow brought, once: fields to be merged into a configuration.
///
/// # Errors
/// [`Error::Unprocessable`] when there is nothing for this workspace and connector.
pub async fn claim(
    app: &App,
    db: &mut Writer,
    workspace: WorkspaceId,
    definition: DefinitionId,
    secret_id: &str,
) -> Result<Value> {
    let nothing = || {
        Error::Unprocessable(
            "there is no such secretId: it was brought for another workspace or connector, picked up \
             before, or an hour has passed"
                .to_owned(),
        )
    };
    let id = Uuid::try_parse(secret_id).map_err(|_| nothing())?;
    let now = app.clock.now();
    if !store::claim(db, workspace, definition, id, now).await? {
        return Err(nothing());
    }
    let fields = opened(app, db, id, RESULT).await?.ok_or_else(nothing)?;
    secrets::remove(db, id).await?;
    Ok(fields.into())
}

fn unawaited() -> Error {
    let why = "no sign-in waits for it: it took longer than ten minutes, or has come back before";
    Error::faults(vec![Fault::in_parameter(Place::Query, "state", why)])
}

/// The flow that one of these values is the state of; providers choose the parameter's name.
async fn awaited(app: &App, pairs: &[(String, String)]) -> Result<Option<Flow>> {
    const MOST: usize = 10;
    let mut db = app.db.read().await?;
    for (_, value) in pairs.iter().take(MOST) {
        let found = store::waiting(&mut db, &hash(value), app.clock.now()).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The code that the browser brings, or what the provider says instead.
fn code_in<'a>(pending: &Pending, pairs: &'a [(String, String)]) -> Result<&'a str, String> {
    let value = |name: &str| {
        let found = pairs
            .iter()
            .find(|(known, value)| known == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    };
    let key = pending
        .declaration
        .exchange()
        .map_or("code", |exchange| exchange.keys().code);
    if let Some(code) = value(key).or_else(|| value("code")) {
        return Ok(code);
    }
    let said = [value("error"), value("error_description")];
    let said: Vec<_> = said.into_iter().flatten().map(exchange::quoted).collect();
    Err(if said.is_empty() {
        format!("the provider sent no {key}")
    } else {
        format!("the provider says {}", said.join(", "))
    })
}

/// What of the configuration the flow may use, by name.
fn inputs_of(
    declaration: &Declaration,
    given: Map<String, Value>,
) -> Result<Map<String, Value>, String> {
    let whole = Value::Object(given.clone());
    let mut inputs: Map<_, _> = given
        .into_iter()
        .filter(|(_, value)| value.is_string() || value.is_number() || value.is_boolean())
        .collect();
    for input in declaration.inputs() {
        if let Some(value) = declaration::at(&whole, &input.to) {
            inputs.insert(input.name, value.clone());
        } else if input.required && !inputs.contains_key(&input.name) {
            return Err(format!("oAuthInputConfiguration lacks {}", input.name));
        }
    }
    Ok(inputs)
}

/// Where the caller wants the browser in the end. It carries the `secret_id`, so it is encrypted on its
/// way, unless it does not leave the machine.
fn redirect_url(text: &str) -> Result<String> {
    let wrong = || {
        Error::Unprocessable(
            "redirectUrl must be an https URL; http is good enough for localhost only".to_owned(),
        )
    };
    let url = Url::parse(text).map_err(|_| wrong())?;
    let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match url.scheme() {
        "https" => Ok(url.into()),
        "http" if here => Ok(url.into()),
        _ => Err(wrong()),
    }
}

fn state(app: &App, declaration: &Declaration) -> String {
    let mut state = URL_SAFE_NO_PAD.encode(app.clock.random::<96>());
    let length = declaration
        .exchange()
        .map_or(43, declaration::Exchange::state_length);
    state.truncate(length);
    state
}

fn hash(state: &str) -> [u8; 32] {
    Sha256::digest(state).into()
}

fn refusal(definition: &Definition, why: &str) -> String {
    format!("{} cannot be signed in by OAuth: {why}", definition.name)
}

async fn seal(app: &App, db: &mut Writer, owner: Uuid, name: &str, value: Value) -> Result<()> {
    let sealed = Secrets::from([(name.to_owned(), SecretValue::new(value))]);
    secrets::put(app, db, owner, &sealed).await
}

async fn opened(
    app: &App,
    db: &mut dyn Exec,
    owner: Uuid,
    name: &str,
) -> Result<Option<Map<String, Value>>> {
    let secrets = secrets::open(app, db, owner).await?;
    let object = |value: &SecretValue| value.reveal().as_object().cloned();
    Ok(secrets.get(name).and_then(object))
}
