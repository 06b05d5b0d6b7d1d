//! The imports between rooms, held against a table: a new direction is a decision, not an accident.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What each room may import of the others.
const TABLE: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("error", &[]),
    ("shutdown", &[]),
    ("domain", &["clock"]),
    ("telemetry", &["clock"]),
    // Parses values with the types that will use them.
    ("config", &["domain"]),
    (
        "store",
        &[
            "domain",
            "error",
            "clock",
            "access::granted",
            "access::policy",
        ],
    ),
    ("access", &["domain", "error", "clock", "store"]),
    // Facts about the language of connectors.
    ("protocol", &["domain"]),
    ("connector", &["clock", "domain", "error", "protocol"]),
    ("vault", &["clock", "domain", "error", "net"]),
    // Calls that the server itself makes to other hosts.
    ("net", &["domain", "error"]),
    // Facts about public connectors.
    ("registry", &["domain", "error", "protocol"]),
    (
        "engine",
        &[
            "clock",
            "connector",
            "domain",
            "error",
            "protocol",
            "shutdown",
            "store",
            "vault",
        ],
    ),
    (
        "app",
        &[
            "access",
            "clock",
            "config",
            "connector",
            "engine",
            "error",
            "net",
            "protocol",
            "shutdown",
            "store",
            "telemetry",
            "vault",
        ],
    ),
    (
        "ops",
        &[
            "access",
            "app",
            "clock",
            "config",
            "connector",
            "domain",
            "engine",
            "error",
            "net",
            "protocol",
            "registry",
            "store",
            "vault",
        ],
    ),
    // What both doors know of a request.
    ("request", &["app", "domain"]),
    (
        "http",
        &[
            "access", "app", "clock", "config", "domain", "error", "ops", "request", "shutdown",
            "store",
        ],
    ),
    (
        "web",
        &[
            "access",
            "app",
            "clock",
            "config",
            "domain",
            "error",
            "ops",
            "request",
            "store",
            "vault::configuration",
        ],
    ),
    (
        "cli",
        &[
            "access",
            "app",
            "clock",
            "config",
            "connector",
            "domain",
            "error",
            "http",
            "ops",
            "shutdown",
            "store",
            "telemetry",
            "web",
        ],
    ),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The room of a file: its folder below `src`, or its own name.
fn room(file: &Path) -> String {
    let below = file
        .strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
        .expect("below src");
    let first = below
        .components()
        .next()
        .expect("a name")
        .as_os_str()
        .to_string_lossy()
        .into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// What a file takes from the crate, as paths of up to two parts.
fn imports(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for part in text.split("crate::").skip(1) {
        if let Some(inside) = part.strip_prefix('{') {
            let names = inside.split('}').next().unwrap_or_default().split(',');
            found.extend(names.map(|name| {
                name.trim()
                    .split("::")
                    .take(2)
                    .collect::<Vec<_>>()
                    .join("::")
            }));
        } else {
            let path: String = part
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_' || *c == ':')
                .collect();
            found.insert(
                path.split("::")
                    .take(2)
                    .collect::<Vec<_>>()
                    .join("::")
                    .trim_end_matches(':')
                    .to_owned(),
            );
        }
    }
    found.retain(|path| !path.is_empty());
    found
}

#[test]
fn rooms_import_only_what_the_table_allows() {
    let mut files = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut files,
    );
    assert!(files.len() > 50, "{}", files.len());
    let mut wrong = Vec::new();
    for file in files {
        let room = room(&file);
        if room == "main" || room == "lib" {
            continue;
        }
        let (_, allowed) = TABLE
            .iter()
            .find(|(name, _)| *name == room)
            .unwrap_or_else(|| panic!("no row for {room}"));
        let text = std::fs::read_to_string(&file).expect("a file");
        for import in imports(&text) {
            let inside = import.split("::").next() == Some(room.as_str());
            let fits =
                |allowed: &&str| import == **allowed || import.starts_with(&format!("{allowed}::"));
            if !inside && !allowed.iter().any(fits) {
                wrong.push(format!("{}: {import}", file.display()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "not allowed by the table:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn only_the_store_speaks_to_the_database_and_only_the_door_knows_http() {
    let mut files = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut files,
    );
    for file in files {
        let (room, text) = (room(&file), std::fs::read_to_string(&file).expect("a file"));
        // The database that a connector speaks to is its user's and not ours.
        let of_users = file
            .to_string_lossy()
            .contains("src/connector/native/postgres/");
        if !of_users && !matches!(room.as_str(), "store" | "domain" | "http" | "web") {
            assert!(!text.contains("sqlx::query"), "{}", file.display());
        }
        if matches!(
            room.as_str(),
            "domain" | "store" | "access" | "ops" | "error" | "clock"
        ) {
            assert!(!text.contains("axum::"), "{}", file.display());
        }
    }
}
