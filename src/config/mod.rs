//! The configuration: one table of settings (`settings`), looked up in flags, environment, file and
//! defaults in that order (`resolve`), and parsed into sections that cannot hold nonsense. This is
//! the only room that reads the environment.

pub mod document;
pub mod resolve;
pub mod settings;
pub mod values;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use resolve::Resolved;
use values::Secret;

use crate::domain::application::ClientId;
use crate::domain::network::Allowed;
use crate::domain::runtimes::Preference;
use crate::domain::secret::PlainSecret;
use crate::domain::text::EmailAddress;

/// Everything that can be set, parsed.
#[derive(Debug, Clone)]
pub struct Config {
    pub server: Server,
    pub database: Database,
    pub admin: Admin,
    pub tokens: TokenSettings,
    pub sessions: Sessions,
    pub throttle: Throttling,
    pub connectors: Connectors,
    pub worker: Worker,
    pub syncs: Syncs,
    pub retention: Retention,
    pub vault: VaultSettings,
    /// Address or file of the registry, for refreshing it.
    pub registry: Option<String>,
    pub net: Net,
    pub containers: Containers,
    pub log: Log,
}

/// How requests are taken.
#[derive(Debug, Clone)]
pub struct Server {
    pub listen: SocketAddr,
    pub role: Role,
    /// The address that people use, without a slash at its end.
    pub external_url: Option<String>,
    pub trusted_proxies: Vec<IpAddr>,
    pub request_timeout: Duration,
    pub header_timeout: Duration,
    pub drain_timeout: Duration,
    /// Bytes.
    pub body_limit: usize,
    pub metrics: bool,
}

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Answers requests and runs jobs.
    All,
    /// Answers requests.
    Api,
    /// Runs jobs, and does not listen.
    Worker,
}

/// Where data is kept.
#[derive(Debug, Clone)]
pub struct Database {
    pub data_dir: PathBuf,
    /// `postgres://…`; the embedded database when absent.
    pub url: Option<Secret>,
    pub connections: u32,
    pub durable: bool,
}

impl Database {
    /// What `store::db` opens.
    #[must_use]
    pub fn reach(&self) -> String {
        match &self.url {
            Some(url) => url.reveal().to_owned(),
            None => format!("sqlite:{}", self.data_dir.join("ferrobyte.db").display()),
        }
    }
}

/// The first administrator.
#[derive(Debug, Clone)]
pub struct Admin {
    pub email: Option<EmailAddress>,
    pub password: Option<Secret>,
    pub client_id: Option<ClientId>,
    pub client_secret: Option<PlainSecret>,
    /// The name of the region that every organization starts with.
    pub region: String,
}

/// Access tokens.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    pub lifetime: Duration,
    /// The operator's signing keys, the one that signs first; empty to keep keys in the database.
    pub jwt_secrets: Vec<Secret>,
}

/// Browser sessions.
#[derive(Debug, Clone)]
pub struct Sessions {
    pub lifetime: Duration,
    /// `None`: as the external URL says.
    pub secure_cookie: Option<bool>,
}

/// How many failed attempts a minute are let through; zero for any number.
#[derive(Debug, Clone)]
pub struct Throttling {
    pub enabled: bool,
    pub tokens_by_source: u32,
    pub tokens_by_client: u32,
    pub logins_by_source: u32,
    pub logins_by_email: u32,
}

/// How connectors are run on this machine, and asked.
#[derive(Debug, Clone)]
pub struct Connectors {
    /// Names of variables that connectors get besides the usual ones.
    pub environment: Vec<String>,
    /// Bytes; any number when absent.
    pub memory: Option<u64>,
    /// Bytes of the longest line.
    pub line_limit: u64,
    pub supervisor: Option<PathBuf>,
    pub unsafe_code: bool,
    /// Interpreters of Python, by name or path.
    pub pythons: Vec<String>,
    pub uv: Option<PathBuf>,
    pub install_timeout: Duration,
    pub warm_parents: usize,
    pub warm_idle: Duration,
    /// Which way of running them is taken.
    pub runtimes: Preference,
    pub specification_deadline: Duration,
    /// How many are asked at once.
    pub probes_concurrency: usize,
    /// How many of one workspace are being asked or wait for it.
    pub probes_by_workspace: usize,
    pub check_deadline: Duration,
    pub discovery_deadline: Duration,
    /// How long a caller waits for a discovery.
    pub discovery_patience: Duration,
}

/// The secrets in configurations.
#[derive(Debug, Clone)]
pub struct VaultSettings {
    pub key: Option<Secret>,
    /// Asked when there is no key.
    pub key_command: Option<String>,
    pub former_keys: Vec<Secret>,
    /// The beginning of variables that references may name; absent for none.
    pub references_env: Option<String>,
    /// The directory whose files references may name.
    pub references_dir: Option<PathBuf>,
    /// Without a slash at its end.
    pub store_address: Option<String>,
    pub store_token: Option<Secret>,
}

