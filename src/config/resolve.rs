//! Finds the value of each setting: flag, then environment, then file, then default; and remembers
//! where it came from, so that a bad value can be named.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use super::settings::{self, SETTINGS, Setting};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Flag(&'static str),
    Environment(String),
    File(String),
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "flag --{flag}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::File(path) => write!(f, "file {path}"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// The value of every setting, and the faults found while parsing them.
#[derive(Debug)]
pub struct Resolved {
    values: HashMap<&'static str, (String, Origin)>,
    faults: Vec<String>,
}

/// What the operator gave.
#[derive(Debug, Default)]
pub struct Given<'a> {
    /// Values of flags, by key.
    pub flags: HashMap<&'static str, String>,
    /// The text of the configuration file and its path.
    pub file: Option<(String, &'a Path)>,
    /// The environment.
    pub environment: HashMap<String, String>,
}

impl Given<'_> {
    /// The environment of this process.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the environment"
    )]
    pub fn process_environment() -> HashMap<String, String> {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }
}

/// A variable of the environment, for references to secrets. A setting is never given away, whatever
/// the operator allows.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the environment"
)]
pub fn variable(name: &str) -> Option<String> {
    let is_name = |setting: &Setting| names(setting).any(|own| own == name);
    if SETTINGS.iter().any(is_name) {
        return None;
    }
    std::env::var(name).ok()
}

/// The variables of the environment that other programs need not know: secret settings, and those that
/// begin as references do.
#[must_use]
pub fn secret_variables(references: Option<&str>) -> Vec<String> {
    let settings = SETTINGS.iter().filter(|setting| setting.secret);
    let mut withheld: Vec<_> = settings.flat_map(names).collect();
    if let Some(beginning) = references {
        let present = Given::process_environment().into_keys();
        withheld.extend(present.filter(|name| name.starts_with(beginning)));
    }
    withheld
}

/// The names of a setting in the environment.
fn names(setting: &Setting) -> impl Iterator<Item = String> {
    let both = |own: &&str| [(*own).to_owned(), format!("{own}_FILE")];
    setting.env.iter().flat_map(both)
}

impl Resolved {
    /// # Errors
    /// A sentence when the file cannot be read as settings, or a secret's file not at all.
    pub fn new(given: &Given<'_>) -> Result<Self, String> {
        let mut file = match &given.file {
            Some((text, path)) => read_file(text, path)?,
            None => HashMap::new(),
        };
        let mut values = HashMap::new();
        for setting in SETTINGS {
            let value = match given.flags.get(setting.key) {
                Some(value) => (value.clone(), Origin::Flag(setting.flag)),
                None => match from_environment(setting, &given.environment)? {
                    Some(found) => found,
                    None => file
                        .remove(setting.key)
                        .unwrap_or((setting.default.to_owned(), Origin::Default)),
                },
            };
            values.insert(setting.key, value);
        }
        Ok(Self {
            values,
            faults: Vec::new(),
        })
    }

    /// The text of a setting and its origin.
    ///
    /// # Panics
    /// When there is no such setting, which the first test of the configuration would show.
    #[must_use]
    pub fn text(&self, key: &str) -> (&str, &Origin) {
        let (text, origin) = self
            .values
            .get(key)
            .expect("every key is in the table of settings");
        (text, origin)
    }

    /// A setting that always has a value. A bad one is noted, and the default stands in until `finish`.
    pub(super) fn required<T>(
        &mut self,
        key: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> T {
        parse(self.text(key).0).unwrap_or_else(|why| {
            self.fault(key, &why);
            let default = settings::find(key).map_or("", |setting| setting.default);
            parse(default).expect("every default is a good value; a test tries them all")
        })
    }

    /// A setting that may be empty.
    pub(super) fn optional<T>(
        &mut self,
        key: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.text(key).0.trim();
        if text.is_empty() {
            return None;
        }
        parse(text).map_err(|why| self.fault(key, &why)).ok()
    }

    /// A setting with values between commas.
    pub(super) fn list<T>(
        &mut self,
        key: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let texts = self
            .text(key)
            .0
            .split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty());
        match texts.map(parse).collect() {
            Ok(values) => values,
            Err(why) => {
                self.fault(key, &why);
                Vec::new()
            }
        }
    }

    /// The configuration, if nothing was wrong with it.
    pub(super) fn finish<T>(self, config: T) -> Result<T, String> {
        if self.faults.is_empty() {
            Ok(config)
        } else {
            Err(self.faults.join("\n"))
        }
    }

    fn fault(&mut self, key: &str, why: &str) {
        let (text, origin) = self.text(key);
        let shown = match settings::find(key) {
            Some(setting) if setting.secret => String::new(),
            _ => format!(", not {text:?}"),
        };
        self.faults
            .push(format!("{key} (from {origin}) {why}{shown}"));
    }
}

