//! What happens inside a probe (`engine::probes`): opening the configuration, asking the connector, and
//! storing what it wants stored.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::actors::held;
use super::configurations::{self, Opened, prepared};
use super::definitions;
use super::secrets::{self, Runnable};
use crate::access::granted::Granted;
use crate::app::App;
use crate::connector::{Answer, Cause, Failure, Limits, Question, Said};
use crate::domain::actor::{self, Actor};
use crate::domain::definition::{Definition, Kind};
use crate::domain::resources::{JobType, ScopedResourceRequirements};
use crate::engine::probes::{Asked, NoOutcome};
use crate::error::{Error, Result};
use crate::protocol::message::{ConnectionStatus, Specification};
use crate::store::db::Writer;
use crate::store::{actors, definitions as stored_definitions};
use crate::vault::configuration::{Secrets, adopt};
use crate::vault::hiding::Veil;
use crate::vault::references::Unresolved;

/// When to ask again for what goes on.
const AGAIN: Duration = Duration::from_secs(5);

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

/// Stores the configuration that a connector announced, and gives its fingerprint; nothing, when somebody
/// has changed the configuration since. `used` are the secrets that it ran with.
pub async fn keep_announced<L>(
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
    let row = announced_row(app, &mut db, &specification, &held, announced, used).await?;
    actors::update(&mut db, actor, &held, &row, app.clock.now()).await?;
    db.commit_aside().await?;
    Ok(Some(row.fingerprint))
}

/// A row that is held, with what its connector announced in the place of its configuration. The secrets
/// are stored; the row is yet to be.
pub(super) async fn announced_row(
    app: &App,
    db: &mut Writer,
    specification: &Specification,
    held: &Actor,
    announced: &Value,
    used: &Secrets,
) -> Result<Actor> {
    let opened = configurations::open(app, db, held).await?;
    let wanted = with_tag(held.kind, &opened.shown, announced);
    let schema = &specification.connection_specification;
    let split = adopt(schema, &wanted, opened.stored(), used);
    let mut row = held.clone();
    prepared(app, held.kind, split)
        .keep(app, db, &mut row)
        .await?;
    Ok(row)
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
pub(super) async fn ask(
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
    let known = async {
        let mut db = app.db.read().await?;
        let requirements = stored_definitions::requirements(&mut db, definition.id).await?;
        Ok((
            definitions::target(&mut db, definition).await?,
            requirements,
        ))
    };
    let (mut target, requirements) = known.await.map_err(ours)?;
    target.limits = limits(&requirements, resources, job);
    match app.launcher.ask(&target, question, deadline).await {
        Ok(answer) => Ok((veiled_answer(&veil, answer), used)),
        Err(failure) => Err(veiled(&veil, failure)),
    }
}

/// What a run may use: what the source or destination is given, else what its definition says.
pub(super) fn limits(
    definition: &ScopedResourceRequirements,
    given: Option<&str>,
    job: JobType,
) -> Limits {
    let given = given.and_then(|text| serde_json::from_str(text).ok());
    let given: ScopedResourceRequirements = given.unwrap_or_default();
    let ((cpu, memory), (usual_cpu, usual_memory)) = (given.limits(job), definition.limits(job));
    Limits {
        cpu: cpu.or(usual_cpu),
        memory: memory.or(usual_memory),
    }
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

fn veiled(veil: &Veil, mut failure: Failure) -> Failure {
    let texts = [&mut failure.message, &mut failure.story];
    for text in texts.into_iter().chain(&mut failure.log) {
        *text = veil.hide(text).into_owned();
    }
    failure
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
pub(super) fn unresolved(all: Vec<Unresolved>) -> Failure {
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
    fn what_is_given_to_an_actor_wins_over_its_definition_field_by_field() {
        let definition = json!({ "default": { "memory_limit": "1Gi" }, "jobSpecific": [
            { "jobType": "sync", "resourceRequirements": { "memory_limit": "2Gi", "cpu_limit": "2" } }] });
        let definition = serde_json::from_value(definition).expect("requirements");
        let given = r#"{"default":{"cpu_limit":"500m"}}"#;
        for (given, job, cpu, memory) in [
            (None, JobType::Sync, Some(2.0), Some(2 << 30)),
            (Some(given), JobType::Sync, Some(0.5), Some(2 << 30)),
            (
                Some(given),
                JobType::CheckConnection,
                Some(0.5),
                Some(1 << 30),
            ),
            (
                Some("nonsense"),
                JobType::CheckConnection,
                None,
                Some(1 << 30),
            ),
        ] {
            let found = limits(&definition, given, job);
            assert_eq!(found, Limits { cpu, memory }, "{given:?} {job:?}");
        }
    }

    #[test]
    fn an_announced_configuration_gets_the_tag_back_where_it_was() {
        let shown = json!({ "a": 1, "sourceType": "pets", "b": 2 });
        let wanted = with_tag(Kind::Source, &shown, &json!({ "a": 3, "b": 4 }));
        assert_eq!(wanted.to_string(), r#"{"a":3,"sourceType":"pets","b":4}"#);
        let wanted = with_tag(Kind::Source, &json!({ "a": 1 }), &json!({ "b": 4 }));
        assert_eq!(wanted.to_string(), r#"{"b":4}"#);
    }
}
