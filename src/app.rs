//! The parts that every request shares, and the only function that wires them.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use crate::access::callers::Callers;
use crate::access::keys::Keys;
use crate::access::passwords::Passwords;
use crate::access::throttle::{Allowance, Throttle};
use crate::access::tokens::Tokens;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::values::Secret;
use crate::error::{Error, Result};
use crate::ops::setup::{self, Welcome};
use crate::store::db::{Db, Reach};
use crate::store::fences::Fences;
use crate::telemetry::metrics::Metrics;

/// Everything that requests share.
#[derive(Debug)]
pub struct App {
    pub config: Config,
    pub clock: Clock,
    pub db: Db,
    pub tokens: Tokens,
    pub callers: Callers,
    pub passwords: Passwords,
    /// Failed log-ins.
    pub logins: Throttle,
    /// Failed token requests.
    pub token_requests: Throttle,
    pub fences: Fences,
    pub metrics: Metrics,
}

impl App {
    /// Opens the database, sees to the first start and wires the parts. The welcome is there when
    /// something was generated that the operator has to read.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn start(config: Config, clock: Clock) -> Result<(Arc<Self>, Option<Welcome>)> {
        let reach = config.database.reach();
        let db = Db::open(Reach {
            url: &reach,
            connections: config.database.connections,
            durable: config.database.durable,
        })
        .await?;
        Self::on(db, config, clock).await
    }

    /// Wires the parts around a database that is open.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn on(db: Db, config: Config, clock: Clock) -> Result<(Arc<Self>, Option<Welcome>)> {
        let passwords = Passwords::new(clock.clone());
        let welcome = setup::ensure(&db, &clock, &passwords, &config.admin).await?;
        let given: Vec<_> = config
            .tokens
            .jwt_secrets
            .iter()
            .map(Secret::reveal)
            .collect();
        let keys = if given.is_empty() {
            Keys::stored(&db, &clock).await?
        } else {
            Keys::given(&given)
        };
        let tokens = Tokens {
            keys,
            lifetime: TimeDelta::from_std(config.tokens.lifetime).map_err(Error::internal)?,
            issuer: config
                .server
                .external_url
                .clone()
                .unwrap_or_else(|| "ferrobyte".to_owned()),
        };
        let throttling = &config.throttle;
        let a_minute = |burst: u32| {
            let allowance = Allowance {
                burst,
                refill: Duration::from_mins(1),
            };
            (throttling.enabled && burst > 0).then_some(allowance)
        };
        let app = Self {
            logins: Throttle::new(
                a_minute(throttling.logins_by_source),
                a_minute(throttling.logins_by_email),
            ),
            token_requests: Throttle::new(
                a_minute(throttling.tokens_by_source),
                a_minute(throttling.tokens_by_client),
            ),
            callers: Callers::default(),
            fences: Fences::default(),
            metrics: Metrics::new(db.engine()),
            passwords,
            tokens,
            db,
            clock,
            config,
        };
        Ok((Arc::new(app), welcome))
    }
}
