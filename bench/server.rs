//! The programs under measurement as child processes: our server, and the floor. Each listens on a
//! free loopback port, inherits nothing from the environment of whoever runs the benchmark, and
//! ends when its value is dropped.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::load::{self, Request};

/// The binary that this very `cargo bench` has built.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_ferrobyte");

/// How our server is set up, besides its port. The report prints these words.
pub(crate) const SETTINGS: [(&str, &str); 6] = [
    ("FERROBYTE_THROTTLE", "off"),
    (
        "FERROBYTE_JWT_SECRET",
        "the-signing-secret-of-the-benchmark-48-characters",
    ),
    ("FERROBYTE_ADMIN_EMAIL", "admin@bench.example"),
    ("FERROBYTE_ADMIN_PASSWORD", "the password of the benchmark"),
    (
        "FERROBYTE_ADMIN_CLIENT_ID",
        "b0000000-0000-4000-8000-000000000001",
    ),
    (
        "FERROBYTE_ADMIN_CLIENT_SECRET",
        "the-client-secret-of-the-benchmark-0001",
    ),
];

/// Where a server keeps its data: always a folder, and a PostgreSQL database if there is one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Home<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) database_url: Option<&'a str>,
    /// The level given as `FERROBYTE_LOG`; without it the server's own default holds.
    pub(crate) log: Option<&'a str>,
    /// What else our server finds in its environment.
    pub(crate) more: &'a [(String, String)],
}

impl Home<'_> {
    /// What the floor is told to open.
    pub(crate) fn database(&self) -> String {
        match self.database_url {
            Some(url) => url.to_owned(),
            None => self.folder.join("ferrobyte.db").display().to_string(),
        }
    }
}

pub(crate) struct Running {
    child: Child,
    pub(crate) address: SocketAddr,
    /// From the moment before the process was made to the first 200.
    pub(crate) first_answer_after: Duration,
}

impl Running {
    pub(crate) async fn server(home: Home<'_>) -> Result<Self> {
        let address = free_address()?;
        let mut command = Command::new(BINARY);
        command
            .arg("serve")
            .current_dir(home.folder)
            .env_clear()
            .envs(SETTINGS)
            .env("FERROBYTE_LISTEN", address.to_string())
            .env("FERROBYTE_DATA_DIR", home.folder)
            .envs(home.more.iter().map(|(name, value)| (name, value)));
        if let Some(url) = home.database_url {
            command.env("DATABASE_URL", url);
        }
        if let Some(level) = home.log {
            command.env("FERROBYTE_LOG", level);
        }
        Self::spawn(command, address, "/health", &home.folder.join("server.log")).await
    }

    pub(crate) async fn floor(home: Home<'_>, pool: u32) -> Result<Self> {
        let address = free_address()?;
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg("floor")
            .arg(address.to_string())
            .arg(home.database())
            .arg(pool.to_string());
        command.env_clear();
        Self::spawn(command, address, "/hello", &home.folder.join("floor.log")).await
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    async fn spawn(
        mut command: Command,
        address: SocketAddr,
        path: &str,
        log: &Path,
    ) -> Result<Self> {
        let output = File::options().create(true).append(true).open(log)?;
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        let request = Request::get(path, None);
        let begun = Instant::now();
        let child = command
            .spawn()
            .with_context(|| format!("starting {command:?}"))?;
        let mut running = Self {
            child,
            address,
            first_answer_after: Duration::ZERO,
        };
        while begun.elapsed() < Duration::from_mins(1) {
            if load::once(address, &request).await.is_ok() {
                running.first_answer_after = begun.elapsed();
                return Ok(running);
            }
            if let Some(status) = running.child.try_wait()? {
                let log = std::fs::read_to_string(log).unwrap_or_default();
                bail!("{command:?} ended with {status}: {log}");
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        bail!("no 200 from {path} within a minute; log: {}", log.display());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        end(&mut self.child, "TERM");
    }
}

pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Sends the signal, waits ten seconds, and then insists.
pub(crate) fn end(child: &mut Child, signal: &str) {
    let pid = child.id().to_string();
    let _ = Command::new("sh")
        .args(["-c", "kill -s \"$1\" \"$2\"", "sh", signal, &pid])
        .status();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(10) {
        if matches!(child.try_wait(), Ok(Some(_))) {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    let _ = child.wait();
}
