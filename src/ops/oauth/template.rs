//! The templates of a declared OAuth flow: text with `{{ name }}`, `{{ name | filter }}` and, as older
//! specifications write it, `{{ {{one}}:{{other}} | filter }}`. A template is taken apart before anything
//! is put in, so a value is never read as a template.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

/// What can be put in, by name.
pub(super) type Variables = BTreeMap<String, Variable>;

#[derive(Debug, Clone)]
pub(super) struct Variable {
    pub value: String,
    pub origin: Origin,
}

/// Whose word a value is, which decides how it stands in a URL when no filter is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Stays as it is: it may be encoded already.
    Specification,
    /// Encoded as far as it would end a value in a query.
    Server,
    /// May be part of a host's name, and lead to no other.
    Person,
}

/// Where the text will stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Url,
    /// A header, or a field of a body, which is written as a whole.
    Field,
}

/// Fills a template in.
///
/// # Errors
/// A sentence that names the variable or the filter.
pub(super) fn render(
    template: &str,
    variables: &Variables,
    place: Place,
) -> Result<String, String> {
    let mut rest = template;
    let mut text = String::new();
    while let Some((before, inside)) = rest.split_once("{{") {
        text.push_str(before);
        let (value, after) = expression(inside, variables, place)?;
        text.push_str(&value);
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

/// The value of what begins behind `{{`, and what follows its `}}`.
fn expression<'a>(
    text: &'a str,
    variables: &Variables,
    place: Place,
) -> Result<(String, &'a str), String> {
    let mut rest = text;
    let mut filtered = false;
    let mut parts: Vec<Part> = Vec::new();
    loop {
        let at = rest
            .find(['{', '|', '}', '\'', '"'])
            .ok_or("a {{ has no }}")?;
        let (before, mark) = rest.split_at(at);
        parts.push(Part::Text(before.to_owned()));
        if let Some(inside) = mark.strip_prefix("{{") {
            // What stands inside is for the filter behind it, and not for the URL.
            let (value, after) = expression(inside, variables, Place::Field)?;
            parts.push(Part::Value(value));
            rest = after;
        } else if mark.starts_with("}}") || mark.starts_with('|') {
            rest = mark;
            break;
        } else if let Some(quote @ ('\'' | '"')) = mark.chars().next() {
            let (literal, after) = mark[1..].split_once(quote).ok_or("a quote has no end")?;
            parts.push(Part::Value(literal.to_owned()));
            rest = after;
        } else {
            parts.push(Part::Text(mark[..1].to_owned()));
            rest = &mark[1..];
        }
    }
    let mut value = Operand::of(&parts, variables)?;
    while let Some(behind) = rest.strip_prefix('|') {
        let end = behind.find(['|', '}']).ok_or("a {{ has no }}")?;
        value.text = filter(behind[..end].trim(), &value.text)?;
        filtered = true;
        rest = &behind[end..];
    }
    let after = rest.strip_prefix("}}").ok_or("a {{ has no }}")?;
    let text = match (place, filtered) {
        (Place::Url, false) => value.in_url()?,
        _ => value.text,
    };
    Ok((text, after))
}

enum Part {
    Text(String),
    Value(String),
}

struct Operand {
    name: String,
    text: String,
    origin: Origin,
}

impl Operand {
    fn of(parts: &[Part], variables: &Variables) -> Result<Self, String> {
        let mut whole = String::new();
        let mut plain = true;
        for part in parts {
            match part {
                Part::Text(text) => whole.push_str(text),
                Part::Value(value) => {
                    plain = false;
                    whole.push_str(value);
                }
            }
        }
        let text = whole.trim();
        let named = text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if !plain || !named {
            return Ok(Self {
                name: String::new(),
                text: text.to_owned(),
                origin: Origin::Server,
            });
        }
        let variable = variables
            .get(text)
            .ok_or_else(|| format!("{text} is not known"))?;
        Ok(Self {
            name: text.to_owned(),
            text: variable.value.clone(),
            origin: variable.origin,
        })
    }

    /// As it stands in a URL without a filter.
    fn in_url(self) -> Result<String, String> {
        match self.origin {
            Origin::Specification => Ok(self.text),
            Origin::Server => Ok(encoded(&self.text, |byte| {
                byte.is_ascii_graphic() && !b"&#+%\"<>\\^`{|}".contains(&byte)
            })),
            Origin::Person => {
                let tame = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
                if self.text.bytes().all(tame) {
                    Ok(self.text)
                } else {
                    Err(format!(
                        "{} may contain letters, digits, dots, dashes and underscores only",
                        self.name
                    ))
                }
            }
        }
    }
}

fn filter(name: &str, text: &str) -> Result<String, String> {
    let undecodable = || format!("what {name} is given cannot be decoded");
    match name.to_ascii_lowercase().as_str() {
        "urlencode" | "urlencoder" => Ok(url_encoded(text)),
        "urldecode" | "urldecoder" => decoded(text).ok_or_else(undecodable),
        "b64encode" | "base64encoder" => Ok(STANDARD.encode(text)),
        "b64decode" | "base64decoder" => {
            let bytes = STANDARD.decode(text).ok();
            let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
            text.ok_or_else(undecodable)
        }
        "codechallenges256" => Ok(URL_SAFE_NO_PAD.encode(Sha256::digest(text))),
        "trim" => Ok(text.trim().to_owned()),
        "lower" => Ok(text.to_lowercase()),
        "upper" => Ok(text.to_uppercase()),
        _ => Err(format!("there is no filter {name}")),
    }
}

/// As a value in a query.
pub(super) fn url_encoded(text: &str) -> String {
    encoded(text, |byte| {
        byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
    })
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'%' => {
                let (digits, after) = rest.split_at_checked(2)?;
                let digits = std::str::from_utf8(digits).ok()?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                rest = after;
            }
            b'+' => bytes.push(b' '),
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).ok()
}

