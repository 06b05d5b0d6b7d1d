//! Parameters of the query that an operation does not know are ignored, and the answer says so in a header:
//! a misspelled filter would otherwise look like one that everything passes. What an operation knows is read
//! off the OpenAPI document, so no handler takes part.

use std::borrow::Cow;

use axum::http::{HeaderValue, Method};

use super::operations;

/// How many names a warning repeats, and how many characters of each.
const NAMED: usize = 5;
const LONGEST: usize = 40;

/// The value of the header `Warning`, if there is something to warn of. Without a query, or with known
/// parameters alone, this makes nothing.
pub fn warning(method: &Method, route: &str, query: Option<&str>) -> Option<HeaderValue> {
    let query = query?;
    let known = operations::route(route)?.parameters(method)?;
    let mut unknown: Vec<Cow<'_, str>> = Vec::new();
    for (name, _) in form_urlencoded::parse(query.as_bytes()) {
        let named = name.is_empty() || known.iter().any(|known| *known == name);
        if !named && !unknown.contains(&name) {
            unknown.push(name);
            if unknown.len() > NAMED {
                break;
            }
        }
    }
    (!unknown.is_empty()).then(|| told(&unknown, known))
}

fn told(unknown: &[Cow<'_, str>], known: &[String]) -> HeaderValue {
    let names: Vec<_> = unknown.iter().take(NAMED).map(|name| plain(name)).collect();
    let more = if unknown.len() > NAMED {
        " and more"
    } else {
        ""
    };
    let known = match known {
        [] => "none".to_owned(),
        known => known.join(", "),
    };
    let text = format!(
        "299 - \"ignored unknown query parameters: {}{more}; known here: {known}\"",
        names.join(", ")
    );
    // Nothing but visible ASCII is left in it.
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(
        "299 - \"ignored unknown query parameters\"",
    ))
}

/// A name as it may stand in a header between quotes: whatever somebody else sent, shortened, and without
/// what could end the quotation or the line.
fn plain(name: &str) -> String {
    let harmless = |letter: char| match letter {
        letter if letter.is_ascii_alphanumeric() || "-_.[]$".contains(letter) => letter,
        _ => '?',
    };
    let mut plain: String = name.chars().take(LONGEST).map(harmless).collect();
    if name.chars().nth(LONGEST).is_some() {
        plain.push_str("...");
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "/api/public/v1/workspaces";

    fn warned(query: &str) -> Option<String> {
        let value = warning(&Method::GET, LIST, Some(query))?;
        Some(value.to_str().expect("visible characters").to_owned())
    }

    #[test]
    fn known_parameters_are_not_warned_of() {
        assert_eq!(warning(&Method::GET, LIST, None), None);
        for query in [
            "",
            "&",
            "=1",
            "limit=1&offset=2",
            "workspaceIds=a&workspaceIds=b",
            "l%69mit=1",
        ] {
            assert_eq!(warned(query), None, "{query}");
        }
        assert_eq!(warning(&Method::HEAD, LIST, Some("limit=1")), None);
        assert_eq!(warning(&Method::GET, "/nowhere", Some("a=1")), None);
    }

    #[test]
    fn unknown_ones_are_named_once_with_those_that_are_known() {
        let text = warned("limt=1&limit=2&limt=3&x[0]=&").expect("a warning");
        assert!(
            text.starts_with("299 - \"ignored unknown query parameters: limt, x[0]; known here: ")
        );
        assert!(
            text.contains("limit, offset") && text.ends_with('"'),
            "{text}"
        );
    }

    #[test]
    fn a_warning_is_short_and_cannot_be_broken_out_of() {
        let query = format!(
            "a%0d%0aSet-Cookie:%20b%22%5c&{}=&%C3%A9&d&e&f&g&h",
            "n".repeat(9000)
        );
        let text = warned(&query).expect("a warning");
        assert!(text.contains("a??Set-Cookie??b??, nnn"), "{text}");
        assert!(text.contains("n..., ?, d, e and more;"), "{text}");
        assert!(text.len() < 400, "{text}");
        assert_eq!(text.matches('"').count(), 2, "{text}");
    }
}
