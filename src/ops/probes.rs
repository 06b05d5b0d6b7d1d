//! Asking connectors something short: checks, and the runs behind discovery. Whoever asks waits for a
//! probe (`engine::probes`); what happens inside it is here: opening the configuration, asking, and storing
//! what the connector wants stored.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::actors::{choose, definition_of, held};
use super::configurations::{self, Opened, Prepared, prepare, prepared};
use super::definitions;
use super::secrets::{self, Runnable};
use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::granted::Granted;
use crate::access::policy::{ActorLevel, EditActor, Run};
use crate::app::App;
use crate::connector::{Answer, Cause, Failure, Limits, Question, Said};
use crate::domain::actor::{self, Actor};
use crate::domain::definition::{Definition, Kind};
use crate::domain::ids::{ActorId, DefinitionId, WorkspaceId};
use crate::domain::resources::{JobType, ScopedResourceRequirements};
use crate::engine::probes::{Asked, Errand, Finding, NoOutcome, Outcome, Subject};
use crate::error::{Error, Result};
use crate::protocol::message::{CheckStatus, ConnectionStatus};
use crate::store::actors;
use crate::vault::configuration::{Secrets, adopt};
use crate::vault::hiding::Veil;
use crate::vault::references::Unresolved;

/// When to ask again for what goes on.
const AGAIN: Duration = Duration::from_secs(5);

/// What a request needs besides waiting.
const MARGIN: Duration = Duration::from_secs(2);

/// What came of a check.
#[derive(Debug, Clone)]
pub struct Checked {
    pub succeeded: bool,
    /// The connector's own words.
    pub message: Option<String>,
}

/// A configuration that is to be tried without being stored.
#[derive(Debug)]
pub struct Trial {
    /// A source or destination whose stored secrets stand behind the masks.
    pub actor_id: Option<ActorId>,
    /// Known already when the source or destination is named.
    pub workspace_id: Option<WorkspaceId>,
    pub definition_id: Option<DefinitionId>,
    /// An object.
    pub configuration: Value,
}

/// Asks the connector of a source or destination whether it can connect.
///
/// # Errors
/// [`Error::NotYet`] when it takes longer than a request may, [`Error::Conflict`] when this machine cannot
/// run the connector.
pub async fn check(app: &Arc<App>, caller: &Caller, kind: Kind, id: ActorId) -> Result<Checked> {
    let mut db = app.db.read().await?;
    let actor = doors::actor::<Run>(&mut db, caller, kind, id).await?;
    let definition = definition_of(&mut db, &actor).await?;
    drop(db);
    check_stored(app, actor, definition).await
}

/// Tries a configuration without storing it.
///
/// # Errors
/// As [`check`], and [`Error::Invalid`] for a configuration that does not fit.
pub async fn try_out(app: &Arc<App>, caller: &Caller, kind: Kind, trial: Trial) -> Result<Checked> {
    let Some(id) = trial.actor_id else {
        let missing = || Error::invalid("/workspaceId", "is required");
        let workspace = trial.workspace_id.ok_or_else(missing)?;
        let mut db = app.db.read().await?;
        let home = doors::workspace_of::<EditActor>(&mut db, caller, kind, workspace).await?;
        let tag = actor::tag(kind, &trial.configuration);
        let definition = choose(&mut db, kind, &home, trial.definition_id, tag).await?;
        drop(db);
        let specification = definitions::specification(app, &definition).await?;
        let prepared = prepare(app, kind, &specification, trial.configuration, None)?;
        return check_prepared(app, home.id, definition, prepared).await;
    };
    let mut db = app.db.read().await?;
    let actor = doors::actor::<EditActor>(&mut db, caller, kind, id).await?;
    let others = trial
        .workspace_id
        .is_some_and(|id| id != actor.workspace_id);
    if others {
        let why = format!("the {} is in another workspace", kind.as_str());
        return Err(Error::invalid("/workspaceId", why));
    }
    // Stored secrets are for the connector that they were given to.
    if trial
        .definition_id
        .is_some_and(|id| id != actor.definition_id)
    {
        let why = format!("the {} is of another definition", kind.as_str());
        return Err(Error::invalid("/definitionId", why));
    }
    let definition = definition_of(&mut db, &actor).await?;
    let opened = configurations::open(app, &mut db, &actor).await?;
    drop(db);
    let specification = definitions::specification(app, &definition).await?;
    let stored = Some(opened.stored());
    let prepared = prepare(app, kind, &specification, trial.configuration, stored)?;
    if prepared.fingerprint == actor.fingerprint {
        // What the connector wants stored is not lost then.
        return check_stored(app, actor, definition).await;
    }
    check_prepared(app, actor.workspace_id, definition, prepared).await
}

