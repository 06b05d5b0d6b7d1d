//! Makes an environment: with `uv` where there is one, else with `venv` and `pip`.
//!
//! Which Python a package works with cannot be learned from what it declares: old ones promise more
//! than they hold. So the newest is tried first, and each is believed only when the connector has
//! answered `spec`. The first round takes ready-made wheels only, because compiling a dependency for
//! a Python that is too new can take half an hour, and usually an older one has them; a second round
//! compiles. An environment cannot be moved once it is made: it is made in its place, and a marker is
//! written last; without the marker it is swept away.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use tokio::net::unix::pipe::Receiver;
use tokio::time::{Instant, timeout_at};

use super::entry::Installed;
use super::environments::{Progress, of_package};
use super::interpreters::{self, Interpreter};
use super::package::Package;
use super::{index, verify};
use crate::connector::launcher::Settings;
use crate::connector::process::child::{self, Child};
use crate::connector::process::directory::RunDirectory;
use crate::connector::process::environment::Environment;
use crate::connector::process::lines::{Line, Lines, Tail};
use crate::connector::process::{Input, Order};
use crate::connector::{Cause, Failure};

/// How long a fresh connector may take to print its specification, which compiles it on the way.
const VERIFY: std::time::Duration = std::time::Duration::from_mins(3);

/// Installs a package with the newest Python that it works with.
pub(super) async fn install(
    settings: &Settings,
    package: &Package,
    folder: &Path,
    progress: &Progress,
) -> Result<Installed, Failure> {
    let mut left = interpreters::find(settings).await;
    if left.is_empty() {
        return Err(Failure::missing(format!(
            "{package} needs Python 3.10 to 3.13, and none was found on this machine"
        )));
    }
    for rest in of_package(settings, package) {
        remove(rest).await;
    }
    let work = Work {
        settings,
        package,
        folder,
        progress,
        uv: uv(settings),
        until: Instant::now() + settings.install_timeout,
    };
    let tried = left.clone();
    let mut refusals: Vec<Refusal> = Vec::new();
    for compile in [false, true] {
        let mut open = Vec::new();
        for interpreter in left {
            match work.attempt(&interpreter, compile).await {
                Ok(installed) => return Ok(installed),
                Err(refusal) if refusal.last => return Err(work.failure(&tried, vec![refusal])),
                Err(refusal) => {
                    // What does not run will not run better when it is compiled here.
                    if refusal.wanted.is_none() && !refusal.installed {
                        open.push(interpreter);
                    }
                    refusals.push(refusal);
                }
            }
        }
        left = open;
    }
    Err(work.failure(&tried, refusals))
}

struct Work<'a> {
    settings: &'a Settings,
    package: &'a Package,
    folder: &'a Path,
    progress: &'a Progress,
    uv: Option<PathBuf>,
    until: Instant,
}

/// Why one interpreter did not do.
#[derive(Debug, Default)]
struct Refusal {
    cause: Option<Cause>,
    message: String,
    log: Vec<String>,
    /// The Python that the package wants, if that was the reason.
    wanted: Option<String>,
    /// Whether it was installed, but did not work.
    installed: bool,
    /// Whether there is no use in trying others.
    last: bool,
}