/// The first of a setting's names that is set and not empty; a secret may also be in a file.
fn from_environment(
    setting: &'static Setting,
    environment: &HashMap<String, String>,
) -> Result<Option<(String, Origin)>, String> {
    for &name in setting.env {
        if let Some(value) = environment.get(name).filter(|value| !value.is_empty()) {
            return Ok(Some((value.clone(), Origin::Environment(name.to_owned()))));
        }
        let name = format!("{name}_FILE");
        if let Some(path) = environment.get(&name).filter(|_| setting.secret) {
            let text = std::fs::read_to_string(path).map_err(|error| {
                format!(
                    "{} (from environment {name}): cannot read {path}: {error}",
                    setting.key
                )
            })?;
            return Ok(Some((
                text.trim_end_matches(['\r', '\n']).to_owned(),
                Origin::Environment(name),
            )));
        }
    }
    Ok(None)
}

/// Reads a file of settings into values by key. Unknown keys are an error.
fn read_file(text: &str, path: &Path) -> Result<HashMap<String, (String, Origin)>, String> {
    let path = path.display().to_string();
    let table: toml::Table = text.parse().map_err(|error| format!("{path}: {error}"))?;
    let mut values = HashMap::new();
    for (section, entries) in table {
        let toml::Value::Table(entries) = entries else {
            return Err(format!("{path}: {section} stands outside of a section"));
        };
        for (name, value) in entries {
            let key = format!("{section}.{name}");
            if settings::find(&key).is_none() {
                return Err(format!(
                    "{path}: there is no setting {key}; docs/configuration.md lists them all"
                ));
            }
            values.insert(key, (as_text(value), Origin::File(path.clone())));
        }
    }
    Ok(values)
}

fn as_text(value: toml::Value) -> String {
    match value {
        toml::Value::String(text) => text,
        toml::Value::Boolean(on) => (if on { "on" } else { "off" }).to_owned(),
        toml::Value::Array(values) => values
            .into_iter()
            .map(as_text)
            .collect::<Vec<_>>()
            .join(","),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn given(environment: &[(&str, &str)], file: &str) -> Result<Config, String> {
        let environment = environment
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let file = Some((file.to_owned(), Path::new("test.toml")));
        Config::parse(Resolved::new(&Given {
            file,
            environment,
            ..Given::default()
        })?)
    }

    #[test]
    fn every_default_is_a_good_value() {
        let config = given(&[], "").expect("defaults are good");
        assert_eq!(config.server.listen.to_string(), "127.0.0.1:8000");
        assert_eq!(config.tokens.lifetime.as_secs(), 3600);
        assert!(config.database.url.is_none());
    }

    #[test]
    fn the_environment_wins_over_the_file_and_flags_over_both() {
        let file = "[server]\nlisten = \"127.0.0.1:1\"\nmetrics = false\n";
        let config = given(&[("FERROBYTE_LISTEN", "127.0.0.1:2")], file).expect("good");
        assert_eq!(
            (config.server.listen.port(), config.server.metrics),
            (2, false)
        );
        let flags = HashMap::from([("server.listen", "127.0.0.1:3".to_owned())]);
        let environment =
            HashMap::from([("FERROBYTE_LISTEN".to_owned(), "127.0.0.1:2".to_owned())]);
        let resolved = Resolved::new(&Given {
            flags,
            environment,
            file: None,
        })
        .expect("good");
        assert_eq!(
            resolved.text("server.listen"),
            ("127.0.0.1:3", &Origin::Flag("listen"))
        );
    }

    #[test]
    fn the_names_of_existing_deployments_are_accepted() {
        let config = given(
            &[
                ("AB_INSTANCE_ADMIN_PASSWORD", "correct horse"),
                (
                    "AB_INSTANCE_ADMIN_CLIENT_ID",
                    "3f0e9ad8-0000-4000-8000-000000000000",
                ),
                (
                    "AB_INSTANCE_ADMIN_CLIENT_SECRET",
                    "Jq0123456789abcdefghijklmnopqrst",
                ),
                (
                    "AB_JWT_SIGNATURE_SECRET",
                    "0123456789abcdefghijklmnopqrstuv",
                ),
                ("AB_AIRBYTE_AUTH_TOKEN_EXPIRATION_APPLICATION", "15"),
                ("AB_COOKIE_SECURE", "false"),
                ("DEFAULT_DATAPLANE_GROUP_NAME", "EU"),
            ],
            "",
        )
        .expect("good");
        assert_eq!(config.tokens.lifetime.as_secs(), 900);
        assert_eq!(config.tokens.jwt_secrets.len(), 1);
        assert_eq!(
            (config.sessions.secure_cookie, config.admin.region.as_str()),
            (Some(false), "EU")
        );
        assert!(config.admin.password.is_some() && config.admin.client_secret.is_some());
    }

    #[test]
    fn a_bad_value_names_its_key_and_origin_and_hides_secrets() {
        let faults = given(
            &[
                ("FERROBYTE_LISTEN", "here"),
                ("FERROBYTE_JWT_SECRET", "short"),
            ],
            "",
        )
        .expect_err("bad");
        assert!(
            faults.contains(
                "server.listen (from environment FERROBYTE_LISTEN) must be an IP address"
            ),
            "{faults}"
        );
        assert!(
            faults.contains("tokens.jwt_secret") && !faults.contains("\"short\""),
            "{faults}"
        );
        let unknown = given(&[], "[server]\nlissten = 1\n").expect_err("bad");
        assert!(
            unknown.contains("there is no setting server.lissten"),
            "{unknown}"
        );
    }
}