async fn check_stored<L: ActorLevel + 'static>(
    app: &Arc<App>,
    actor: Granted<Actor, L>,
    definition: Definition,
) -> Result<Checked> {
    let subject = Subject {
        asked: Asked::Check,
        edition: definition.edition(),
        fingerprint: actor.fingerprint.clone(),
    };
    let tenant = actor.workspace_id;
    let own = Arc::clone(app);
    let work = move || async move {
        let (answer, _) = ask_stored(&own, &actor, &definition, Asked::Check).await?;
        status(answer)
    };
    checked(app, subject, tenant, work).await
}

async fn check_prepared(
    app: &Arc<App>,
    tenant: WorkspaceId,
    definition: Definition,
    prepared: Prepared,
) -> Result<Checked> {
    let subject = Subject {
        asked: Asked::Check,
        edition: definition.edition(),
        fingerprint: prepared.fingerprint.clone(),
    };
    let own = Arc::clone(app);
    let work = move || async move {
        let given = Opened {
            shown: prepared.shown,
            secrets: prepared.secrets,
        };
        let (answer, _) = ask(&own, &definition, None, &given, Asked::Check).await?;
        status(answer)
    };
    checked(app, subject, tenant, work).await
}

async fn checked<F>(
    app: &App,
    subject: Subject,
    tenant: WorkspaceId,
    work: impl FnOnce() -> F + Send + 'static,
) -> Result<Checked>
where
    F: Future<Output = Outcome> + Send + 'static,
{
    let errand = Errand {
        subject,
        tenant,
        deadline: app.config.connectors.check_deadline,
        afresh: true,
    };
    let patience = app.config.server.request_timeout;
    let patience = patience.saturating_sub(MARGIN).max(patience / 2);
    match app.probes.ask(errand, patience, work).await {
        Ok(Ok(Finding::Status(status))) => Ok(Checked {
            succeeded: status.status == CheckStatus::Succeeded,
            message: status.message,
        }),
        Ok(Ok(Finding::Offers(_))) => Err(Error::internal("a check found streams")),
        Ok(Err(failure)) if failure.cause == Cause::Missing => {
            Err(Error::conflict(failure.message))
        }
        // However a check ends, the connection does not work.
        Ok(Err(failure)) => Ok(Checked {
            succeeded: false,
            message: Some(failure.message),
        }),
        Err(why) => Err(no_outcome(why, "the check goes on: ask again in 5 seconds")),
    }
}

fn status(answer: Answer) -> Outcome {
    match answer.said {
        Said::Status(status) => Ok(Finding::Status(status)),
        _ => Err(broken("the connector answered something else to a check")),
    }
}

/// What to say when there is no outcome.
pub(super) fn no_outcome(why: NoOutcome, goes_on: impl Into<String>) -> Error {
    let message = match why {
        NoOutcome::Yet => goes_on.into(),
        NoOutcome::Crowded => {
            "too many connectors of this workspace wait for their turn; ask again later".to_owned()
        }
    };
    Error::NotYet {
        message,
        retry_after: AGAIN,
    }
}

/// Asks the connector of a source or destination with the configuration of this moment, and stores the
/// new one if the connector announces one. Also gives the fingerprint of what is stored then.
pub(super) async fn ask_stored<L>(
    app: &Arc<App>,
    actor: &Granted<Actor, L>,
    definition: &Definition,
    asked: Asked,
) -> Result<(Answer, Vec<u8>), Failure> {
    // Row and secrets belong together only while the row is held.
    let (row, opened) = async {
        let mut db = app.db.write().await?;
        let row = held(&mut db, actor).await?;
        let opened = configurations::open(app, &mut db, &row).await?;
        Ok((row, opened))
    }
    .await
    .map_err(ours)?;
    let resources = row.resource_allocation.as_deref();
    let (answer, used) = ask(app, definition, resources, &opened, asked).await?;
    let mut fingerprint = row.fingerprint.clone();
    if let Some(announced) = &answer.new_configuration {
        let adopted = keep_announced(app, actor, definition, &row, announced, &used).await;
        if let Some(new) = adopted.map_err(ours)? {
            fingerprint = new;
        }
    }
    Ok((answer, fingerprint))
}

/// Stores what a connector announced, unless somebody has changed the configuration since it was run.
async fn keep_announced<L>(
    app: &Arc<App>,
    actor: &Granted<Actor, L>,
    definition: &Definition,
    ran_with: &Actor,
    announced: &Value,
    used: &Secrets,
) -> Result<Option<Vec<u8>>> {
    let specification = definitions::specification(app, definition).await?;
    let mut db = app.db.write().await?;
    let Some(held) = actors::hold(&mut db, actor).await? else {
        return Ok(None);
    };
    if held.fingerprint != ran_with.fingerprint {
        return Ok(None);
    }
    let opened = configurations::open(app, &mut db, &held).await?;
    let wanted = with_tag(held.kind, &opened.shown, announced);
    let schema = &specification.connection_specification;
    let split = adopt(schema, &wanted, opened.stored(), used);
    let mut row = held.clone();
    prepared(app, held.kind, split)
        .keep(app, &mut db, &mut row)
        .await?;
    actors::update(&mut db, actor, &held, &row, app.clock.now()).await?;
    db.commit().await?;
    Ok(Some(row.fingerprint))
}