/// Calls that the server itself makes.
#[derive(Debug, Clone)]
pub struct Net {
    /// What may be called besides the public network.
    pub allow: Allowed,
}

/// How jobs are run.
#[derive(Debug, Clone)]
pub struct Worker {
    pub slots: usize,
    /// 0 for any number.
    pub jobs_by_workspace: u32,
    /// 0 for any number.
    pub jobs_by_connector: u32,
    pub lease: Duration,
    pub poll: Duration,
    pub attempt_limit: Duration,
    pub source_silence: Duration,
    pub destination_timeout: Duration,
    pub stop_grace: Duration,
    pub cancel_grace: Duration,
    pub retry_wait: Duration,
    /// Bytes.
    pub log_limit: usize,
}

/// What happens around syncs.
#[derive(Debug, Clone)]
pub struct Syncs {
    /// 0 for never.
    pub disable_failures: u32,
    pub disable_after: Duration,
    /// 0 for never.
    pub warn_failures: u32,
    pub warn_after: Duration,
    pub schema_age: Duration,
}

/// What is kept, and for how long.
#[derive(Debug, Clone)]
pub struct Retention {
    pub logs: Duration,
    /// Bytes; any number when absent.
    pub logs_size: Option<u64>,
    pub jobs: Duration,
    pub messages: Duration,
}

/// Connectors in container images.
#[derive(Debug, Clone)]
pub struct Containers {
    /// The engine's socket; the usual ones are tried when absent.
    pub host: Option<String>,
    /// The engine's own default when absent.
    pub network: Option<String>,
    pub read_only: bool,
    pub pull: bool,
}

/// The log.
#[derive(Debug, Clone)]
pub struct Log {
    pub level: String,
    pub json: bool,
    pub requests: RequestLog,
}

/// Which requests get a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestLog {
    All,
    /// Those that the server failed to answer.
    Failures,
    None,
}

impl Config {
    /// Parses what was resolved.
    ///
    /// # Errors
    /// One line for each bad value, with its key and where it came from.
    pub fn parse(mut from: Resolved) -> Result<Self, String> {
        let former: Vec<Secret> = from.list("tokens.former_jwt_secrets", values::signing_key);
        let jwt_secrets = from.optional("tokens.jwt_secret", values::signing_key);
        let config = Self {
            server: Server {
                listen: from.required("server.listen", |text| {
                    text.parse().map_err(values::not_an_address)
                }),
                role: from.required("server.role", |text| match text {
                    "all" => Ok(Role::All),
                    "api" => Ok(Role::Api),
                    "worker" => Ok(Role::Worker),
                    _ => Err("must be all, api or worker".to_owned()),
                }),
                external_url: from.optional("server.external_url", values::base_url),
                trusted_proxies: from.list("server.trusted_proxies", |text| {
                    text.parse()
                        .map_err(|_| "must be IP addresses with commas between".to_owned())
                }),
                request_timeout: from.required("server.request_timeout", values::seconds),
                header_timeout: from.required("server.header_timeout", values::seconds),
                drain_timeout: from.required("server.drain_timeout", values::seconds),
                body_limit: from.required("server.body_limit", values::number),
                metrics: from.required("server.metrics", values::switch),
            },
            database: Database {
                data_dir: from.required("database.data_dir", |text| Ok(PathBuf::from(text))),
                url: from.optional("database.url", values::postgres_url),
                connections: from.required("database.connections", values::number),
                durable: from.required("database.durable", values::switch),
            },
            admin: Admin {
                email: from.optional("admin.email", |text| text.parse().map_err(str::to_owned)),
                password: from.optional("admin.password", values::password),
                client_id: from.optional("admin.client_id", |text| {
                    text.parse().map_err(str::to_owned)
                }),
                client_secret: from.optional("admin.client_secret", PlainSecret::given),
                region: from.required("admin.region", |text| Ok(text.to_owned())),
            },
            tokens: TokenSettings {
                lifetime: from.required("tokens.lifetime", values::token_lifetime),
                jwt_secrets: jwt_secrets.into_iter().chain(former).collect(),
            },
            sessions: Sessions {
                lifetime: from.required("sessions.lifetime", values::seconds),
                secure_cookie: from.optional("sessions.secure_cookie", values::switch),
            },
            throttle: Throttling {
                enabled: from.required("throttle.enabled", values::switch),
                tokens_by_source: from.required("throttle.tokens_by_source", values::number),
                tokens_by_client: from.required("throttle.tokens_by_client", values::number),
                logins_by_source: from.required("throttle.logins_by_source", values::number),
                logins_by_email: from.required("throttle.logins_by_email", values::number),
            },
            connectors: Connectors::parse(&mut from),
            worker: Worker::parse(&mut from),
            syncs: Syncs::parse(&mut from),
            retention: Retention::parse(&mut from),
            vault: VaultSettings {
                key: from.optional("vault.key", values::vault_key),
                key_command: from.optional("vault.key_command", |text| Ok(text.to_owned())),
                former_keys: from.list("vault.former_keys", values::vault_key),
                references_env: from.optional("vault.references_env", |text| Ok(text.to_owned())),
                references_dir: from
                    .optional("vault.references_dir", |text| Ok(PathBuf::from(text))),
                store_address: from.optional("vault.store_address", values::base_url),
                store_token: from.optional("vault.store_token", |text| Ok(Secret::new(text))),
            },
            registry: from.optional("registry.url", |text| Ok(text.to_owned())),
            net: Net {
                allow: Allowed::new(from.list("net.allow", str::parse)),
            },
            containers: Containers {
                host: from.optional("connectors.container_host", |text| Ok(text.to_owned())),
                network: from.optional("connectors.container_network", |text| Ok(text.to_owned())),
                read_only: from.required("connectors.container_read_only", values::switch),
                pull: from.required("connectors.container_pull", values::switch),
            },
            log: Log {
                level: from.required("log.level", values::level),
                json: from.required("log.format", |text| match text {
                    "text" => Ok(false),
                    "json" => Ok(true),
                    _ => Err("must be text or json".to_owned()),
                }),
                requests: from.required("log.requests", |text| match text {
                    "all" => Ok(RequestLog::All),
                    "failures" => Ok(RequestLog::Failures),
                    "none" => Ok(RequestLog::None),
                    _ => Err("must be all, failures or none".to_owned()),
                }),
            },
        };
        from.finish(config)
    }
}

