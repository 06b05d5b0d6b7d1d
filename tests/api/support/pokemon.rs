//! A small server in the shape of the public API of pokemon, on loopback, and a manifest for it.
//!
//! The package `airbyte-source-pokeapi` is no more than a manifest and the generic runner of its time, and its
//! address is fixed on the public internet. So the manifest here is one of our own: the same stream with the same
//! key and fields, an address that is configured, a token, and a second stream that comes in pages.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};

use serde_json::{Value, json};

/// The token that the server knows.
pub const TOKEN: &str = "right";

/// How many names there are: not a whole number of pages.
const NAMES: usize = 250;

pub fn manifest() -> Value {
    let text = include_str!("../../fixtures/pokemon-manifest.json");
    serde_json::from_str(text).expect("JSON")
}

/// The one pokemon that is known, as it is served.
pub fn ditto() -> Value {
    json!({
        "id": 132, "name": "ditto", "base_experience": 101, "height": 3, "weight": 40, "order": 214,
        "is_default": true,
        "abilities": [
            { "ability": { "name": "limber", "url": "/ability/7" }, "is_hidden": false, "slot": 1 },
            { "ability": { "name": "imposter", "url": "/ability/150" }, "is_hidden": true, "slot": 3 },
        ],
        "species": { "name": "ditto", "url": "/pokemon-species/132" },
    })
}

/// Everything that the list holds, in its order.
pub fn names() -> Vec<Value> {
    let one = |id| json!({ "name": format!("é-{id:03} \"quoted\", \\ too"), "url": format!("/pokemon/{id}") });
    (1..=NAMES).map(one).collect()
}

/// Starts the server, which lasts as long as the tests, and gives its address.
pub fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || serve(stream));
        }
    });
    format!("http://{address}")
}

fn serve(mut stream: TcpStream) {
    let mut lines = BufReader::new(stream.try_clone().expect("a copy")).lines();
    while let Some(Ok(request)) = lines.next() {
        let head: Vec<_> = lines
            .by_ref()
            .map_while(Result::ok)
            .take_while(|line| !line.is_empty())
            .collect();
        let known = head.contains(&format!("Authorization: Bearer {TOKEN}"));
        let (status, body) = answer(known, request.split(' ').nth(1).unwrap_or_default());
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn answer(known: bool, target: &str) -> (&'static str, String) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let parameter = |name: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let found = pairs.find(|(key, _)| key == name)?;
        found.1.parse::<usize>().ok()
    };
    match (known, path) {
        (false, _) => ("401 Unauthorized", "{}".to_owned()),
        (true, "/pokemon/ditto") => ("200 OK", ditto().to_string()),
        (true, "/pokemon") => {
            let (offset, limit) = (parameter("offset"), parameter("limit"));
            let page = names().into_iter().skip(offset.unwrap_or(0));
            let page: Vec<_> = page.take(limit.unwrap_or(20)).collect();
            let body = json!({ "count": NAMES, "results": page });
            ("200 OK", body.to_string())
        }
        _ => ("404 Not Found", "{}".to_owned()),
    }
}
