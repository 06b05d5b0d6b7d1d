//! How a sync happens. From the inside out: [`relay`] moves one run's records from a source to a
//! destination and keeps the books of what was acknowledged; [`attempt`] runs both connectors around it
//! and judges how it went; [`worker`] takes jobs from the queue while it has hands free; [`schedule`] and
//! [`sweeper`] put jobs in, and take those back whose worker was lost. [`queue`] is how others ask.
//!
//! What a workspace is told of it is [`news`]; [`retention`] removes what is old.
//!
//! Beside that: short questions to connectors ([`probes`]) and what is made of their answers ([`offers`]).

pub mod assignment;
pub mod attempt;
pub mod news;
pub mod offers;
pub mod probes;
pub mod queue;
pub mod relay;
pub mod retention;
pub mod schedule;
mod settle;
pub mod states;
pub mod sweeper;
pub mod worker;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use self::assignment::{Launch, Supply};
use self::news::Teller;
use self::retention::Retention;
use crate::clock::{Clock, Timestamp};
use crate::domain::disabling::Limits;
use crate::domain::job::Patience;
use crate::shutdown::Shutdown;
use crate::store::bell::Bell;
use crate::store::db::Db;

/// What everything at work shares.
#[derive(Debug)]
pub struct Engine {
    pub db: Db,
    pub clock: Clock,
    pub bell: Bell,
    pub launcher: Arc<dyn Launch>,
    pub supply: Arc<dyn Supply>,
    pub shutdown: Shutdown,
    /// The name of this process among those that work.
    pub worker: String,
    pub host: String,
    pub settings: Settings,
}

/// How work is done.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How many jobs run here at once.
    pub slots: usize,
    /// The most jobs of one workspace that run at once, anywhere; 0 for any number.
    pub by_workspace: i64,
    /// The most jobs with one connector that run at once, anywhere; 0 for any number.
    pub by_connector: i64,
    /// How long a job stays with a worker that is not heard of.
    pub lease: Duration,
    /// How often to look for work without having been rung.
    pub poll: Duration,
    /// How long a source may say nothing while it is listened to.
    pub source_silence: Duration,
    /// How long a destination may take nothing, or take to finish.
    pub destination_timeout: Duration,
    /// How long an attempt may take.
    pub attempt_limit: Duration,
    /// Bytes of the log of an attempt.
    pub log_limit: usize,
    /// How long a connector that was asked to stop may take.
    pub grace: Duration,
    /// How long a destination may take to keep what it has when a run is cut short.
    pub rescue: Duration,
    pub patience: Patience,
    /// When a connection that only ever fails is switched off.
    pub disabling: Limits,
    pub retention: Retention,
    /// Where people reach this server, without a slash at the end.
    pub address: String,
}

/// How long to wait before listening to other processes again.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

impl Engine {
    /// Begins to work, until the process is to stop. Schedules and lost jobs are everybody's business;
    /// jobs are taken only where that is wanted.
    pub fn begin(self: &Arc<Self>, takes_jobs: bool) {
        let spawn = |task: Pin<Box<dyn Future<Output = ()> + Send>>| self.shutdown.spawn(task);
        let this = || Arc::clone(self);
        spawn(Box::pin(listen(this())));
        spawn(Box::pin(schedule::run(this())));
        spawn(Box::pin(sweeper::run(this())));
        spawn(Box::pin(retention::run(this())));
        if takes_jobs {
            spawn(Box::pin(worker::presence(this())));
            spawn(Box::pin(worker::run(this())));
        }
    }

    /// For telling workspaces what happens.
    fn teller(&self) -> Teller<'_> {
        Teller {
            clock: &self.clock,
            address: &self.settings.address,
        }
    }

    /// Until when a lease holds that is taken or renewed now.
    fn lease_until(&self) -> Timestamp {
        self.clock.now() + TimeDelta::from_std(self.settings.lease).unwrap_or(TimeDelta::MAX)
    }
}

/// Hears what other processes ring.
async fn listen(engine: Arc<Engine>) {
    loop {
        let heard = tokio::select! {
            heard = engine.bell.pass_on() => heard,
            () = engine.shutdown.begun() => return,
        };
        if let Err(error) = heard {
            tracing::warn!(
                "other processes are not heard: {}",
                worker::explained(&error)
            );
        }
        tokio::select! {
            () = tokio::time::sleep(LISTEN_AGAIN) => {}
            () = engine.shutdown.begun() => return,
        }
    }
}

impl Settings {
    /// Whether a job may have to wait for another one to end.
    fn limits_jobs(&self) -> bool {
        self.by_workspace > 0 || self.by_connector > 0
    }

    /// A lease is renewed six times before it runs out.
    fn renew_after(&self) -> Duration {
        self.lease / 6
    }

    /// Without a renewal for so long, work stops by itself: early enough that it has stopped when
    /// somebody else begins, clocks being what they are.
    fn stop_after(&self) -> Duration {
        self.lease * 3 / 4
    }
}
