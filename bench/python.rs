//! Python, for the parts that need it: connectors and programs of the package index, each in an environment
//! below `target` that stays for the next time.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use super::settings;

/// Where what was installed stays.
const KEPT: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/bench-python");

/// Why there is nothing here to make environments with, if so.
pub(crate) fn wanting() -> Option<String> {
    let look = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))";
    let there = Command::new("python3").args(["-c", look]).status();
    if there.is_ok_and(|status| status.success()) {
        return None;
    }
    Some(
        "It needs python3, 3.10 or newer, with venv: apt-get install python3 python3-venv"
            .to_owned(),
    )
}

/// A server's data directory in which the connectors that were installed before are there already.
pub(crate) fn furnished() -> Result<TempDir> {
    let folder = tempfile::Builder::new()
        .prefix("ferrobyte-bench-")
        .tempdir()?;
    let kept = Path::new(KEPT).join("environments");
    fs::create_dir_all(&kept)?;
    symlink(kept, folder.path().join("environments"))?;
    Ok(folder)
}

/// The command line of a connector that a server with a furnished directory has installed.
pub(crate) fn connector(package: &str, program: &str) -> Result<Command> {
    let kept = Path::new(KEPT).join("environments");
    let mine = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(package) && path.join("bin").join(program).exists()
    };
    let place = fs::read_dir(kept)?
        .flatten()
        .map(|entry| entry.path())
        .find(mine)
        .with_context(|| format!("{package} is not installed"))?;
    let mut command = Command::new(place.join("bin/python"));
    command
        .arg(place.join("bin").join(program))
        .env_clear()
        .envs(settings::of_python())
        // As the server has it.
        .env("PYTHONUNBUFFERED", "1")
        .env("DO_NOT_TRACK", "1");
    Ok(command)
}

/// The interpreter of an environment with these packages, in these very versions.
pub(crate) fn environment(name: &str, requirements: &Path) -> Result<PathBuf> {
    let place = Path::new(KEPT).join(name);
    let python = place.join("bin/python");
    let (wanted, mark) = (fs::read(requirements)?, place.join("installed"));
    if python.exists() && fs::read(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    eprintln!(
        "installing {} into {} ...",
        requirements.display(),
        place.display()
    );
    let run = |command: &mut Command| -> Result<()> {
        let done = command.output()?;
        let said = String::from_utf8_lossy(&done.stderr);
        let last = said.lines().last().unwrap_or_default();
        ensure!(done.status.success(), "{command:?}: {last}");
        Ok(())
    };
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&place))?;
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--requirement"])
        .arg(requirements))?;
    fs::write(mark, wanted)?;
    Ok(python)
}
