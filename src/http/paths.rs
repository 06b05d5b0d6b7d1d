//! The spellings of a path that real clients use, brought to the one that the router knows: no
//! trailing slash, no double one, and the roots at which clients look by default. Redirects would not
//! do: some clients follow none, others turn a redirected POST into a GET.

use axum::extract::Request;
use axum::http::Uri;
use axum::http::uri::PathAndQuery;

/// Where the public API really is.
const PUBLIC: &str = "/api/public/v1";

/// Other beginnings of a path, and what they stand for.
const ALIASES: [(&str, &str); 3] = [
    ("/api/public/v1/v1", PUBLIC),
    ("/v1", PUBLIC),
    ("/applications/token", "/api/public/v1/applications/token"),
];

/// The request with the path that the router knows.
#[must_use]
pub fn canonical(mut request: Request) -> Request {
    if let Some(path) = respelled(request.uri().path())
        && let Some(uri) = with_path(request.uri(), &path)
    {
        *request.uri_mut() = uri;
    }
    request
}

/// The path spelled as the router knows it, if it is spelled otherwise.
fn respelled(path: &str) -> Option<String> {
    let odd = path.contains("//") || (path.len() > 1 && path.ends_with('/'));
    let mut clean = String::new();
    if odd {
        for part in path.split('/').filter(|part| !part.is_empty()) {
            clean.push('/');
            clean.push_str(part);
        }
        if clean.is_empty() {
            clean.push('/');
        }
    }
    let spelled = if odd { &clean } else { path };
    for (alias, real) in ALIASES {
        match spelled.strip_prefix(alias) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                return Some(format!("{real}{rest}"));
            }
            _ => {}
        }
    }
    odd.then_some(clean)
}

fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let whole = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(whole).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::respelled;

    #[test]
    fn every_spelling_leads_to_one_path() {
        let token = "/api/public/v1/applications/token";
        for spelling in [
            "/applications/token",
            "/v1/applications/token",
            "/api/public/v1/v1/applications/token",
            "/api/public/v1/applications/token/",
            "/api/public/v1//applications/token",
            "//applications/token//",
        ] {
            assert_eq!(respelled(spelling).as_deref(), Some(token), "{spelling}");
        }
        assert_eq!(
            respelled("/v1/workspaces").as_deref(),
            Some("/api/public/v1/workspaces")
        );
        assert_eq!(respelled("//").as_deref(), Some("/"));
        for right in [
            token,
            "/",
            "/health",
            "/v1x",
            "/api/public/v1/v1x",
            "/api/v1/applications/token",
        ] {
            assert_eq!(respelled(right), None, "{right}");
        }
    }
}