impl Work<'_> {
    async fn attempt(
        &self,
        interpreter: &Interpreter,
        compile: bool,
    ) -> Result<Installed, Refusal> {
        let name = format!("{}-py3.{}", self.package.folder(), interpreter.minor);
        let environment = self.folder.join(name);
        let outcome = self.make(interpreter, &environment, compile).await;
        if outcome.is_err() {
            remove(environment).await;
        }
        outcome
    }

    async fn make(
        &self,
        interpreter: &Interpreter,
        environment: &Path,
        compile: bool,
    ) -> Result<Installed, Refusal> {
        self.progress.line(&format!(
            "installing {} with Python 3.{}",
            self.package, interpreter.minor
        ));
        for command in self.commands(interpreter, environment, compile) {
            self.run(command).await?;
        }
        let broken = |message: String| Refusal {
            message,
            installed: true,
            ..Refusal::default()
        };
        let installed =
            Installed::look_up(environment, self.package).map_err(|message| Refusal {
                last: true,
                ..broken(message)
            })?;
        self.progress.line("asking it for its specification");
        verify(self.settings, &installed, Instant::now() + VERIFY)
            .await
            .map_err(|failure| Refusal {
                log: failure.log,
                ..broken(failure.message)
            })?;
        installed.mark().map_err(|error| Refusal {
            last: true,
            ..broken(error.to_string())
        })?;
        Ok(installed)
    }

    /// The commands that make an environment and put the package into it.
    fn commands(
        &self,
        interpreter: &Interpreter,
        environment: &Path,
        compile: bool,
    ) -> Vec<Vec<OsString>> {
        let python = interpreter.path.as_os_str();
        let inside = environment.join("bin/python");
        let requirement = OsString::from(self.package.requirement());
        let words =
            |words: &[&str]| -> Vec<OsString> { words.iter().map(OsString::from).collect() };
        if let Some(uv) = &self.uv {
            let uv = uv.as_os_str();
            let make = [
                &[uv.into()],
                &words(&["venv", "--no-config", "--python"])[..],
                &[python.into(), environment.into()],
            ]
            .concat();
            let mut put = [
                &[uv.into()],
                &words(&["pip", "install", "--python"])[..],
                &[inside.into()],
            ]
            .concat();
            if !compile {
                put.push("--no-build".into());
            }
            put.push(requirement);
            return vec![make, put];
        }
        let make = [
            &[python.into()],
            &words(&["-m", "venv"])[..],
            &[environment.into()],
        ]
        .concat();
        let mut put = [
            &[inside.into()],
            &words(&["-m", "pip", "install", "--no-input", "--no-compile"])[..],
        ]
        .concat();
        if !compile {
            put.extend(words(&["--only-binary", ":all:"]));
        }
        put.push(requirement);
        vec![make, put]
    }

    /// Runs an installer to its end.
    async fn run(&self, command: Vec<OsString>) -> Result<(), Refusal> {
        let broken = |failure: Failure| Refusal {
            message: format!("{}: {}", failure.message, failure.story),
            last: true,
            ..Refusal::default()
        };
        let directory = RunDirectory::create(&self.settings.runs())
            .map_err(|error| broken(Failure::broken("no private directory", error)))?;
        let environment = self.environment(&directory);
        let order = Order {
            command,
            environment,
            directory,
            memory: None,
            group: None,
            input: Input::Nothing,
        };
        let Child {
            output,
            errors,
            mut life,
            ..
        } = child::start(order, &self.settings.supervisor)
            .await
            .map_err(broken)?;
        let pipes = (
            Receiver::from_owned_fd(output.into()),
            Receiver::from_owned_fd(errors.into()),
        );
        let (Ok(output), Ok(errors)) = pipes else {
            return Err(broken(Failure::broken(
                "the installer's pipes",
                "cannot be read",
            )));
        };
        let (mut output, mut errors) = (Lines::new(output, 1 << 20), Lines::new(errors, 1 << 20));
        let mut log = Tail::default();
        let hear = async {
            let (mut printing, mut logging) = (true, true);
            while printing || logging {
                let line = tokio::select! {
                    line = output.next(), if printing => { printing = matches!(line, Ok(Some(_))); line }
                    line = errors.next(), if logging => { logging = matches!(line, Ok(Some(_))); line }
                };
                if let Ok(Some(Line::Whole(line) | Line::Unfinished(line))) = line {
                    let line = index::without_passwords(&String::from_utf8_lossy(&line));
                    self.progress.line(line.trim());
                    log.push(&line);
                }
            }
            life.wait().await
        };
        match timeout_at(self.until, hear).await {
            Ok(exit) if exit.code == Some(0) => Ok(()),
            Ok(_) => Err(refusal(log)),
            Err(_) => Err(Refusal {
                cause: Some(Cause::Deadline),
                message: "the installation took longer than allowed".to_owned(),
                log: log.into_lines(),
                last: true,
                ..Refusal::default()
            }),
        }
    }

    /// The installer's environment: the operator's, with a place for temporary files that goes away.
    fn environment(&self, directory: &RunDirectory) -> Environment {
        let mut environment = self.settings.installer.clone();
        environment.set("TMPDIR", directory.path().join("tmp"));
        environment.set_default("HOME", directory.path().join("home"));
        environment.set_default("PIP_DISABLE_PIP_VERSION_CHECK", "1");
        if self.uv.is_some() {
            index::translate(&mut environment);
            environment.set_default("UV_PYTHON_DOWNLOADS", "never");
            environment.set_default("UV_NO_PROGRESS", "1");
        }
        environment
    }

    /// What to say when nothing did.
    fn failure(&self, tried: &[Interpreter], mut refusals: Vec<Refusal>) -> Failure {
        let package = self.package;
        let found: Vec<_> = tried.iter().map(ToString::to_string).collect();
        let found = found.join(", ");
        let wanted = refusals.iter().find_map(|refusal| refusal.wanted.clone());
        if let (Some(wanted), true) = (
            wanted,
            refusals.iter().all(|refusal| refusal.wanted.is_some()),
        ) {
            return Failure::missing(format!(
                "{package} wants Python {wanted}; found here: {found}. Install one that fits, or name it in \
                 connectors.pythons"
            ));
        }
        // One that was installed and did not run says more than one that was not installed.
        refusals.sort_by_key(|refusal| (refusal.wanted.is_some(), !refusal.installed));
        let told = refusals.into_iter().next().unwrap_or_default();
        Failure {
            cause: told.cause.unwrap_or(Cause::Missing),
            message: format!("{package} cannot be installed: {}", told.message),
            story: format!("tried with Python {found}"),
            log: told.log,
        }
    }
}

