//! Asking for jobs, and for their end. The queue itself is `store::jobs`; who takes from it is the engine's
//! affair.

use std::time::Duration;

use super::connections::{removed, text};
use super::once::{self, Once};
use crate::access::caller::Caller;
use crate::access::doors;
use crate::access::granted::Granted;
use crate::access::policy::{EditSomething, Read, Run};
use crate::app::App;
use crate::domain::audit;
use crate::domain::connection::{Connection, Status};
use crate::domain::ids::ConnectionId;
use crate::domain::job::{Job, JobId, JobStatus, JobType};
use crate::domain::stream::StreamName;
use crate::engine::queue;
use crate::error::{Error, Fault, Noun, Result};
use crate::protocol::catalog::{ConfiguredCatalog, StreamDescriptor};
use crate::store::bell::Ring;
use crate::store::db::Exec;
use crate::store::jobs::NewJob;
use crate::store::{connections, jobs};

/// How long a request waits for a job to end that it has cancelled. Clients wait for five seconds.
const PATIENCE: Duration = Duration::from_secs(3);

/// A job that somebody wants.
#[derive(Debug)]
pub struct Wish {
    pub connection: ConnectionId,
    pub job_type: JobType,
    /// Only these streams, of a clear or a refresh.
    pub streams: Option<Vec<StreamName>>,
    pub once: Option<Once>,
}

/// Puts a job into the queue. A reset or a clear ends what runs; for anything else, one at a time.
///
/// # Errors
/// [`Error::Running`] while another job has not ended; [`Error::Conflict`] for a connection that is
/// switched off or removed.
pub async fn create(app: &App, caller: &Caller, wish: Wish) -> Result<Job> {
    if let Some(id) = once::earlier(app, wish.once.as_ref()).await? {
        return read(app, caller, id).await;
    }
    let mut db = app.db.read().await?;
    let (id, streams) = (wish.connection, wish.streams.as_deref());
    let (connection, streams) = match wish.job_type {
        JobType::Clear => {
            let granted: Granted<_, EditSomething> = doors::connection(&mut db, caller, id).await?;
            let streams = limited(&mut db, &granted, streams).await?;
            (granted.into_inner(), streams)
        }
        _ => {
            let granted: Granted<_, Run> = doors::connection(&mut db, caller, id).await?;
            let streams = limited(&mut db, &granted, streams).await?;
            (granted.into_inner(), streams)
        }
    };
    drop(db);
    let new = NewJob {
        connection: connection.id,
        workspace: connection.workspace_id,
        job_type: wish.job_type,
        streams,
    };
    if wish.job_type.empties() {
        make_way(app, &connection).await?;
    }
    loop {
        if let Some(job) = insert(app, &connection, &new, wish.once.as_ref()).await? {
            return Ok(job);
        }
        // The one that was in the way may have ended just now.
        let Some(live) = jobs::live(&mut app.db.read().await?, connection.id).await? else {
            continue;
        };
        let same = live.job_type == new.job_type && live.streams == new.streams;
        if same && live.status == JobStatus::Pending {
            // It will do what was asked for, so the key stands for it.
            let mut db = app.db.write().await?;
            once::keep(app, &mut db, wish.once.as_ref(), live.id).await?;
            db.commit().await?;
            return Ok(live);
        }
        return Err(running(&live));
    }
}

