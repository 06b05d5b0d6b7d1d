//! The queue: jobs are put in once, taken once, kept by a lease, given back, and end truthfully.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::TimeDelta;
use ferrobyte::clock::Timestamp;
use ferrobyte::domain::job::{Failures, Job, JobStatus, JobType};
use ferrobyte::store::bell::Ring;
use ferrobyte::store::db::{Db, Exec as _, Link};
use ferrobyte::store::jobs::{self, Claimed, Claimer, NewJob, Settled};
use ferrobyte::store::leases::Lease;

use crate::support::TestServer;
use crate::support::syncs::{Start, Sync, stream};

fn users() -> Vec<serde_json::Value> {
    vec![stream("users", "incremental", "append")]
}

fn claimer<'a>(server: &TestServer, worker: &'a str) -> Claimer<'a> {
    let now = server.app.clock.now();
    Claimer {
        worker,
        token: server.app.clock.new_id(),
        now,
        until: now + TimeDelta::seconds(60),
        by_workspace: 0,
        by_connector: 0,
    }
}

async fn claim(server: &TestServer) -> Option<(Box<Job>, Lease)> {
    match jobs::claim(&server.app.db, &claimer(server, "a")).await {
        Ok(Claimed::Job(job, lease)) => Some((job, lease)),
        Ok(Claimed::Nothing) => None,
        other => panic!("{other:?}"),
    }
}

const COPY: &str = "INSERT INTO connections (id, organization_id, workspace_id, source_id, destination_id, name, \
     status, status_reason, schedule, namespace_definition, prefix, non_breaking_changes, streams, catalog, \
     created_at, updated_at) \
     SELECT $1, organization_id, workspace_id, source_id, destination_id, name, status, status_reason, schedule, \
     namespace_definition, prefix, non_breaking_changes, streams, catalog, created_at, updated_at \
     FROM connections WHERE id = $2";

/// Many connections with a job each, made in one go.
async fn many_jobs(server: &TestServer, sync: &Sync, count: usize) {
    let mut db = server.app.db.write().await.expect("a writer");
    let one = &sync.connection;
    for _ in 0..count {
        let id = server.app.clock.new_id();
        match db.link() {
            Link::Postgres(link) => {
                let query = sqlx::query(COPY).bind(id).bind(one.id);
                query.execute(link).await.map(drop)
            }
            Link::Sqlite(link) => {
                let query = sqlx::query(COPY).bind(id).bind(one.id);
                query.execute(link).await.map(drop)
            }
        }
        .expect("a connection");
        let new = NewJob {
            connection: id.into(),
            workspace: one.workspace_id,
            job_type: JobType::Sync,
            streams: None,
        };
        let now = server.app.clock.now();
        let job = jobs::insert(&mut db, &new, now).await.expect("an answer");
        assert!(job.is_some());
    }
    db.commit().await.expect("a commit");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_jobs_are_taken_once_each_by_eight_workers() {
    let server = TestServer::start().await;
    let sync = Sync::scripted(&server.admin().await, &users()).await;
    many_jobs(&server, &sync, 1000).await;
    let workers = (0..8).map(|number| {
        let (db, clock) = (server.app.db.clone(), server.app.clock.clone());
        tokio::task::spawn_blocking(move || {
            tokio::runtime::Handle::current().block_on(async move {
                let mut taken = Vec::new();
                loop {
                    let now = clock.now();
                    let by = Claimer {
                        worker: &format!("worker {number}"),
                        token: clock.new_id(),
                        now,
                        until: now + TimeDelta::seconds(60),
                        by_workspace: 0,
                        by_connector: 0,
                    };
                    match jobs::claim(&db, &by).await.expect("an answer") {
                        Claimed::Job(job, _) => taken.push(job.id),
                        Claimed::TooLate => {}
                        Claimed::Nothing => return taken,
                    }
                }
            })
        })
    });
    let mut all = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        all.extend(worker.await.expect("a worker"));
    }
    assert_eq!(all.len(), 1000);
    let different: BTreeSet<_> = all.into_iter().collect();
    assert_eq!(different.len(), 1000);
}

