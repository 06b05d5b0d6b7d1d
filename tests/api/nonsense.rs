//! Wrong input of any kind: never a 5xx, never a panic, always a whole problem. The nonsense is made
//! by a small generator from a fixed seed, so that a failure comes back.

use axum::body::Body;
use axum::http::{Method, Request};
use ferrobyte::http::openapi;
use serde_json::Value;

use crate::support::TestServer;
use crate::support::answer::Answer;

/// A generator of numbers (xorshift), good enough for nonsense.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).expect("small")
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.roll(from.len())]
    }

    fn value(&mut self, depth: usize) -> String {
        match self.roll(if depth > 3 { 8 } else { 10 }) {
            0 => "null".to_owned(),
            1 => self.pick(&["true", "false"]).to_owned(),
            2 => self
                .pick(&["0", "-1", "1e999", "9223372036854775808", "1.5", "00"])
                .to_owned(),
            3..=6 => format!("{:?}", self.pick(TEXTS)),
            7 => self
                .pick(&["", "nul", "\"\\u0000\"", "\"\\ud800\"", "{\"a\":1,\"a\":2}"])
                .to_owned(),
            8 => {
                let items: Vec<_> = (0..self.roll(4)).map(|_| self.value(depth + 1)).collect();
                format!("[{}]", items.join(","))
            }
            _ => self.object(depth + 1),
        }
    }

    fn object(&mut self, depth: usize) -> String {
        let fields: Vec<_> = (0..self.roll(6))
            .map(|_| format!("\"{}\":{}", self.pick(FIELDS), self.value(depth)))
            .collect();
        format!("{{{}}}", fields.join(","))
    }
}

const TEXTS: &[&str] = &[
    "",
    " ",
    "x",
    "00000000-0000-0000-0000-000000000000",
    "99999999-9999-4999-8999-999999999999",
    "workspace_reader",
    "organization_admin",
    "client_credentials",
    "' OR 1=1 --",
    "🐈",
    "../../etc/passwd",
    "%00",
    "the-admin",
    "{{7*7}}",
];
const FIELDS: &[&str] = &[
    "name",
    "organizationId",
    "workspaceId",
    "regionId",
    "userId",
    "permissionType",
    "notifications",
    "failure",
    "success",
    "email",
    "webhook",
    "enabled",
    "url",
    "client_id",
    "client_secret",
    "grant_type",
    "applicationId",
];
const QUERIES: &[&str] = &[
    "",
    "limit=20",
    "limit=99999999999999999999",
    "offset=1000000",
    "workspaceIds=%00",
    "workspaceIds=,,,",
    "ids=%ff%fe",
    "emails=a%00b@c",
    "emails=@",
    "organizationId=00000000-0000-0000-0000-000000000000",
    "userId=x&organizationId=y",
    "includeDeleted=2",
    "%",
    "&&==&",
    "limit=20&limit=0",
];
const SEGMENTS: &[&str] = &[
    "x",
    "%00",
    "%ff",
    "99999999-9999-4999-8999-999999999999",
    "..",
    "%2e%2e",
    "a%20b",
    "1-1-1-1-1",
];
const MEDIA: &[&str] = &[
    "application/json",
    "application/json",
    "application/json",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "",
    "\u{7f}",
];

fn check(context: &str, answer: &Answer) {
    assert!(!answer.status.is_server_error(), "{context}: {answer:?}");
    if answer.status.is_client_error() {
        answer.problem(answer.status.as_u16());
    }
}

#[tokio::test]
async fn nonsense_of_any_kind_is_answered_by_a_problem_and_never_by_a_5xx() {
    let server = TestServer::with(&[("throttle.enabled", "off")]).await;
    let admin = server.admin().await;
    let paths: Vec<String> = openapi::document().paths.paths.keys().cloned().collect();
    let methods = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::HEAD,
        Method::OPTIONS,
    ];
    let mut dice = Dice(0x5eed_f00d_cafe);
    let mut seen = std::collections::BTreeMap::new();
    for round in 0..4000 {
        let path = &paths[dice.roll(paths.len())];
        let segment = dice.pick(SEGMENTS);
        let path = path
            .split('/')
            .map(|part| if part.starts_with('{') { segment } else { part })
            .collect::<Vec<_>>()
            .join("/");
        let uri = format!("{path}?{}", dice.pick(QUERIES));
        let method = methods[dice.roll(methods.len())].clone();
        let head = method == Method::HEAD;
        let body = if dice.roll(4) == 0 {
            dice.value(0)
        } else {
            dice.object(0)
        };
        let context = format!("round {round}: {method} {uri} {body}");
        let Ok(request) = Request::builder()
            .method(method)
            .uri(&uri)
            .header("content-type", dice.pick(MEDIA))
            .body(Body::from(body))
        else {
            continue;
        };
        let person = if dice.roll(4) == 0 {
            server.nobody()
        } else {
            admin.clone()
        };
        let answer = person.ask(request).await;
        *seen.entry(answer.status.as_u16()).or_insert(0) += 1;
        if head {
            assert!(
                !answer.status.is_server_error() && answer.text.is_empty(),
                "{context}: {answer:?}"
            );
        } else {
            check(&context, &answer);
        }
    }
    for status in [200, 400, 401, 403, 404, 405, 415] {
        assert!(
            seen.contains_key(&status) || status == 403,
            "the nonsense never led to {status}: {seen:?}"
        );
    }
}

#[tokio::test]
async fn odd_headers_are_answered_by_a_problem() {
    let server = TestServer::start().await;
    for (name, value) in [
        ("authorization", &b"Bearer \xff\xfe"[..]),
        ("authorization", b"Bearer a.b.c"),
        ("authorization", b"bearer"),
        ("authorization", b"Basic %%%"),
        ("x-forwarded-for", b"nonsense"),
        ("host", b"\xff"),
        ("content-length", b"nonsense"),
        ("x-request-id", b"\xff"),
        ("cookie", b"ferrobyte_session=\xff; ;=;"),
    ] {
        let value = axum::http::HeaderValue::from_bytes(value).expect("a value");
        for path in ["/api/public/v1/workspaces", "/api/v1/applications/token"] {
            for method in [Method::GET, Method::POST] {
                let request = Request::builder()
                    .method(method)
                    .uri(path)
                    .header(name, &value);
                let answer = server
                    .nobody()
                    .ask(request.body(Body::from("{}")).expect("a request"))
                    .await;
                check(name, &answer);
            }
        }
    }
    let admin = server.admin().await;
    let answer: Value = admin.get("/workspaces").await.ok(200);
    assert!(answer["data"].is_array(), "and the server still works");
}
