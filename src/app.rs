//! The parts that every request shares, and the only function that wires them.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::{OnceCell, Semaphore};

use crate::access::callers::Callers;
use crate::access::keys::Keys;
use crate::access::passwords::Passwords;
use crate::access::throttle::{Allowance, Throttle};
use crate::access::tokens::Tokens;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::values::Secret;
use crate::config::{VaultSettings, resolve};
use crate::connector::container;
use crate::connector::process::environment::Environment;
use crate::connector::sharing::Sharing;
use crate::connector::{Launcher, Settings};
use crate::engine::probes::{Limits, Probes};
use crate::error::{Error, Result};
use crate::net::Net;
use crate::protocol::message::Specification;
use crate::shutdown::Shutdown;
use crate::store::bell::Bell;
use crate::store::db::Db;
use crate::store::workspaces::Lists;
use crate::telemetry::metrics::Metrics;
use crate::vault::keyring::Vault;
use crate::vault::references::{Resolver, Stores, VaultStore};
use crate::vault::store::Fetch;

/// Everything that requests share.
#[derive(Debug)]
pub struct App {
    pub config: Config,
    pub clock: Clock,
    pub db: Db,
    /// Wakes workers, and those who wait for a job.
    pub bell: Bell,
    pub tokens: Tokens,
    pub callers: Callers,
    pub passwords: Passwords,
    /// Failed log-ins.
    pub logins: Throttle,
    /// Failed token requests.
    pub token_requests: Throttle,
    pub lists: Lists,
    /// How many requests may hang on a condition at once: see `http::conditional`.
    pub conditional: Semaphore,
    /// Seals and opens the secrets in configurations.
    pub vault: Vault,
    /// Looks up the secrets that the operator keeps elsewhere.
    pub references: Resolver,
    /// Set once the operator's password is in effect: see `ops::administrator::settle`.
    pub settled: OnceCell<()>,
    pub launcher: Launcher,
    /// Connectors that are being asked for their specification, by edition.
    pub specifications: Sharing<Result<Specification, String>>,
    /// Where tasks are spawned that outlive a request.
    pub shutdown: Shutdown,
    /// For calls to other hosts.
    pub net: Net,
    pub metrics: Metrics,
    pub probes: Probes,
}

impl App {
    /// Wires the parts around a database that has its tables and its first start behind it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn new(
        db: Db,
        config: Config,
        clock: Clock,
        passwords: Passwords,
        vault: Vault,
    ) -> Result<Self> {
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
        let limits = &config.throttle;
        let throttle = |by_source, by_identity| {
            let a_minute = |burst: u32| {
                let allowance = Allowance {
                    burst,
                    refill: Duration::from_mins(1),
                };
                (limits.enabled && burst > 0).then_some(allowance)
            };
            Throttle::new(a_minute(by_source), a_minute(by_identity))
        };
        let shutdown = Shutdown::default();
        let room = Limits {
            lanes: config.connectors.probes_concurrency,
            of_one_tenant: config.connectors.probes_by_workspace,
        };
        Ok(Self {
            probes: Probes::new(clock.clone(), shutdown.clone(), room),
            logins: throttle(limits.logins_by_source, limits.logins_by_email),
            token_requests: throttle(limits.tokens_by_source, limits.tokens_by_client),
            callers: Callers::default(),
            lists: Lists::default(),
            conditional: Semaphore::new((config.database.connections as usize / 2).max(1)),
            bell: Bell::new(&db),
            launcher: launcher(&config, &clock),
            settled: OnceCell::new(),
            specifications: Sharing::default(),
            shutdown,
            net: Net::new(config.net.allow.clone()),
            metrics: Metrics::new(db.engine()),
            references: references(&config.vault),
            vault,
            passwords,
            tokens,
            db,
            clock,
            config,
        })
    }
}

/// How far each store is open for references.
fn references(settings: &VaultSettings) -> Resolver {
    let vault = settings.store_address.as_ref().map(|address| VaultStore {
        address: address.clone(),
        token: settings
            .store_token
            .as_ref()
            .map_or(String::new(), |token| token.reveal().to_owned()),
    });
    Resolver {
        stores: Stores {
            environment: settings.references_env.clone(),
            directory: settings.references_dir.clone(),
            vault,
        },
        variable: resolve::variable,
        fetch: Fetch::direct(),
    }
}

fn launcher(config: &Config, clock: &Clock) -> Launcher {
    let environment = resolve::Given::process_environment();
    let connectors = &config.connectors;
    let usual = Settings::below(&config.database.data_dir);
    let line_limit = usize::try_from(connectors.line_limit).unwrap_or(usize::MAX);
    let settings = Settings {
        supervisor: connectors.supervisor.clone().unwrap_or(usual.supervisor),
        environment: Environment::for_connectors(&environment, &connectors.environment),
        installer: Environment::for_installers(&environment),
        pythons: connectors.pythons.clone(),
        uv: connectors.uv.clone(),
        unsafe_code: connectors.unsafe_code,
        memory: connectors.memory,
        line_limit,
        warm_parents: connectors.warm_parents,
        warm_idle: connectors.warm_idle,
        install_timeout: connectors.install_timeout,
        containers: container::Settings {
            host: config.containers.host.clone(),
            network: config.containers.network.clone(),
            read_only: config.containers.read_only,
            pull: config.containers.pull,
            memory: connectors.memory,
            line_limit,
            data_dir: config.database.data_dir.clone(),
        },
        ..usual
    };
    Launcher::new(settings, clock)
}