#[tokio::test]
async fn a_connection_has_one_job_at_a_time() {
    let server = TestServer::start().await;
    let sync = Sync::scripted(&server.admin().await, &users()).await;
    let first = sync.start(JobType::Sync).await;
    let Start::AlreadyRunning(job) = sync.ask(JobType::Clear, None).await else {
        panic!("two jobs at once");
    };
    assert_eq!((job.id, job.status), (first, JobStatus::Pending));
    assert_eq!(sync.cancel(first).await.status, JobStatus::Cancelled);
    let second = sync.start(JobType::Sync).await;
    assert_eq!(
        second,
        first + 1,
        "the number that was drawn in vain was given back"
    );
    assert!(claim(&server).await.is_some());
    assert!(claim(&server).await.is_none());
    let Start::AlreadyRunning(job) = sync.ask(JobType::Sync, None).await else {
        panic!("two jobs at once");
    };
    assert_eq!((job.id, job.status), (second, JobStatus::Running));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_ask_at_once_one_starts_a_job() {
    let server = TestServer::start().await;
    let sync = Sync::scripted(&server.admin().await, &users()).await;
    let asked = futures_of(20, || sync.ask(JobType::Sync, None)).await;
    let started = asked
        .iter()
        .filter(|start| matches!(start, Start::Started(_)));
    assert_eq!(started.count(), 1);
}

async fn futures_of<F: Future>(count: usize, make: impl Fn() -> F) -> Vec<F::Output> {
    let mut all: Vec<_> = (0..count).map(|_| Box::pin(make())).collect();
    let mut outputs = Vec::new();
    std::future::poll_fn(|context| {
        let mut index = 0;
        while index < all.len() {
            match all[index].as_mut().poll(context) {
                std::task::Poll::Ready(output) => {
                    outputs.push(output);
                    drop(all.remove(index));
                }
                std::task::Poll::Pending => index += 1,
            }
        }
        if all.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    outputs
}

#[tokio::test]
async fn the_jobs_of_a_workspace_can_be_limited() {
    let server = TestServer::start().await;
    let sync = Sync::scripted(&server.admin().await, &users()).await;
    many_jobs(&server, &sync, 5).await;
    let by = Claimer {
        by_workspace: 2,
        ..claimer(&server, "a")
    };
    let mut leases = Vec::new();
    while let Claimed::Job(_, lease) = jobs::claim(&server.app.db, &by).await.expect("an answer") {
        leases.push(lease);
    }
    assert_eq!(leases.len(), 2);
    let until = server.app.clock.now();
    let mut db = fence(&server.app.db, &leases[0], until)
        .await
        .expect("held");
    let settled = settled(JobStatus::Succeeded, until);
    jobs::settle(&mut db, &settled, until)
        .await
        .expect("settled");
    db.commit().await.expect("a commit");
    let next = jobs::claim(&server.app.db, &by).await.expect("an answer");
    assert!(matches!(next, Claimed::Job(..)), "{next:?}");
    let next = jobs::claim(&server.app.db, &by).await.expect("an answer");
    assert!(matches!(next, Claimed::Nothing), "{next:?}");
}

fn settled(status: JobStatus, run_at: Timestamp) -> Settled {
    Settled {
        status,
        run_at,
        failures: Failures::default(),
        failure: None,
    }
}

async fn fence(
    db: &Db,
    lease: &Lease,
    until: Timestamp,
) -> Option<ferrobyte::store::leases::Fenced> {
    lease.fence(db, until).await.expect("an answer")
}

#[tokio::test]
async fn a_lease_that_was_taken_away_writes_nothing_more() {
    let server = TestServer::start().await;
    let sync = Sync::scripted(&server.admin().await, &users()).await;
    let id = sync.start(JobType::Sync).await;
    let (_, lease) = claim(&server).await.expect("a job");
    let db = &server.app.db;
    let seize = async || {
        jobs::seize(db, &claimer(&server, "b"))
            .await
            .expect("an answer")
    };
    server.wait(59);
    assert!(seize().await.is_none(), "the lease holds");
    let soon = server.app.clock.now() + TimeDelta::seconds(60);
    let renewed = fence(db, &lease, soon).await.expect("held");
    renewed.commit().await.expect("a commit");
    server.wait(59);
    assert!(seize().await.is_none(), "it was renewed");
    server.wait(2);
    let (job, fenced) = seize().await.expect("it has run out");
    assert_eq!(job.id, id);
    let theirs = fenced.lease().clone();
    fenced.commit().await.expect("a commit");
    assert!(fence(db, &lease, soon).await.is_none(), "taken away");
    assert!(fence(db, &theirs, soon).await.is_some());
}

#[tokio::test]
async fn a_job_that_is_to_end_gets_no_further_attempt() {
    let server = TestServer::start().await;
    let sync = Sync::scripted(&server.admin().await, &users()).await;
    let id = sync.start(JobType::Sync).await;
    let (_, lease) = claim(&server).await.expect("a job");
    let job = sync.cancel(id).await;
    assert_eq!(job.status, JobStatus::Running, "its worker ends it");
    let now = server.app.clock.now();
    let mut db = fence(&server.app.db, &lease, now).await.expect("held");
    assert!(db.cancel_requested);
    let settled = settled(JobStatus::Incomplete, now);
    let job = jobs::settle(&mut db, &settled, now).await.expect("settled");
    db.commit().await.expect("a commit");
    assert_eq!(job.status, JobStatus::Cancelled);
    assert_eq!(sync.cancel(id).await.status, JobStatus::Cancelled);
}

#[tokio::test]
async fn a_job_waits_for_its_time() {
    let server = TestServer::start().await;
    let sync = Sync::scripted(&server.admin().await, &users()).await;
    sync.start(JobType::Sync).await;
    let (_, lease) = claim(&server).await.expect("a job");
    let now = server.app.clock.now();
    let mut db = fence(&server.app.db, &lease, now).await.expect("held");
    let later = now + TimeDelta::seconds(10);
    let settled = settled(JobStatus::Incomplete, later);
    jobs::settle(&mut db, &settled, now).await.expect("settled");
    db.commit().await.expect("a commit");
    server.wait(9);
    assert!(claim(&server).await.is_none());
    let mut reader = server.app.db.read().await.expect("a reader");
    assert_eq!(
        jobs::next(&mut reader).await.expect("an answer"),
        Some(later)
    );
    server.wait(1);
    let (job, _) = claim(&server).await.expect("its time has come");
    assert_eq!(job.attempts, 2);
    assert_eq!(sync.attempts(job.id).await.len(), 2);
}

#[tokio::test]
async fn what_rings_here_is_heard_by_another_process_on_the_same_database() {
    if !crate::support::engine::is_postgres() {
        return; // on SQLite all of us are one process
    }
    let one = TestServer::start().await;
    let two = one.replica().await;
    let bell = two.app.bell.clone();
    two.app.shutdown.spawn(async move {
        let _ = bell.pass_on().await;
    });
    let mut rings = two.app.bell.listen();
    // The first one says that it listens now.
    assert_eq!(rings.next().await, Ring::Anything);
    one.app.bell.ring(Ring::Cancel(7)).await;
    let heard = tokio::time::timeout(Duration::from_secs(5), rings.next()).await;
    assert_eq!(heard.expect("it rang"), Ring::Cancel(7));
}
