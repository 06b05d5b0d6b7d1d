//! A PostgreSQL of our own: the newest one that Debian installed, on a free loopback port, with its
//! data in a temporary folder. Started as root, it becomes the `postgres` user first, because
//! PostgreSQL refuses to run as root. Dropping it ends the processes and removes the folder.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;

/// Settings that differ from PostgreSQL's defaults. None of them makes a query cheaper: they keep
/// background work out of the measured rounds, and the seeding short.
pub(crate) const SETTINGS: [&str; 3] = [
    "autovacuum=off",
    "max_wal_size=8GB",
    "checkpoint_timeout=1h",
];

pub(crate) struct Postgres {
    folder: TempDir,
    child: Child,
    address: SocketAddr,
    pub(crate) version: String,
}

impl Postgres {
    pub(crate) fn start() -> Result<Self> {
        let programs = newest_programs()?;
        let folder = tempfile::Builder::new()
            .prefix("ferrobyte-bench-postgres-")
            .tempdir()?;
        let owner = owner(folder.path())?;
        let command = |name: &str| {
            let mut command = Command::new(programs.join(name));
            command
                .current_dir(folder.path())
                .env_clear()
                .env("LC_ALL", "C")
                .stdin(Stdio::null());
            if let Some((user, group)) = owner {
                command.uid(user).gid(group);
            }
            command
        };
        if let Some((user, group)) = owner {
            chown(folder.path(), Some(user), Some(group))?;
        }
        let data = folder.path().join("data");
        let made = command("initdb")
            .args([
                "--username=bench",
                "--auth=trust",
                "--encoding=UTF8",
                "--no-sync",
                "-D",
            ])
            .arg(&data)
            .output()?;
        ensure!(
            made.status.success(),
            "initdb: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        let version = command("postgres").arg("--version").output()?.stdout;
        let address = super::server::free_address()?;
        let log = folder.path().join("log");
        let child = command("postgres")
            .arg("-D")
            .arg(&data)
            .args([
                "-h",
                "127.0.0.1",
                "-k",
                "",
                "-p",
                &address.port().to_string(),
            ])
            .args(SETTINGS.iter().flat_map(|setting| ["-c", setting]))
            .stderr(fs::File::create(&log)?)
            .stdout(Stdio::null())
            // Its own process group, so that Ctrl-C reaches it through us and in our order.
            .process_group(0)
            .spawn()
            .context("starting PostgreSQL")?;
        let version = String::from_utf8_lossy(&version).trim().to_owned();
        let mut postgres = Self {
            folder,
            child,
            address,
            version,
        };
        postgres.wait_until_ready(&data.join("postmaster.pid"))?;
        Ok(postgres)
    }

    /// Makes an empty database and says how to reach it.
    pub(crate) async fn create(&self, name: &str) -> Result<String> {
        let mut db = PgConnection::connect(&self.url("postgres")).await?;
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut db)
            .await?;
        db.close().await?;
        Ok(self.url(name))
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://bench@{}/{database}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The eighth line of the pid file turns to `ready` when connections are accepted.
    fn wait_until_ready(&mut self, pid_file: &std::path::Path) -> Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(20) {
            let text = fs::read_to_string(pid_file).unwrap_or_default();
            if text
                .lines()
                .nth(7)
                .is_some_and(|state| state.trim() == "ready")
            {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                bail!("PostgreSQL ended with {status}: {log}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!("PostgreSQL was not ready within 20 seconds");
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // QUIT is PostgreSQL's immediate shutdown; nothing in this data is worth keeping.
        super::server::end(&mut self.child, "QUIT");
    }
}

fn newest_programs() -> Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .context("PostgreSQL is not installed: apt-get install postgresql")?;
    versions
        .flatten()
        .filter_map(|entry| {
            let number: u32 = entry.file_name().to_str()?.parse().ok()?;
            let programs = entry.path().join("bin");
            programs
                .join("initdb")
                .exists()
                .then_some((number, programs))
        })
        .max()
        .map(|(_, programs)| programs)
        .context("no PostgreSQL server under /usr/lib/postgresql: apt-get install postgresql")
}

/// Whom to become: nobody else, unless we are root.
fn owner(ours: &std::path::Path) -> Result<Option<(u32, u32)>> {
    if fs::metadata(ours)?.uid() != 0 {
        return Ok(None);
    }
    let accounts = fs::read_to_string("/etc/passwd")?;
    for wanted in ["postgres", "nobody"] {
        for line in accounts.lines() {
            let fields: Vec<&str> = line.split(':').collect();
            if let [name, _, user, group, ..] = fields[..]
                && name == wanted
            {
                return Ok(Some((user.parse()?, group.parse()?)));
            }
        }
    }
    bail!("neither a postgres nor a nobody account to run PostgreSQL as")
}
