//! The page about limits: every number on it is one of the code.

use ferrobyte::config::settings::SETTINGS;
use ferrobyte::domain::page::Page;
use ferrobyte::domain::{password, tag, text};

use crate::support::TestServer;

const PAGE: &str = include_str!("../../docs/limits.md");

/// The cells of the rows with so many of them.
fn rows(columns: usize) -> Vec<Vec<&'static str>> {
    let rows = PAGE
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let cells = rows.map(|row| row.split(" | ").collect::<Vec<_>>());
    cells
        .filter(|cells| cells.len() == columns && cells[0] != "what")
        .collect()
}

#[test]
fn the_page_tells_the_defaults_that_there_are() {
    let told = rows(3);
    assert!(told.len() > 20, "{told:?}");
    for row in told {
        let (default, key) = (row[1].trim_matches('`'), row[2].trim_matches('`'));
        let setting = SETTINGS.iter().find(|setting| setting.key == key);
        assert_eq!(
            setting.map(|setting| setting.default),
            Some(default),
            "{key}"
        );
    }
}

#[test]
fn the_page_tells_the_fixed_limits_that_there_are() {
    let told = rows(2);
    for (what, limit) in [
        ("Items of a page", "20, at most 100".to_owned()),
        ("Characters of a name", text::LONGEST_NAME.to_string()),
        ("Characters of a tag's name", tag::LONGEST_NAME.to_string()),
        ("Tags of a workspace", tag::MOST.to_string()),
        ("Characters of a password", "8 to 1024".to_owned()),
        (
            "Lines of a log in one answer",
            "500, at most 5000".to_owned(),
        ),
        ("Following a log, in minutes", "10".to_owned()),
        ("Characters of an `Idempotency-Key`", "255".to_owned()),
        ("Hours that such a key is remembered", "24".to_owned()),
        ("Bytes of an access token", "4096".to_owned()),
    ] {
        assert!(told.contains(&vec![what, &limit]), "{what}: {limit}");
    }
    assert_eq!((Page::USUAL, Page::LARGEST), (20, 100));
    assert_eq!((password::SHORTEST, password::LONGEST), (8, 1024));
    // What a file keeps to itself is read there.
    let logs = include_str!("../../src/http/public/job_details.rs");
    let keyed = include_str!("../../src/http/extract/keyed.rs");
    let once = include_str!("../../src/ops/once.rs");
    let callers = include_str!("../../src/access/callers.rs");
    for (source, line) in [
        (logs, "USUAL: u32 = 500;"),
        (logs, "MOST: u32 = 5000;"),
        (logs, "FOLLOWED: Duration = Duration::from_mins(10);"),
        (keyed, "LONGEST: usize = 255;"),
        (once, "KEPT: TimeDelta = TimeDelta::days(1);"),
        (callers, "LONGEST_TOKEN: usize = 4096;"),
    ] {
        assert!(source.contains(line), "{line}");
    }
}

#[tokio::test]
async fn the_documentation_of_a_server_tells_the_limits_in_effect() {
    let server = TestServer::with(&[
        ("server.body_limit", "4321"),
        ("server.request_timeout", "17s"),
    ])
    .await;
    let page = server.nobody().get("/api/public/v1").await;
    for limit in ["4321 bytes", "17 s", "20, at most 100", "60 a minute"] {
        assert!(page.text.contains(limit), "{limit}: {}", page.text);
    }
}
