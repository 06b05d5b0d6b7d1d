//! What tests of Python connectors need: interpreters, `uv`, wheels of small connectors made here.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use ferrobyte::config::resolve::Given;
use ferrobyte::connector::process::environment::Environment;
use ferrobyte::connector::{Limits, Settings, Target};
use ferrobyte::domain::definition::{Kind, Runtime};
use tempfile::TempDir;

use super::PROGRAM;
use super::engine::is_postgres;

/// A package with a scripted connector.
#[derive(Debug, Clone, Copy)]
pub struct Wheel {
    pub version: &'static str,
    pub requires: &'static str,
    /// What it does when it is imported.
    pub at_import: &'static str,
}

pub const PACKAGE: &str = "airbyte-source-scripted";

/// A data directory of its own, and an index that is a folder of wheels.
pub struct Workshop {
    place: TempDir,
}

impl Workshop {
    /// Nothing where these tests have no place: without Python, or when the suite is about PostgreSQL,
    /// which they do not use.
    pub fn with(wheels: &[Wheel]) -> Option<Self> {
        if is_postgres() || !there() {
            return None;
        }
        let place = tempfile::tempdir().expect("a directory");
        let connectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/connectors");
        let scripted = std::fs::read_to_string(connectors.join("scripted.py")).expect("read");
        let folder = place.path().join("wheels");
        std::fs::create_dir(&folder).expect("made");
        for wheel in wheels {
            let module = place.path().join("module.py");
            let (doc, rest) = scripted.split_once("\n\n").expect("a first paragraph");
            std::fs::write(&module, format!("{doc}\n{}\n\n{rest}", wheel.at_import))
                .expect("written");
            let made = Command::new("python3")
                .arg(connectors.join("make_wheel.py"))
                .arg(&folder)
                .args([PACKAGE, wheel.version, wheel.requires])
                .arg(&module)
                .status();
            assert!(made.expect("python3 runs").success());
        }
        Some(Self { place })
    }

    pub fn data(&self) -> PathBuf {
        self.place.path().join("data")
    }

    pub fn note(&self) -> PathBuf {
        self.place.path().join("note")
    }

    /// Settings that know no index but the folder of wheels, as an operator sets it for `pip`.
    pub fn settings(&self) -> Settings {
        let mut settings = settings(&self.data());
        settings.installer.set("PIP_NO_INDEX", "1");
        settings
            .installer
            .set("PIP_FIND_LINKS", self.place.path().join("wheels"));
        settings
    }

    /// The environments that are there, by name.
    pub fn environments(&self) -> Vec<String> {
        let entries = self
            .data()
            .join("environments")
            .read_dir()
            .into_iter()
            .flatten();
        let mut names: Vec<_> = entries
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .filter(|name| {
                Path::new(name)
                    .extension()
                    .is_none_or(|ending| ending != "lock")
            })
            .collect();
        names.sort();
        names
    }
}

/// Makes a wheel of a script in `tests/connectors`, in a folder that `pip` then takes for its index.
pub fn wheel(folder: &Path, package: &str, script: &str) {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/connectors");
    let made = Command::new("python3")
        .arg(scripts.join("make_wheel.py"))
        .arg(folder)
        .args([package, "1.0", ">=3.10"])
        .arg(scripts.join(script))
        .status();
    assert!(made.expect("python3 runs").success());
}

/// Whether this machine has what it takes.
pub fn there() -> bool {
    static THERE: OnceLock<bool> = OnceLock::new();
    *THERE.get_or_init(|| {
        let look = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))";
        let there = Command::new("python3").args(["-c", look]).status();
        let there = there.is_ok_and(|status| status.success());
        if !there {
            eprintln!(
                "\n*** SKIPPED: Python connectors. They need python3, 3.10 or newer, with venv (apt-get install \
                 python3-venv). ***\n"
            );
        }
        there
    })
}

/// A variable of this process, for programs that need it.
pub fn variable(name: &str) -> String {
    Given::process_environment()
        .remove(name)
        .unwrap_or_default()
}

/// The usual settings of tests, below this directory.
pub fn settings(data: &Path) -> Settings {
    let environment: HashMap<_, _> = Given::process_environment();
    Settings {
        supervisor: PROGRAM.into(),
        environment: Environment::for_connectors(&environment, &[]),
        installer: Environment::for_installers(&environment),
        uv: Some(uv().to_owned()),
        ..Settings::below(data)
    }
}

/// The scripted connector in this version.
pub fn scripted(version: &str) -> Target {
    package(PACKAGE, version)
}

pub fn package(package: &str, version: &str) -> Target {
    Target {
        kind: Kind::Source,
        runtime: Runtime::Python {
            package: package.to_owned(),
            version: version.to_owned(),
        },
        repository: String::new(),
        tag: String::new(),
        manifest: None,
        limits: Limits::default(),
    }
}

/// `uv`, from the package index when this machine has none; kept for the next time.
pub fn uv() -> &'static Path {
    static UV: OnceLock<PathBuf> = OnceLock::new();
    UV.get_or_init(|| {
        let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tools");
        let uv = tools.join("bin/uv");
        if !uv.is_file() {
            let run = |command: &mut Command| {
                let output = command.output().expect("python3 runs");
                assert!(
                    output.status.success(),
                    "uv cannot be installed: {output:?}"
                );
            };
            run(Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&tools));
            run(Command::new(tools.join("bin/pip")).args(["install", "--quiet", "uv"]));
        }
        uv
    })
}

/// Waits until something is so.
pub async fn soon(what: &str, is: impl Fn() -> bool) {
    let began = std::time::Instant::now();
    while !is() {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "not within 20 s: {what}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