/// The streams that a job is limited to, as they are stored, if the connection can have a job at all.
async fn limited<L>(
    db: &mut dyn Exec,
    connection: &Granted<Connection, L>,
    streams: Option<&[StreamName]>,
) -> Result<Option<String>> {
    if connection.deleted_at.is_some() {
        return Err(removed());
    }
    if connection.status != Status::Active {
        return Err(Error::conflict(format!(
            "connection {} is {}; set its status to active first",
            connection.id,
            connection.status.as_str()
        )));
    }
    let Some(streams) = streams.filter(|streams| !streams.is_empty()) else {
        return Ok(None);
    };
    let catalog = connections::catalog(db, connection).await?;
    let catalog: ConfiguredCatalog = serde_json::from_str(&catalog).map_err(Error::internal)?;
    let (mut limited, mut faults) = (Vec::<StreamDescriptor>::new(), Vec::new());
    for (index, stream) in streams.iter().enumerate() {
        let wanted = StreamDescriptor {
            name: stream.stream_name.clone(),
            namespace: stream.stream_namespace.clone(),
        };
        let mut all = catalog.streams.iter().map(|one| one.stream.descriptor());
        if all.any(|one| one == wanted) {
            if !limited.contains(&wanted) {
                limited.push(wanted);
            }
        } else {
            let why = format!("the connection has no stream {wanted}");
            faults.push(Fault::in_body(format!("/streams/{index}"), why));
        }
    }
    if faults.is_empty() {
        Ok(Some(text(&limited)?))
    } else {
        Err(Error::faults(faults))
    }
}

/// Puts a job in, unless the connection has one that has not ended.
async fn insert(
    app: &App,
    connection: &Connection,
    new: &NewJob,
    once: Option<&Once>,
) -> Result<Option<Job>> {
    let now = app.clock.now();
    let mut db = app.db.write().await?;
    let Some(job) = queue::put(&mut db, connection, new, now).await? else {
        // With it go the number that was drawn and the time that was moved.
        return Ok(None);
    };
    audit::made(&Noun::Job, &job.id);
    once::keep(app, &mut db, once, job.id).await?;
    db.commit().await?;
    app.bell.ring(Ring::Work).await;
    Ok(Some(job))
}

/// Ends the sync that is in the way of a clear.
async fn make_way(app: &App, connection: &Connection) -> Result<()> {
    let live = jobs::live(&mut app.db.read().await?, connection.id).await?;
    match live {
        Some(live) if !live.job_type.empties() => {
            let cancelled = end(app, live.id).await?;
            if cancelled.is_some_and(|job| !job.status.is_final()) {
                return Err(Error::Running {
                    message: format!(
                        "job {} of connection {} is already running and is being cancelled; ask again \
                         in a moment",
                        live.id, connection.id
                    ),
                    job: live.id,
                });
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// What to say when a job is in the way.
pub(super) fn running(live: &Job) -> Error {
    Error::Running {
        message: format!(
            "a {} of connection {} is already running: job {}",
            live.job_type.as_str(),
            live.connection_id,
            live.id
        ),
        job: live.id,
    }
}

/// Ends this job and no other, and answers it as it stands then. A job that has ended stays as it is; one
/// that runs may need longer than a caller waits.
pub async fn cancel(app: &App, caller: &Caller, id: JobId) -> Result<Job> {
    let job: Granted<_, Run> = doors::job(&mut app.db.read().await?, caller, id).await?;
    Ok(end(app, job.id).await?.unwrap_or(job.into_inner()))
}

/// Ends a job and waits for it a moment; `None` when it had ended.
async fn end(app: &App, id: JobId) -> Result<Option<Job>> {
    match queue::cancel(&app.db, &app.clock, &app.bell, id).await? {
        Some(job) if job.status.is_final() => Ok(Some(job)),
        Some(_) => {
            let job = queue::ended(&app.db, &app.bell, id, PATIENCE).await?;
            Ok(Some(job))
        }
        None => Ok(None),
    }
}

/// Tells whoever works at these jobs, or waits for them, that they are to end or have ended.
pub(super) async fn ring_ended(app: &App, jobs: &[Job]) {
    queue::ring_ended(&app.bell, jobs).await;
}

/// One job.
pub async fn read(app: &App, caller: &Caller, id: JobId) -> Result<Job> {
    let job: Granted<_, Read> = doors::job(&mut app.db.read().await?, caller, id).await?;
    Ok(job.into_inner())
}
