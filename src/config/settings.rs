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
        "Directory of the embedded database; created with mode 0700.",
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
    setting(
        "net.allow",
        &["FERROBYTE_NET_ALLOW"],
        "net-allow",
        "",
        "Host names, IP addresses and networks such as 10.1.0.0/16, with commas between, that the server may \
         call by itself (OAuth, registry, webhooks, stores of secrets) although they are not public. A name \
         is allowed wherever it leads.",
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
