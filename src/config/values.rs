//! Parsers for values. Each gives the value or a sentence on what would be right.

use std::fmt;
use std::time::Duration;

use crate::domain::password as password_rules;

/// A secret setting. Only [`Secret::reveal`] shows it.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A duration such as `30s`, `15m`, `24h` or `7d`; a plain number counts seconds.
pub fn seconds(text: &str) -> Result<Duration, String> {
    duration(text, 1)
}

/// The lifetime of a token; a plain number counts minutes, as existing deployments write it.
pub fn token_lifetime(text: &str) -> Result<Duration, String> {
    let lifetime = duration(text, 60)?;
    let range = Duration::from_mins(3)..=Duration::from_hours(24);
    if range.contains(&lifetime) {
        Ok(lifetime)
    } else {
        Err("must be between 3m and 24h".to_owned())
    }
}

/// How long a worker has a job: several renewals have to fit in.
pub fn lease(text: &str) -> Result<Duration, String> {
    let lease = duration(text, 1)?;
    if lease < Duration::from_secs(2) {
        return Err("must be at least 2s".to_owned());
    }
    Ok(lease)
}

fn duration(text: &str, plain: u64) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" => plain,
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err("must be a duration such as 30s, 15m, 24h or 7d".to_owned()),
    };
    let count: u64 = number(digits)?;
    match count.checked_mul(unit) {
        Some(seconds @ 1..) if seconds <= 366 * 86_400 => Ok(Duration::from_secs(seconds)),
        _ => Err("must be more than nothing and at most a year".to_owned()),
    }
}

pub fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.trim()
        .parse()
        .map_err(|_| "must be a whole number".to_owned())
}

pub fn at_least_one(text: &str) -> Result<usize, String> {
    match number(text)? {
        0 => Err("must be at least 1".to_owned()),
        count => Ok(count),
    }
}

/// A number of bytes such as `512MiB` or `2GiB`; a plain number counts bytes.
pub fn bytes(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match &text[digits.len()..] {
        "" | "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return Err("must be a number of bytes such as 512MiB or 2GiB".to_owned()),
    };
    let count: u64 = number(digits)?;
    match count.checked_mul(1 << shift) {
        Some(bytes @ 1..) => Ok(bytes),
        _ => Err("must be more than nothing, and less than there can be".to_owned()),
    }
}

pub fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" | "1" => Ok(true),
        "off" | "false" | "no" | "0" => Ok(false),
        _ => Err("must be on or off".to_owned()),
    }
}

pub fn not_an_address<E>(_: E) -> String {
    "must be an IP address and a port, such as 127.0.0.1:8000".to_owned()
}

/// An http or https URL, without the slash at its end.
pub fn base_url(text: &str) -> Result<String, String> {
    const WRONG: &str = "must be a URL such as https://data.example.org, without query or fragment";
    let uri: axum::http::Uri = text.parse().map_err(|_| WRONG.to_owned())?;
    let scheme = uri.scheme_str().unwrap_or_default();
    if !matches!(scheme, "http" | "https")
        || uri.host().is_none()
        || uri.query().is_some()
        || text.contains('#')
    {
        return Err(WRONG.to_owned());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

pub fn postgres_url(text: &str) -> Result<Secret, String> {
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Ok(Secret::new(text));
    }
    Err("must begin with postgres://; leave it empty for the embedded database".to_owned())
}

pub fn password(text: &str) -> Result<Secret, String> {
    password_rules::acceptable(text)?;
    Ok(Secret::new(text))
}

/// A key for HS256: RFC 7518 wants as many bits as the hash has.
pub fn signing_key(text: &str) -> Result<Secret, String> {
    if text.len() < 32 {
        return Err(
            "must have at least 32 characters; `openssl rand -hex 32` makes a good one".to_owned(),
        );
    }
    Ok(Secret::new(text))
}

/// A master key of the vault. How it is read is the vault's business.
pub fn vault_key(text: &str) -> Result<Secret, String> {
    if text.chars().count() < 32 {
        return Err(
            "must be 32 bytes in hexadecimal or base64, or a passphrase of 32 characters or more; \
             `openssl rand -hex 32` makes a good one"
                .to_owned(),
        );
    }
    // One that contains a comma could never become a former key.
    if text.contains(',') {
        return Err("must not contain a comma".to_owned());
    }
    Ok(Secret::new(text))
}

pub fn level(text: &str) -> Result<String, String> {
    match text.parse::<tracing_subscriber::filter::Targets>() {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(
            "must be error, warn, info, debug or trace, or a filter such as info,ferrobyte=debug"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        let cases = [
            ("90", 90),
            ("30s", 30),
            ("15m", 900),
            ("24h", 86_400),
            ("7d", 604_800),
        ];
        for (text, expected) in cases {
            assert_eq!(seconds(text), Ok(Duration::from_secs(expected)), "{text}");
        }
        for wrong in ["", "s", "0", "1w", "-1", "1.5h", "99999999d"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
        assert_eq!(token_lifetime("15"), Ok(Duration::from_mins(15)));
        assert!(token_lifetime("10s").is_err());
    }

    #[test]
    fn bytes_have_units() {
        for (text, expected) in [("90", 90), ("64MiB", 64 << 20), ("2GiB", 2 << 30)] {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for wrong in ["", "0", "1.5GiB", "2G", "99999999999GiB"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_external_url_loses_its_last_slash() {
        assert_eq!(
            base_url("https://data.example.org/"),
            Ok("https://data.example.org".to_owned())
        );
        for wrong in [
            "data.example.org",
            "ftp://x",
            "https://x/?q",
            "https://x/#f",
            "nonsense",
        ] {
            assert!(base_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_secret_prints_nothing() {
        assert_eq!(format!("{:?}", Secret::new("hush")), "Secret(…)");
    }
}
