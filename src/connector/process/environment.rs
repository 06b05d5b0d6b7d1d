//! What a process sees of our environment: what is on a list, and nothing else. The server's own
//! settings are in its environment too, secrets among them.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::fmt;

use super::directory::RunDirectory;

/// What every connector may know: where programs and certificates are, language, time zone, proxies.
const ALLOWED: &[&str] = &[
    "PATH",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
];

/// Names and values. Values may be secret (a proxy's password), so only names are printed.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// What is allowed of `whole`, and what the operator allows besides.
    #[must_use]
    pub fn for_connectors(whole: &HashMap<String, String>, further: &[String]) -> Self {
        Self::chosen(whole, |name| {
            ALLOWED.contains(&name) || further.iter().any(|more| more == name)
        })
    }

    /// What installers get besides: the operator's home and everything that is named for them.
    #[must_use]
    pub fn for_installers(whole: &HashMap<String, String>) -> Self {
        Self::chosen(whole, |name| {
            ALLOWED.contains(&name)
                || matches!(
                    name,
                    "HOME" | "XDG_CONFIG_HOME" | "XDG_CACHE_HOME" | "XDG_CONFIG_DIRS"
                )
                || name.starts_with("PIP_")
                || name.starts_with("UV_")
                || name.starts_with("PYENV_")
        })
    }

    fn chosen(whole: &HashMap<String, String>, allowed: impl Fn(&str) -> bool) -> Self {
        let chosen = whole.iter().filter(|(name, _)| allowed(name));
        Self(
            chosen
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }

    /// With a home and a place for temporary files in the private directory, and what makes
    /// connectors flush what they print and keep quiet about themselves.
    #[must_use]
    pub fn inside(mut self, directory: &RunDirectory) -> Self {
        self.set("HOME", directory.path().join("home"));
        self.set("TMPDIR", directory.path().join("tmp"));
        self.set("PYTHONUNBUFFERED", "1");
        self.set("DO_NOT_TRACK", "1");
        self
    }

    pub fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.0.insert(name.into(), value.into());
    }

    /// Sets what is not there yet.
    pub fn set_default(&mut self, name: &str, value: impl Into<OsString>) {
        self.0.entry(name.into()).or_insert_with(|| value.into());
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(&OsString::from(name))
            .and_then(|value| value.to_str())
    }

    pub fn iter(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        self.0.iter()
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> HashMap<String, String> {
        [
            ("PATH", "/bin"),
            ("DATABASE_URL", "canary"),
            ("FERROBYTE_JWT_SECRET", "canary"),
            ("PIP_INDEX_URL", "http://u:canary@index"),
            ("HOME", "/root"),
            ("AWS_REGION", "eu"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
    }

    #[test]
    fn a_connector_sees_what_is_on_the_list_only() {
        let seen = Environment::for_connectors(&whole(), &["AWS_REGION".to_owned()]);
        assert_eq!(format!("{seen:?}"), r#"{"AWS_REGION", "PATH"}"#);
    }

    #[test]
    fn an_installer_sees_its_own_settings_and_nobody_prints_them() {
        let seen = Environment::for_installers(&whole());
        assert_eq!(seen.get("PIP_INDEX_URL"), Some("http://u:canary@index"));
        assert_eq!(format!("{seen:?}"), r#"{"HOME", "PATH", "PIP_INDEX_URL"}"#);
    }
}