/// Reads an installer's log for the reason.
fn refusal(log: Tail) -> Refusal {
    const UNREACHABLE: &[&str] = &[
        "error sending request",
        "failed to fetch",
        "connection",
        "timed out",
        "name resolution",
        "dns error",
    ];
    const UNKNOWN: &[&str] = &[
        "was not found in the package registry",
        "there is no version of",
    ];
    let lines = log.into_lines();
    let text = lines.join("\n");
    let lower = text.to_lowercase();
    let wanted = wanted_python(&text);
    let unknown = wanted.is_none() && UNKNOWN.iter().any(|sign| lower.contains(sign));
    let unreachable = !unknown && UNREACHABLE.iter().any(|sign| lower.contains(sign));
    let message = lines
        .iter()
        .rev()
        .map(|line| line.trim_start_matches([' ', '×', '╰', '─', '▶']).trim())
        .find(|line| !line.is_empty() && !line.starts_with("hint:"))
        .unwrap_or("the installer failed and said nothing");
    Refusal {
        cause: unreachable.then_some(Cause::Transient),
        message: message.to_owned(),
        wanted,
        last: unknown || unreachable,
        log: lines,
        installed: false,
    }
}

/// The Python that a package wants, when an installer refused for it.
fn wanted_python(text: &str) -> Option<String> {
    let signs = [
        "Requires-Python ",
        "requires Python ",
        "does not satisfy Python",
        "requires a different Python: ",
    ];
    let rest = signs
        .iter()
        .find_map(|sign| text.find(sign).map(|at| &text[at + sign.len()..]))?;
    // "3.11.7 not in '>=3.12'"
    let rest = rest
        .split_once(" not in '")
        .map_or(
            rest,
            |(version, wanted)| {
                if version.contains('\n') { rest } else { wanted }
            },
        );
    let end = rest
        .find(|c: char| !(c.is_ascii_digit() || "<>=!~.*, ".contains(c)))
        .unwrap_or(rest.len());
    let wanted = rest[..end].trim_matches([' ', ',', '.']);
    (!wanted.is_empty()).then(|| wanted.to_owned())
}

/// Where `uv` is, if it is anywhere.
fn uv(settings: &Settings) -> Option<PathBuf> {
    if let Some(uv) = &settings.uv {
        return Some(uv.clone());
    }
    let folders = interpreters::folders(settings).into_iter();
    folders
        .map(|folder| folder.join("uv"))
        .find(|path| path.is_file())
}

/// Half a gigabyte of small files takes a while.
async fn remove(environment: PathBuf) {
    let removal = tokio::task::spawn_blocking(move || {
        match std::fs::remove_dir_all(&environment) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(path = %environment.display(), %error, "an unfinished environment stays");
            }
            _ => {}
        }
    });
    let _ = removal.await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_python_that_is_wanted_is_read_from_what_installers_say() {
        for (text, wanted) in [
            (
                "Because the current Python version (3.13.0) does not satisfy Python>=3.10,<3.13 and x",
                Some(">=3.10,<3.13"),
            ),
            (
                "Because airbyte-source-scripted==4.0 requires Python >=3.99 and you require it",
                Some(">=3.99"),
            ),
            (
                "Ignored the following versions that require a different python version: 7.2.1 Requires-Python \
                 <3.13,>=3.10; 7.2.0",
                Some("<3.13,>=3.10"),
            ),
            (
                "Package 'x' requires a different Python: 3.11.7 not in '>=3.99'",
                Some(">=3.99"),
            ),
            ("No matching distribution found for x==1", None),
        ] {
            assert_eq!(wanted_python(text).as_deref(), wanted, "{text}");
        }
    }
}