/// The tag was not given to the connector, so it does not come back from it.
fn with_tag(kind: Kind, shown: &Value, announced: &Value) -> Value {
    let key = kind.type_key();
    let mut wanted = announced.clone();
    if let (Some(members), Some(tag)) = (wanted.as_object_mut(), shown.get(key)) {
        let place = shown
            .as_object()
            .and_then(|all| all.keys().position(|name| name == key));
        let place = place.unwrap_or(0).min(members.len());
        members.shift_insert(place, key.to_owned(), tag.clone());
    }
    wanted
}

/// Asks a connector, with the secrets in their places and every reference resolved. What it says about
/// itself is told without them. Also gives the secrets as it got them.
async fn ask(
    app: &App,
    definition: &Definition,
    resources: Option<&str>,
    opened: &Opened,
    asked: Asked,
) -> Result<(Answer, Secrets), Failure> {
    let run = secrets::for_run(app, &opened.shown, opened.secrets.clone()).await;
    let Runnable {
        configuration,
        used,
        veil,
    } = run.map_err(unresolved)?;
    let configuration = actor::without_tag(definition.kind, configuration.0);
    let settings = &app.config.connectors;
    let (question, job, deadline) = match asked {
        Asked::Check => (
            Question::Check { configuration },
            JobType::CheckConnection,
            settings.check_deadline,
        ),
        Asked::Discover => (
            Question::Discover { configuration },
            JobType::DiscoverSchema,
            settings.discovery_deadline,
        ),
    };
    let mut target = async { definitions::target(&mut app.db.read().await?, definition).await }
        .await
        .map_err(ours)?;
    target.limits = limits(resources, job);
    match app.launcher.ask(&target, question, deadline).await {
        Ok(answer) => Ok((veiled_answer(&veil, answer), used)),
        Err(failure) => Err(veiled(&veil, failure)),
    }
}

fn limits(resources: Option<&str>, job: JobType) -> Limits {
    let given = resources.and_then(|text| serde_json::from_str(text).ok());
    let given: ScopedResourceRequirements = given.unwrap_or_default();
    let (cpu, memory) = given.limits(job);
    Limits { cpu, memory }
}

fn veiled_answer(veil: &Veil, mut answer: Answer) -> Answer {
    if let Said::Status(ConnectionStatus {
        message: Some(message),
        ..
    }) = &mut answer.said
    {
        *message = veil.hide(message).into_owned();
    }
    answer
}

fn veiled(veil: &Veil, failure: Failure) -> Failure {
    let log = failure.log.iter().map(|line| veil.hide(line).into_owned());
    Failure {
        cause: failure.cause,
        message: veil.hide(&failure.message).into_owned(),
        story: veil.hide(&failure.story).into_owned(),
        log: log.collect(),
    }
}

/// A failure of ours, on the way to a caller who waits for a connector.
pub(super) fn ours(error: Error) -> Failure {
    let message = error.to_string();
    let (cause, story) = match error {
        Error::Internal(story) | Error::Unavailable(story) => (Cause::Transient, story.to_string()),
        Error::Connector { story, .. } => (Cause::Connector, story.to_string()),
        Error::NotYet { .. } => (Cause::Transient, String::new()),
        Error::Conflict(_) => (Cause::Missing, String::new()),
        _ => (Cause::Configuration, String::new()),
    };
    Failure {
        cause,
        message,
        story,
        log: Vec::new(),
    }
}

/// References that lead nowhere are for whoever configured them.
fn unresolved(all: Vec<Unresolved>) -> Failure {
    let sentences = all
        .into_iter()
        .map(|one| format!("{}: {}", one.field, one.why));
    Failure {
        cause: Cause::Configuration,
        message: sentences.collect::<Vec<_>>().join("; "),
        story: String::new(),
        log: Vec::new(),
    }
}

pub(super) fn broken(message: &str) -> Failure {
    Failure {
        cause: Cause::Connector,
        message: message.to_owned(),
        story: String::new(),
        log: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_announced_configuration_gets_the_tag_back_where_it_was() {
        let shown = json!({ "a": 1, "sourceType": "pets", "b": 2 });
        let wanted = with_tag(Kind::Source, &shown, &json!({ "a": 3, "b": 4 }));
        assert_eq!(wanted.to_string(), r#"{"a":3,"sourceType":"pets","b":4}"#);
        let wanted = with_tag(Kind::Source, &json!({ "a": 1 }), &json!({ "b": 4 }));
        assert_eq!(wanted.to_string(), r#"{"b":4}"#);
    }
}
