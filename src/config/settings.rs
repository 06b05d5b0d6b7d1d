//! The table of settings: the one place where a key, its environment names, its flag, its default and
//! its meaning are written. The flags, `config/default.toml` and `docs/configuration.md` follow from it.

/// One thing that can be set.
#[derive(Debug)]
pub struct Setting {
    /// Section and name in the file.
    pub key: &'static str,
    /// Names in the environment; the first is ours, the others are those of existing deployments.
    pub env: &'static [&'static str],
    pub flag: &'static str,
    /// As text; empty for none.
    pub default: &'static str,
    /// Never shown; may also come from a file that `<environment name>_FILE` names.
    pub secret: bool,
    pub help: &'static str,
}

const fn setting(
    key: &'static str,
    env: &'static [&'static str],
    flag: &'static str,
    default: &'static str,
    help: &'static str,
) -> Setting {
    Setting {
        key,
        env,
        flag,
        default,
        secret: false,
        help,
    }
}

const fn secret(
    key: &'static str,
    env: &'static [&'static str],
    flag: &'static str,
    help: &'static str,
) -> Setting {
    Setting {
        key,
        env,
        flag,
        default: "",
        secret: true,
        help,
    }
}

/// Every setting, by section.
pub const SETTINGS: &[Setting] = &[
    setting(
        "server.listen",
        &["FERROBYTE_LISTEN"],
        "listen",
        "127.0.0.1:8000",
        "Address and port to listen on.",
    ),
    setting(
        "server.role",
        &["FERROBYTE_ROLE"],
        "role",
        "all",
        "What this process does: api answers requests, worker runs jobs and does not listen, all does both. \
         Any number of each may share one PostgreSQL.",
    ),
    setting(
        "server.external_url",
        &["FERROBYTE_EXTERNAL_URL", "AIRBYTE_URL"],
        "external-url",
        "",
        "The address that people and programs use, such as https://data.example.org; links point there. \
         Empty: links point to the host that the request names.",
    ),
    setting(
        "server.trusted_proxies",
        &["FERROBYTE_TRUSTED_PROXIES"],
        "trusted-proxies",
        "",
        "IP addresses of proxies whose X-Forwarded-For, -Host and -Proto are believed, with commas between.",
    ),
    setting(
        "server.request_timeout",
        &["FERROBYTE_REQUEST_TIMEOUT"],
        "request-timeout",
        "30s",
        "A request that takes longer is answered 503.",
    ),
    setting(
        "server.header_timeout",
        &["FERROBYTE_HEADER_TIMEOUT"],
        "header-timeout",
        "60s",
        "A connection on which no whole request head came for so long is closed, idle ones too.",
    ),
    setting(
        "server.drain_timeout",
        &["FERROBYTE_DRAIN_TIMEOUT"],
        "drain-timeout",
        "20s",
        "How long requests may go on after SIGTERM; a second signal ends them at once.",
    ),
    setting(
        "server.body_limit",
        &["FERROBYTE_BODY_LIMIT"],
        "body-limit",
        "10485760",
        "The largest body, in bytes.",
    ),
    setting(
        "server.metrics",
        &["FERROBYTE_METRICS"],
        "metrics",
        "on",
        "Whether /metrics answers.",
    ),
    setting(
        "database.data_dir",
        &["FERROBYTE_DATA_DIR"],
        "data-dir",
        "ferrobyte-data",
        "Directory of the embedded database, of vault.key when that is generated, and of what connectors \
         need while they run; created with mode 0700.",
    ),
    secret(
        "database.url",
        &["DATABASE_URL", "FERROBYTE_DATABASE_URL"],
        "database-url",
        "postgres://user:password@host/database for PostgreSQL 15 or newer. Empty: embedded SQLite.",
    ),
    setting(
        "database.connections",
        &["FERROBYTE_DATABASE_CONNECTIONS"],
        "database-connections",
        "10",
        "The most database connections at once; on SQLite at most 4 readers.",
    ),
    setting(
        "database.durable",
        &["FERROBYTE_DATABASE_DURABLE"],
        "database-durable",
        "on",
        "Whether SQLite waits for the disk at every commit. Off is faster and may lose the last moments \
         when the power fails.",
    ),
    setting(
        "admin.email",
        &["FERROBYTE_ADMIN_EMAIL"],
        "admin-email",
        "",
        "E-mail of the first administrator. Empty: admin@ferrobyte.local at the first start.",
    ),
    secret(
        "admin.password",
        &["FERROBYTE_ADMIN_PASSWORD", "AB_INSTANCE_ADMIN_PASSWORD"],
        "admin-password",
        "Password of the first administrator. Empty: one is generated at the first start and shown once.",
    ),
    setting(
        "admin.client_id",
        &["FERROBYTE_ADMIN_CLIENT_ID", "AB_INSTANCE_ADMIN_CLIENT_ID"],
        "admin-client-id",
        "",
        "Client id of the administrator's first application. Empty: generated at the first start.",
    ),
    secret(
        "admin.client_secret",
        &[
            "FERROBYTE_ADMIN_CLIENT_SECRET",
            "AB_INSTANCE_ADMIN_CLIENT_SECRET",
        ],
        "admin-client-secret",
        "Client secret of that application, 24 characters or more. Empty: generated and shown once.",
    ),
    setting(
        "admin.region",
        &["FERROBYTE_REGION", "DEFAULT_DATAPLANE_GROUP_NAME"],
        "region",
        "AUTO",
        "Name of the region that an organization starts with; workspaces show it as dataResidency.",
    ),
    setting(
        "tokens.lifetime",
        &[
            "FERROBYTE_TOKEN_LIFETIME",
            "AB_AIRBYTE_AUTH_TOKEN_EXPIRATION_APPLICATION",
        ],
        "token-lifetime",
        "60m",
        "How long an access token is good, 3 minutes to 24 hours; a plain number counts minutes.",
    ),
    secret(
        "tokens.jwt_secret",
        &["FERROBYTE_JWT_SECRET", "AB_JWT_SIGNATURE_SECRET"],
        "jwt-secret",
        "Key that signs access tokens, 32 characters or more. Empty: keys are made and kept in the database.",
    ),
    secret(
        "tokens.former_jwt_secrets",
        &["FERROBYTE_FORMER_JWT_SECRETS"],
        "former-jwt-secrets",
        "Former values of jwt_secret, with commas between, still good for checking tokens.",
    ),
    setting(
        "sessions.lifetime",
        &["FERROBYTE_SESSION_LIFETIME"],
        "session-lifetime",
        "7d",
        "How long somebody stays signed in to the pages.",
    ),
    setting(
        "sessions.secure_cookie",
        &["FERROBYTE_SECURE_COOKIE", "AB_COOKIE_SECURE"],
        "secure-cookie",
        "",
        "Whether the session cookie is sent over https only. Empty: when external_url is https.",
    ),
    setting(
        "throttle.enabled",
        &["FERROBYTE_THROTTLE"],
        "throttle",
        "on",
        "Whether guessing is slowed down.",
    ),
    setting(
        "throttle.tokens_by_source",
        &["FERROBYTE_THROTTLE_TOKENS_BY_SOURCE"],
        "throttle-tokens-by-source",
        "60",
        "Failed token requests a minute from one address; 0 for any number.",
    ),
    setting(
        "throttle.tokens_by_client",
        &["FERROBYTE_THROTTLE_TOKENS_BY_CLIENT"],
        "throttle-tokens-by-client",
        "30",
        "Failed token requests a minute for one client id; 0 for any number.",
    ),
    setting(
        "throttle.logins_by_source",
        &["FERROBYTE_THROTTLE_LOGINS_BY_SOURCE"],
        "throttle-logins-by-source",
        "30",
        "Failed log-ins a minute from one address; 0 for any number.",
    ),
    setting(
        "throttle.logins_by_email",
        &["FERROBYTE_THROTTLE_LOGINS_BY_EMAIL"],
        "throttle-logins-by-email",
        "10",
        "Failed log-ins a minute for one e-mail; 0 for any number.",
    ),
    secret(
        "vault.key",
        &["FERROBYTE_VAULT_KEY"],
        "vault-key",
        "Master key of the secrets in configurations: 32 bytes in hexadecimal or base64, or a passphrase of 32 characters or more. \
         Empty: asked of key_command, else made at the first start and kept in the file vault.key of the data directory.",
    ),
    setting(
        "vault.key_command",
        &["FERROBYTE_VAULT_KEY_COMMAND"],
        "vault-key-command",
        "",
        "Command that prints the master key, such as one of a key management service; run without a shell, 30 seconds at most.",
    ),
    secret(
        "vault.former_keys",
        &["FERROBYTE_VAULT_FORMER_KEYS"],
        "vault-former-keys",
        "Former master keys, with commas between, needed until `ferrobyte secrets rekey` has run.",
    ),
    setting(
        "vault.references_env",
        &["FERROBYTE_VAULT_REFERENCES_ENV"],
        "vault-references-env",
        "FERROBYTE_SECRET_",
        "Beginning of the environment variables that configurations may use as secret_coordinate::env:NAME.",
    ),
    setting(
        "vault.references_dir",
        &["FERROBYTE_VAULT_REFERENCES_DIR"],
        "vault-references-dir",
        "",
        "Directory whose files configurations may use as secret_coordinate::file:PATH. Empty: none.",
    ),
    setting(
        "vault.store_address",
        &["FERROBYTE_VAULT_STORE_ADDRESS"],
        "vault-store-address",
        "",
        "Address of a Vault whose secrets configurations may use as secret_coordinate::vault:PATH#FIELD. Empty: none.",
    ),
    secret(
        "vault.store_token",
        &["FERROBYTE_VAULT_STORE_TOKEN"],
        "vault-store-token",
        "Token for that Vault; let its policy read nothing but what connectors need.",
    ),
    setting(
        "connectors.probes_concurrency",
        &["FERROBYTE_PROBES_CONCURRENCY"],
        "probes-concurrency",
        "",
        "How many connectors are checked or discovered at once; one workspace uses at most half of it. \
         Empty: twice the number of cores.",
    ),
    setting(
        "connectors.probes_by_workspace",
        &["FERROBYTE_PROBES_BY_WORKSPACE"],
        "probes-by-workspace",
        "200",
        "How many checks and discoveries of one workspace go on or wait; more are answered 503.",
    ),
    setting(
        "connectors.check_deadline",
        &["FERROBYTE_CHECK_DEADLINE"],
        "check-deadline",
        "3m",
        "How long a connector may take for a check.",
    ),
    setting(
        "connectors.discovery_deadline",
        &["FERROBYTE_DISCOVERY_DEADLINE"],
        "discovery-deadline",
        "10m",
        "How long a connector may take for a discovery.",
    ),
    setting(
        "connectors.discovery_patience",
        &["FERROBYTE_DISCOVERY_PATIENCE"],
        "discovery-patience",
        "4s",
        "How long GET /streams waits for a first discovery before it answers 503; the discovery goes on. \
         Published clients give up after 5 seconds.",
    ),
    setting(
        "connectors.runtimes",
        &["FERROBYTE_CONNECTOR_RUNTIMES"],
        "connector-runtimes",
        "native,python,image",
        "How a connector is run when there are several ways, the first that there is: compiled in, as a Python \
         package, as a container image. What is left out is not taken unless there is nothing else.",
    ),
    setting(
        "connectors.specification_deadline",
        &["FERROBYTE_SPECIFICATION_DEADLINE"],
        "specification-deadline",
        "5m",
        "How long a connector may take to be fetched and to print its specification.",
    ),
    setting(
        "connectors.environment",
        &["FERROBYTE_CONNECTOR_ENVIRONMENT"],
        "connector-environment",
        "",
        "Names of environment variables that connectors get, with commas between. Always: PATH, language, time \
         zone, proxies and certificates; nothing else.",
    ),
    setting(
        "connectors.memory",
        &["FERROBYTE_CONNECTOR_MEMORY"],
        "connector-memory",
        "",
        "The most memory that a connector may use when its definition says nothing, such as 2GiB. Empty: any.",
    ),
    setting(
        "connectors.line_limit",
        &["FERROBYTE_CONNECTOR_LINE_LIMIT"],
        "connector-line-limit",
        "64MiB",
        "The longest line that a connector may print.",
    ),
    setting(
        "connectors.supervisor",
        &["FERROBYTE_SUPERVISOR"],
        "supervisor",
        "",
        "Path of the program that stands between the server and a connector. Empty: this very program.",
    ),
    setting(
        "connectors.unsafe_code",
        &[
            "FERROBYTE_CONNECTOR_UNSAFE_CODE",
            "AIRBYTE_ENABLE_UNSAFE_CODE",
        ],
        "connector-unsafe-code",
        "off",
        "Whether low-code connectors may bring Python code of their own. It runs as this server's user: \
         whoever may define connectors may then do what this user may.",
    ),
    setting(
        "connectors.pythons",
        &["FERROBYTE_PYTHONS"],
        "pythons",
        "",
        "Python interpreters for connectors, names or paths, with commas between. Empty: python3.13 to \
         python3.10 from the path, pyenv and uv; the newest that a connector works with.",
    ),
    setting(
        "connectors.uv",
        &["FERROBYTE_UV"],
        "uv",
        "",
        "Path of uv, which installs connectors ten times faster than pip. Empty: the one on the path, else \
         venv and pip.",
    ),
    setting(
        "connectors.install_timeout",
        &["FERROBYTE_CONNECTOR_INSTALL_TIMEOUT"],
        "connector-install-timeout",
        "15m",
        "How long the installation of a connector may take.",
    ),
    setting(
        "connectors.warm_parents",
        &["FERROBYTE_WARM_PARENTS"],
        "warm-parents",
        "4",
        "How many Python connectors are kept loaded, so that a check is answered at once; each takes 80 to \
         160 MiB. 0 for none.",
    ),
    setting(
        "connectors.warm_idle",
        &["FERROBYTE_WARM_IDLE"],
        "warm-idle",
        "10m",
        "How long a connector that nobody asks stays loaded.",
    ),
    setting(
        "connectors.container_host",
        &["FERROBYTE_CONTAINER_HOST", "DOCKER_HOST"],
        "container-host",
        "",
        "Socket of the container engine (Docker or Podman) that runs connectors which are images, such as \
         unix:///run/podman/podman.sock. Empty: the usual sockets are tried.",
    ),
    setting(
        "connectors.container_network",
        &["FERROBYTE_CONTAINER_NETWORK"],
        "container-network",
        "",
        "Network that these containers join: a name, bridge, host or none. Empty: the engine's own default.",
    ),
    setting(
        "connectors.container_read_only",
        &["FERROBYTE_CONTAINER_READ_ONLY"],
        "container-read-only",
        "off",
        "Whether a connector cannot write to the file system of its image, only to /tmp. Not every image \
         can live with it.",
    ),
    setting(
        "connectors.container_pull",
        &["FERROBYTE_CONTAINER_PULL"],
        "container-pull",
        "on",
        "Whether an image that is not on this machine is pulled.",
    ),
    setting(
        "registry.url",
        &["FERROBYTE_REGISTRY_URL"],
        "registry-url",
        "",
        "Address or file of a registry of connectors in the public format, for `ferrobyte registry refresh`. \
         Empty: the command has to be told.",
    ),
    setting(
        "net.allow",
        &["FERROBYTE_NET_ALLOW"],
        "net-allow",
        "",
        "Host names, IP addresses and networks such as 10.1.0.0/16, with commas between, that the server may \
         call by itself (OAuth, registry, webhooks) although they are not public. A name is allowed wherever it \
         leads.",
    ),
    setting(
        "worker.slots",
        &["FERROBYTE_WORKER_SLOTS"],
        "worker-slots",
        "",
        "How many jobs this process runs at once. Empty: twice the number of cores.",
    ),
    setting(
        "worker.jobs_by_workspace",
        &["FERROBYTE_WORKER_JOBS_BY_WORKSPACE"],
        "worker-jobs-by-workspace",
        "0",
        "The most jobs of one workspace that run at once, on all workers together; 0 for any number.",
    ),
    setting(
        "worker.jobs_by_connector",
        &["FERROBYTE_WORKER_JOBS_BY_CONNECTOR"],
        "worker-jobs-by-connector",
        "0",
        "The most jobs with one connector, as source or destination, that run at once, on all workers together; \
         0 for any number.",
    ),
    setting(
        "worker.lease",
        &["FERROBYTE_WORKER_LEASE"],
        "worker-lease",
        "45s",
        "How long a job stays with a worker that is not heard of, 2 seconds or more; then another takes over. \
         A worker that cannot reach the database for three quarters of it stops what it runs.",
    ),
    setting(
        "worker.poll",
        &["FERROBYTE_WORKER_POLL"],
        "worker-poll",
        "5s",
        "How often a worker looks for jobs without having been told of one.",
    ),
    setting(
        "worker.attempt_limit",
        &["FERROBYTE_WORKER_ATTEMPT_LIMIT"],
        "worker-attempt-limit",
        "3d",
        "How long one attempt may take.",
    ),
    setting(
        "worker.source_silence",
        &["FERROBYTE_WORKER_SOURCE_SILENCE"],
        "worker-source-silence",
        "3h",
        "How long a source may print nothing before its attempt fails. Time in which the destination is waited \
         for does not count.",
    ),
    setting(
        "worker.destination_timeout",
        &["FERROBYTE_WORKER_DESTINATION_TIMEOUT"],
        "worker-destination-timeout",
        "24h",
        "How long a destination may take nothing, or take to finish, before its attempt fails.",
    ),
    setting(
        "worker.stop_grace",
        &["FERROBYTE_WORKER_STOP_GRACE"],
        "worker-stop-grace",
        "10s",
        "How long a connector may take to end when it is asked to; then it is killed.",
    ),
    setting(
        "worker.cancel_grace",
        &["FERROBYTE_WORKER_CANCEL_GRACE"],
        "worker-cancel-grace",
        "5s",
        "How long a destination may take to keep what it has when a job is cancelled.",
    ),
    setting(
        "worker.retry_wait",
        &["FERROBYTE_WORKER_RETRY_WAIT"],
        "worker-retry-wait",
        "10s",
        "How long to wait after an attempt that committed nothing; three times as long after each more, up to \
         half an hour.",
    ),
    setting(
        "worker.log_limit",
        &["FERROBYTE_WORKER_LOG_LIMIT"],
        "worker-log-limit",
        "10485760",
        "The largest log of one attempt, in bytes. Beyond it only the last lines are kept.",
    ),
    setting(
        "syncs.disable_failures",
        &["FERROBYTE_SYNCS_DISABLE_FAILURES"],
        "syncs-disable-failures",
        "30",
        "A connection is switched off when so many jobs in a row have failed and none has succeeded for \
         syncs.disable_after; 0 for never.",
    ),
    setting(
        "syncs.disable_after",
        &["FERROBYTE_SYNCS_DISABLE_AFTER"],
        "syncs-disable-after",
        "7d",
        "How long nothing may succeed before a connection is switched off.",
    ),
    setting(
        "syncs.warn_failures",
        &["FERROBYTE_SYNCS_WARN_FAILURES"],
        "syncs-warn-failures",
        "20",
        "The workspace is warned once when so many jobs in a row have failed and none has succeeded for \
         syncs.warn_after; 0 for never.",
    ),
    setting(
        "syncs.warn_after",
        &["FERROBYTE_SYNCS_WARN_AFTER"],
        "syncs-warn-after",
        "4d",
        "How long nothing may succeed before the workspace is warned.",
    ),
    setting(
        "syncs.schema_age",
        &["FERROBYTE_SYNCS_SCHEMA_AGE"],
        "syncs-schema-age",
        "24h",
        "A sync first asks its source for its streams when that was last done longer ago, and the connection \
         follows the changes as its nonBreakingSchemaUpdatesBehavior says.",
    ),
    setting(
        "retention.logs",
        &["FERROBYTE_RETENTION_LOGS"],
        "retention-logs",
        "30d",
        "How long the logs of jobs are kept.",
    ),
    setting(
        "retention.logs_size",
        &["FERROBYTE_RETENTION_LOGS_SIZE"],
        "retention-logs-size",
        "",
        "The most that all logs of jobs may take together, such as 2GiB; the oldest go first. Empty: any.",
    ),
    setting(
        "retention.jobs",
        &["FERROBYTE_RETENTION_JOBS"],
        "retention-jobs",
        "180d",
        "How long jobs that have ended are kept, with their attempts, statistics and logs.",
    ),
    setting(
        "retention.messages",
        &["FERROBYTE_RETENTION_MESSAGES"],
        "retention-messages",
        "30d",
        "How long the list of webhooks that were sent is kept.",
    ),
    setting(
        "log.level",
        &["FERROBYTE_LOG", "LOG_LEVEL"],
        "log",
        "info",
        "error, warn, info, debug or trace; or a filter such as info,ferrobyte::access=debug.",
    ),
    setting(
        "log.format",
        &["FERROBYTE_LOG_FORMAT"],
        "log-format",
        "text",
        "text or json.",
    ),
    setting(
        "log.requests",
        &["FERROBYTE_LOG_REQUESTS"],
        "log-requests",
        "all",
        "Which requests get a line: all, failures (those answered with 5xx) or none.",
    ),
];

/// The setting with this key.
#[must_use]
pub fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}
