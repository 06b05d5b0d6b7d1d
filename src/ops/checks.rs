//! Checks: whether a source or destination can connect, as it is stored or as somebody would like it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::actors::{choose, definition_of};
use super::configurations::{self, Opened, Prepared, prepare};
use super::definitions;
use super::probes::{ask, ask_stored, broken, no_outcome};
use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::granted::Granted;
use crate::access::policy::{ActorLevel, EditActor, Run};
use crate::app::App;
use crate::connector::{Answer, Cause, Said};
use crate::domain::actor::{self, Actor};
use crate::domain::definition::{Definition, Kind};
use crate::domain::ids::{ActorId, DefinitionId, WorkspaceId};
use crate::engine::probes::{Asked, Errand, Finding, Outcome, Subject};
use crate::error::{Error, Result};
use crate::protocol::message::CheckStatus;

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