fn encoded(text: &str, stays: impl Fn(u8) -> bool) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if stays(byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> Variables {
        [
            ("client_id_key", "client_id", Origin::Specification),
            ("client_id_value", "id_123", Origin::Server),
            ("client_secret_value", "secret_456", Origin::Server),
            (
                "redirect_uri_value",
                "https://x.example/cb?a=1",
                Origin::Server,
            ),
            ("scope_value", "a:read b%20c", Origin::Specification),
            ("auth_code_value", "4/0&x=1#+%", Origin::Server),
            ("trap", "{{client_secret_value}}|b64encode", Origin::Server),
            ("shop", "my-shop.example", Origin::Person),
            ("wild", "evil.example/", Origin::Person),
        ]
        .map(|(name, value, origin)| {
            let value = value.to_owned();
            (name.to_owned(), Variable { value, origin })
        })
        .into()
    }

    #[test]
    fn templates_are_filled_in_as_both_generations_write_them() {
        let cases = [
            ("plain", "plain"),
            (
                "{{client_id_key}}={{ client_id_value }}",
                "client_id=id_123",
            ),
            ("{{ scope_value | urlencode }}", "a%3Aread%20b%2520c"),
            (
                "{{ {{redirect_uri_value}} | urlEncoder }}",
                "https%3A%2F%2Fx.example%2Fcb%3Fa%3D1",
            ),
            ("{{ 'hello world'|urlencode }}", "hello%20world"),
            ("{{ 'hello%20world'|urldecode }}", "hello world"),
            ("{{ 'a%3D1%26b+c'|urlDecoder }}", "a=1&b c"),
            ("{{ 'hello'|b64encode }}", "aGVsbG8="),
            ("{{ 'aGVsbG8=' | base64Decoder }}", "hello"),
            (
                "{{ 'id_123:secret_456'|codechallengeS256 }}",
                "kdlBQTTftIOzHnzQoqp3dQ5jBsSehFTjg1meg1gL3OY",
            ),
            (
                "{{ {{ client_id_value }}:{{ client_secret_value }} | codeChallengeS256 }}",
                "kdlBQTTftIOzHnzQoqp3dQ5jBsSehFTjg1meg1gL3OY",
            ),
            (
                "Basic {{ {{client_id_value}}:{{client_secret_value}} | base64Encoder }}",
                "Basic aWRfMTIzOnNlY3JldF80NTY=",
            ),
            (
                "{{ https://test.example/x | urlEncoder}}",
                "https%3A%2F%2Ftest.example%2Fx",
            ),
            ("{{\n  client_id_value\n}}", "id_123"),
            ("a } b | c { d", "a } b | c { d"),
        ];
        for (template, expected) in cases {
            let rendered = render(template, &variables(), Place::Field);
            assert_eq!(rendered.as_deref(), Ok(expected), "{template}");
        }
    }

    #[test]
    fn a_value_is_never_read_as_a_template() {
        let rendered = render(
            "{{trap}} {{ {{trap}} | b64encode }}",
            &variables(),
            Place::Field,
        );
        let expected = format!(
            "{{{{client_secret_value}}}}|b64encode {}",
            STANDARD.encode("{{client_secret_value}}|b64encode")
        );
        assert_eq!(rendered, Ok(expected));
    }

    #[test]
    fn in_a_url_a_value_stays_where_it_was_put() {
        let url = |template| render(template, &variables(), Place::Url);
        assert_eq!(
            url("?code={{auth_code_value}}&z"),
            Ok("?code=4/0%26x=1%23%2B%25&z".to_owned())
        );
        assert_eq!(
            url("?scope={{scope_value}}"),
            Ok("?scope=a:read b%20c".to_owned())
        );
        assert_eq!(
            url("https://{{shop}}/o"),
            Ok("https://my-shop.example/o".to_owned())
        );
        let refused = url("https://{{wild}}.example.com/o").expect_err("it leads elsewhere");
        assert!(refused.contains("wild may contain"), "{refused}");
        assert_eq!(
            url("?shop={{ wild | urlencode }}"),
            Ok("?shop=evil.example%2F".to_owned())
        );
    }

    #[test]
    fn what_is_not_known_is_named() {
        for (template, named) in [
            ("{{ subdomain }}", "subdomain is not known"),
            ("{{ client_id_value | rot13 }}", "no filter rot13"),
            ("{{ client_id_value", "no }}"),
            ("{{ 'x }}", "no end"),
            ("{{ {{client_id_value}} ", "no }}"),
            ("{{ '!' | b64decode }}", "cannot be decoded"),
            ("{{ '%zz' | urldecode }}", "cannot be decoded"),
            ("{{ '%e' | urldecode }}", "cannot be decoded"),
        ] {
            let why = render(template, &variables(), Place::Field).expect_err(template);
            assert!(why.contains(named), "{template}: {why}");
        }
    }
}