impl Syncs {
    fn parse(from: &mut Resolved) -> Self {
        Self {
            disable_failures: from.required("syncs.disable_failures", values::number),
            disable_after: from.required("syncs.disable_after", values::seconds),
            warn_failures: from.required("syncs.warn_failures", values::number),
            warn_after: from.required("syncs.warn_after", values::seconds),
            schema_age: from.required("syncs.schema_age", values::seconds),
        }
    }
}

impl Retention {
    fn parse(from: &mut Resolved) -> Self {
        Self {
            logs: from.required("retention.logs", values::seconds),
            logs_size: from.optional("retention.logs_size", values::bytes),
            jobs: from.required("retention.jobs", values::seconds),
            messages: from.required("retention.messages", values::seconds),
        }
    }
}

impl Worker {
    fn parse(from: &mut Resolved) -> Self {
        Self {
            slots: from
                .optional("worker.slots", values::at_least_one)
                .unwrap_or_else(twice_the_cores),
            jobs_by_workspace: from.required("worker.jobs_by_workspace", values::number),
            jobs_by_connector: from.required("worker.jobs_by_connector", values::number),
            lease: from.required("worker.lease", values::lease),
            poll: from.required("worker.poll", values::seconds),
            attempt_limit: from.required("worker.attempt_limit", values::seconds),
            source_silence: from.required("worker.source_silence", values::seconds),
            destination_timeout: from.required("worker.destination_timeout", values::seconds),
            stop_grace: from.required("worker.stop_grace", values::seconds),
            cancel_grace: from.required("worker.cancel_grace", values::seconds),
            retry_wait: from.required("worker.retry_wait", values::seconds),
            log_limit: from.required("worker.log_limit", values::number),
        }
    }
}

impl Connectors {
    fn parse(from: &mut Resolved) -> Self {
        Self {
            environment: from.list("connectors.environment", |text| Ok(text.to_owned())),
            memory: from.optional("connectors.memory", values::bytes),
            line_limit: from.required("connectors.line_limit", values::bytes),
            supervisor: from.optional("connectors.supervisor", |text| Ok(PathBuf::from(text))),
            unsafe_code: from.required("connectors.unsafe_code", values::switch),
            pythons: from.list("connectors.pythons", |text| Ok(text.to_owned())),
            uv: from.optional("connectors.uv", |text| Ok(PathBuf::from(text))),
            install_timeout: from.required("connectors.install_timeout", values::seconds),
            warm_parents: from.required("connectors.warm_parents", values::number),
            warm_idle: from.required("connectors.warm_idle", values::seconds),
            runtimes: Preference::new(from.list("connectors.runtimes", str::parse)),
            specification_deadline: from
                .required("connectors.specification_deadline", values::seconds),
            probes_concurrency: from
                .optional("connectors.probes_concurrency", values::at_least_one)
                .unwrap_or_else(twice_the_cores),
            probes_by_workspace: from
                .required("connectors.probes_by_workspace", values::at_least_one),
            check_deadline: from.required("connectors.check_deadline", values::seconds),
            discovery_deadline: from.required("connectors.discovery_deadline", values::seconds),
            discovery_patience: from.required("connectors.discovery_patience", values::seconds),
        }
    }
}

/// Probes mostly wait for other hosts.
fn twice_the_cores() -> usize {
    2 * std::thread::available_parallelism().map_or(1, usize::from)
}
