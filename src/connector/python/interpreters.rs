//! Which Pythons this machine has: on the path, and where version managers put them. A name on the
//! path may be a stub that runs nothing, so each one is asked for its version.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use crate::connector::launcher::Settings;

/// An interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interpreter {
    pub(super) minor: u32,
    pub(super) path: PathBuf,
}

/// What connectors can be made for, the newest first.
const MINORS: [u32; 4] = [13, 12, 11, 10];

const ASK: &str = "import sys; print(sys.version_info[0], sys.version_info[1], sys.executable)";

impl std::fmt::Display for Interpreter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "3.{} ({})", self.minor, self.path.display())
    }
}

/// One interpreter of each version, the newest first.
pub(super) async fn find(settings: &Settings) -> Vec<Interpreter> {
    let mut found: Vec<Interpreter> = Vec::new();
    for candidate in candidates(settings) {
        if let Some(interpreter) = examine(&candidate).await
            && MINORS.contains(&interpreter.minor)
            && !found.iter().any(|known| known.minor == interpreter.minor)
        {
            found.push(interpreter);
        }
        if found.len() == MINORS.len() {
            break;
        }
    }
    found.sort_by_key(|interpreter| std::cmp::Reverse(interpreter.minor));
    found
}

fn candidates(settings: &Settings) -> Vec<PathBuf> {
    let names: Vec<String> = if settings.pythons.is_empty() {
        let versions = MINORS.map(|minor| format!("python3.{minor}"));
        versions.into_iter().chain(["python3".to_owned()]).collect()
    } else {
        settings.pythons.clone()
    };
    let folders = folders(settings);
    let mut found = Vec::new();
    for name in names {
        // A path stands for itself, also below a folder: joining an absolute path gives that path.
        found.extend(
            folders
                .iter()
                .map(|folder| folder.join(&name))
                .filter(|path| path.is_file()),
        );
    }
    found.dedup();
    found
}

/// Where programs are looked for.
pub(super) fn folders(settings: &Settings) -> Vec<PathBuf> {
    let path = settings
        .installer
        .get("PATH")
        .unwrap_or("/usr/local/bin:/usr/bin:/bin");
    let mut folders: Vec<PathBuf> = std::env::split_paths(path).collect();
    if let Some(home) = settings.installer.get("HOME").map(Path::new) {
        folders.push(home.join(".local/bin"));
        for managed in [".pyenv/versions", ".local/share/uv/python"] {
            let versions = std::fs::read_dir(home.join(managed)).into_iter().flatten();
            folders.extend(versions.flatten().map(|version| version.path().join("bin")));
        }
    }
    folders
}

async fn examine(path: &Path) -> Option<Interpreter> {
    let output = tokio::process::Command::new(path)
        .args(["-I", "-c", ASK])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(10), output)
        .await
        .ok()?
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut parts = text.trim().splitn(3, ' ');
    let (major, minor, path) = (parts.next()?, parts.next()?, parts.next()?);
    (output.status.success() && major == "3").then_some(Interpreter {
        minor: minor.parse().ok()?,
        path: PathBuf::from(path),
    })
}
