//! The URL of a call. Parsing it is what unmasks an address in decimal, octal or hexadecimal: behind
//! [`parse`] there are only names and plain addresses.

use std::net::IpAddr;

use reqwest::Url;

use super::trouble::Trouble;
use crate::domain::network::Allowed;

/// An http or https URL with a host.
///
/// # Errors
/// [`Trouble::Address`]; the text is not repeated, since it may hold credentials.
pub(super) fn parse(text: &str) -> Result<Url, Trouble> {
    let url = Url::parse(text).map_err(|error| Trouble::Address(error.to_string()))?;
    acceptable(url)
}

/// Where a redirect leads.
///
/// # Errors
/// [`Trouble::Address`], also when it would leave https.
pub(super) fn join(from: &Url, location: &[u8]) -> Result<Url, Trouble> {
    let location = std::str::from_utf8(location)
        .map_err(|_| Trouble::Address("a redirect is not text".to_owned()))?;
    let next = from
        .join(location)
        .map_err(|error| Trouble::Address(format!("a redirect: {error}")))?;
    if from.scheme() == "https" && next.scheme() != "https" {
        return Err(Trouble::Address("a redirect leaves https".to_owned()));
    }
    acceptable(next)
}

fn acceptable(url: Url) -> Result<Url, Trouble> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Trouble::Address(
            "only http and https are called".to_owned(),
        ));
    }
    match url.host_str() {
        Some(host) if !host.is_empty() => Ok(url),
        _ => Err(Trouble::Address("it names no host".to_owned())),
    }
}

/// The host as a URL writes it.
pub(super) fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

/// Checks an address that stands in the URL itself; names are checked when they are resolved.
///
/// # Errors
/// [`Trouble::Refused`].
pub(super) fn check(url: &Url, allowed: &Allowed) -> Result<(), Trouble> {
    let host = host(url);
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let Ok(address) = bare.parse::<IpAddr>() else {
        return Ok(());
    };
    allowed.admit(address).map_err(|kind| Trouble::Refused {
        host: bare.to_owned(),
        kind,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::network::Inward;

    #[test]
    fn an_address_is_seen_through_every_spelling() {
        for spelling in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0x7f.0.0.1/",
            "http://0177.0.0.1/",
            "http://017700000001/",
            "http://127.0.0.1./",
            "http://127.0.0.1:8080/x",
            "http://user:password@127.0.0.1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[0:0:0:0:0:ffff:7f00:1]/",
            "http://[64:ff9b::127.0.0.1]/",
            "http://１２７.０.０.１/",
            "http://127。0。0。1/",
            "HTTP://127.0.0.1",
            "http:\\\\127.0.0.1\\",
        ] {
            let url = parse(spelling).expect(spelling);
            match check(&url, &Allowed::default()) {
                Err(Trouble::Refused { kind, .. }) => assert_eq!(kind, Inward::Loopback),
                other => panic!("{spelling}: {other:?}"),
            }
        }
    }

    #[test]
    fn only_http_is_called() {
        for wrong in [
            "file:///etc/passwd",
            "ftp://example.org/",
            "gopher://example.org/",
            "data:text/plain,x",
            "example.org",
            "http://",
            "//example.org",
            "unix:/var/run/docker.sock",
        ] {
            assert!(matches!(parse(wrong), Err(Trouble::Address(_))), "{wrong}");
        }
    }

    #[test]
    fn a_redirect_stays_on_https() {
        let from = parse("https://example.org/a").expect("a URL");
        assert_eq!(
            join(&from, b"/b").expect("a path").as_str(),
            "https://example.org/b"
        );
        assert!(join(&from, b"http://example.org/b").is_err());
        assert!(join(&from, b"file:///etc/passwd").is_err());
    }
}
