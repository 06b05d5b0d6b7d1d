//! What a connector says about itself. It is asked once for each edition, outside any transaction, and
//! the answer is stored. Whoever asks meanwhile waits for the same run, and the run goes on when they
//! do not wait any longer: fetching an image or building an environment may take minutes.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::low_code;
use crate::app::App;
use crate::connector::{Cause, Failure, Limits, Manifest, Question, Said, Target};
use crate::domain::definition::{Definition, Runtime};
use crate::error::{Error, Result};
use crate::protocol::message::Specification;
use crate::store::db::Exec;
use crate::store::{manifests, specifications};

/// What has to be known of a definition to run it.
///
/// # Errors
/// When the database does not answer.
pub async fn target(db: &mut dyn Exec, definition: &Definition) -> Result<Target> {
    let manifest = match manifests::active(db, definition).await? {
        None => None,
        Some(stored) => Some(Manifest {
            manifest: serde_json::from_str(&stored.manifest).map_err(Error::internal)?,
            components: stored.components,
        }),
    };
    Ok(Target {
        kind: definition.kind,
        runtime: definition.runtime.clone(),
        repository: definition.repository.clone(),
        tag: definition.tag.clone(),
        manifest,
        limits: Limits::default(),
    })
}

/// The specification of a definition: what is known of it, or what its connector prints now.
///
/// # Errors
/// [`Error::Conflict`] when it has to be asked and does not answer.
pub async fn specification(app: &Arc<App>, definition: &Definition) -> Result<Specification> {
    known_or_printed(app, definition, false).await
}

/// The same, but an outline of it is not enough: this machine has run the connector, or a registry
/// knows what it prints.
pub(in crate::ops) async fn printed(
    app: &Arc<App>,
    definition: &Definition,
) -> Result<Specification> {
    known_or_printed(app, definition, true).await
}

async fn known_or_printed(
    app: &Arc<App>,
    definition: &Definition,
    sure: bool,
) -> Result<Specification> {
    let mut db = app.db.read().await?;
    let target = target(&mut db, definition).await?;
    if let Some(Manifest { manifest, .. }) = &target.manifest {
        return low_code::specification(manifest);
    }
    let edition = definition.edition();
    let stored = specifications::fetch(&mut db, &edition).await?;
    drop(db);
    let known = || match &stored {
        Some(stored) => serde_json::from_str(&stored.specification)
            .map(Some)
            .map_err(Error::internal),
        None => Ok(None),
    };
    if let Runtime::Native { .. } = definition.runtime {
        // It answers from memory, and knows better than what was stored.
        let deadline = app.config.connectors.specification_deadline;
        let answer = app
            .launcher
            .ask(&target, Question::Specification, deadline)
            .await;
        return match answer {
            Err(failure) if failure.cause == Cause::Missing => {
                known()?.ok_or_else(|| refusal(definition, &failure.message))
            }
            answer => read(answer).map_err(|why| refusal(definition, &why)),
        };
    }
    if stored
        .as_ref()
        .is_some_and(|stored| stored.printed || !sure)
        && let Some(known) = known()?
    {
        return Ok(known);
    }
    ask(app, definition, edition, target).await
}

/// Asks the connector, or waits for whoever does.
async fn ask(
    app: &Arc<App>,
    definition: &Definition,
    edition: String,
    target: Target,
) -> Result<Specification> {
    let (seat, duty) = app.specifications.join(&edition);
    if let Some(duty) = duty {
        let runner = Arc::clone(app);
        app.shutdown.spawn(async move {
            tokio::select! {
                outcome = run(&runner, &edition, &target) => duty.done(outcome),
                // Stopping does not wait for it: whoever asks the next server begins anew.
                () = runner.shutdown.begun() => {}
            }
        });
    }
    match tokio::time::timeout(patience(app), seat.outcome()).await {
        Ok(Some(outcome)) => outcome.map_err(|why| refusal(definition, &why)),
        Ok(None) => Err(refusal(definition, "the server is stopping")),
        Err(_) => Err(refusal(
            definition,
            "it is being fetched and started, which takes longer than usual; ask again in a moment",
        )),
    }
}

async fn run(
    app: &App,
    edition: &str,
    target: &Target,
) -> std::result::Result<Specification, String> {
    let deadline = app.config.connectors.specification_deadline;
    let specification = read(
        app.launcher
            .ask(target, Question::Specification, deadline)
            .await,
    )?;
    if let Err(error) = store(app, edition, &specification).await {
        tracing::warn!(edition, "a specification was not stored: {error}");
    }
    Ok(specification)
}

/// How long a request waits: so long that the answer is ours and not the time limit's.
fn patience(app: &App) -> Duration {
    let limit = app.config.server.request_timeout;
    limit.saturating_sub(Duration::from_secs(2)).max(limit / 2)
}

fn read(
    answer: std::result::Result<crate::connector::Answer, Failure>,
) -> std::result::Result<Specification, String> {
    match answer {
        Ok(answer) => match answer.said {
            Said::Specification(specification) => usable(specification),
            _ => Err("it answered something else".to_owned()),
        },
        Err(failure) => {
            tracing::info!(cause = ?failure.cause, story = failure.story, "a connector printed no specification");
            Err(failure.message)
        }
    }
}

fn usable(specification: Specification) -> std::result::Result<Specification, String> {
    let schema = &specification.connection_specification;
    if !matches!(schema, Value::Object(_)) {
        return Err("the specification that it printed is no JSON schema".to_owned());
    }
    match jsonschema::draft7::new(schema) {
        Ok(_) => Ok(specification),
        Err(error) => Err(format!(
            "the specification that it printed is no JSON schema: {error}"
        )),
    }
}

async fn store(app: &App, edition: &str, specification: &Specification) -> Result<()> {
    let text = serde_json::to_string(specification).map_err(Error::internal)?;
    let mut db = app.db.write().await?;
    specifications::keep(&mut db, edition, &text, true, app.clock.now()).await?;
    db.commit_aside().await
}

fn refusal(definition: &Definition, why: &str) -> Error {
    let what = match &definition.runtime {
        Runtime::Image => format!("{}:{}", definition.repository, definition.tag),
        runtime => runtime.to_string(),
    };
    Error::conflict(format!("{what} gave no specification: {why}"))
}
