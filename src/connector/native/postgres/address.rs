//! The part of a configuration that says which server it is and how it is reached. What is not supported
//! is refused here, by its name.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::connector::native::interface::Fault;

/// How the server is reached. It holds the password and is never printed.
pub(super) struct Address {
    pub(super) connection: PgConnectOptions,
    pub(super) patience: Duration,
}

/// How long a connection may take to come about.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Deserialize)]
struct Given {
    host: String,
    #[serde(default = "usual_port")]
    port: u16,
    database: String,
    username: String,
    password: Option<String>,
    #[serde(default)]
    ssl: bool,
    ssl_mode: Option<Ssl>,
    jdbc_url_params: Option<String>,
    tunnel_method: Option<Tunnel>,
}

#[derive(Deserialize)]
struct Ssl {
    mode: String,
    ca_certificate: Option<String>,
    client_certificate: Option<String>,
    client_key: Option<String>,
    client_key_password: Option<String>,
}

#[derive(Deserialize)]
struct Tunnel {
    tunnel_method: String,
}

fn usual_port() -> u16 {
    5432
}

/// Empty fields of a form mean the same as absent ones.
pub(super) fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

impl Address {
    pub(super) fn parse(configuration: &Value) -> Result<Self, Fault> {
        let given: Given = serde_json::from_value(configuration.clone())
            .map_err(|_| Fault::configuration("the configuration cannot be read"))?;
        if given
            .tunnel_method
            .is_some_and(|tunnel| tunnel.tunnel_method != "NO_TUNNEL")
        {
            return Err(Fault::configuration(
                "tunnel_method: SSH tunnels are not supported",
            ));
        }
        // A socket of this machine would be reached with the rights of the server's own user.
        if given.host.trim().is_empty() || given.host.starts_with('/') {
            return Err(Fault::configuration(
                "host: the name or the address of a server is needed",
            ));
        }
        let ssl = given.ssl_mode.unwrap_or_else(|| Ssl::of(given.ssl));
        let certified = filled(ssl.client_certificate.clone()).is_some();
        refuse_environment(certified)?;
        // Everything is set, so that nothing is taken from the server's own environment.
        let connection = PgConnectOptions::new_without_pgpass()
            .host(&given.host)
            .port(given.port)
            .username(&given.username)
            .password(given.password.as_deref().unwrap_or_default())
            .database(&given.database)
            .application_name("ferrobyte")
            .disable_statement_logging();
        let connection = encrypted(connection, ssl)?;
        let parameters = filled(given.jdbc_url_params).unwrap_or_default();
        let (connection, patience) = with_parameters(connection, &parameters)?;
        Ok(Self {
            connection,
            patience,
        })
    }
}

fn encrypted(connection: PgConnectOptions, ssl: Ssl) -> Result<PgConnectOptions, Fault> {
    if filled(ssl.client_key_password).is_some() {
        let message = "ssl_mode.client_key_password: encrypted keys are not supported";
        return Err(Fault::configuration(message));
    }
    let mode = match ssl.mode.as_str() {
        "disable" => PgSslMode::Disable,
        // Not encrypted at first and encrypted when refused is of no more use than this.
        "allow" | "prefer" => PgSslMode::Prefer,
        "require" => PgSslMode::Require,
        "verify-ca" => PgSslMode::VerifyCa,
        "verify-full" => PgSslMode::VerifyFull,
        other => {
            let message = format!("ssl_mode.mode: there is no mode {other}");
            return Err(Fault::configuration(message));
        }
    };
    // Without any it is empty, which goes before a file that PGSSLROOTCERT names.
    let authority = filled(ssl.ca_certificate).unwrap_or_default();
    let connection = connection
        .ssl_mode(mode)
        .ssl_root_cert_from_pem(authority.into_bytes());
    match (filled(ssl.client_certificate), filled(ssl.client_key)) {
        (Some(certificate), Some(key)) => Ok(connection
            .ssl_client_cert_from_pem(certificate)
            .ssl_client_key_from_pem(key)),
        (None, None) => Ok(connection),
        _ => {
            let message = "ssl_mode: client_certificate and client_key need each other";
            Err(Fault::configuration(message))
        }
    }
}

impl Ssl {
    /// What was meant before there were modes.
    fn of(ssl: bool) -> Self {
        Self {
            mode: if ssl { "require" } else { "prefer" }.to_owned(),
            ca_certificate: None,
            client_certificate: None,
            client_key: None,
            client_key_password: None,
        }
    }
}

/// The driver takes these from the environment of the server, and there is no way to take them back. They
/// are not the user's, so with them there is no connection.
fn refuse_environment(certified: bool) -> Result<(), Fault> {
    let certificates = ["PGSSLCERT", "PGSSLKEY"].into_iter().filter(|_| !certified);
    let given = certificates
        .chain(["PGOPTIONS"])
        .find(|name| std::env::var_os(name).is_some());
    given.map_or(Ok(()), |name| {
        let message = format!("the server was started with {name}, which must not be set");
        Err(Fault::system(message))
    })
}

/// The parameters of the Java driver that mean something here.
fn with_parameters(
    mut connection: PgConnectOptions,
    parameters: &str,
) -> Result<(PgConnectOptions, Duration), Fault> {
    let mut patience = PATIENCE;
    for (name, value) in form_urlencoded::parse(parameters.trim_start_matches('?').as_bytes()) {
        match name.as_ref() {
            "connectTimeout" | "loginTimeout" => {
                let seconds: u64 = value.parse().map_err(|_| {
                    Fault::configuration(format!("jdbc_url_params: {name} is a number of seconds"))
                })?;
                // To the Java driver 0 means as long as it takes.
                patience = match seconds {
                    0 => Duration::from_hours(1),
                    seconds => Duration::from_secs(seconds.min(3600)),
                };
            }
            "ApplicationName" => connection = connection.application_name(&value),
            "options" => connection = connection.options(options(&value)?),
            _ => {
                let message = format!(
                    "jdbc_url_params: {name} is not supported; connectTimeout, loginTimeout, \
                     ApplicationName and options are"
                );
                return Err(Fault::configuration(message));
            }
        }
    }
    Ok((connection, patience))
}

/// `-c name=value` once or more often.
fn options(text: &str) -> Result<Vec<(&str, &str)>, Fault> {
    let wrong = || Fault::configuration("jdbc_url_params: options are of the form -c name=value");
    let settings = text.trim().strip_prefix("-c").ok_or_else(wrong)?;
    settings
        .split(" -c")
        .map(|setting| setting.trim().split_once('=').ok_or_else(wrong))
        .collect()
}
