//! Where the figures come from: the machine, the versions and the settings. Without them a figure
//! says little.

use std::fs;
use std::process::Command;

use super::postgres;
use super::server;
use super::settings::{Engine, Settings};

/// `machine` was read before the rounds.
pub(crate) fn print(settings: &Settings, machine: &str, versions: &[String]) {
    println!("Machine   {machine}");
    for version in versions {
        println!("Versions  {version}");
    }
    println!(
        "Rounds    {} of {:?} per side in turns of a quarter of a second, {} keep-alive \
         connections from one thread on the same machine",
        settings.rounds, settings.length, settings.connections
    );
    let log = settings
        .log
        .as_deref()
        .unwrap_or("the server's default level");
    println!(
        "Server    FERROBYTE_THROTTLE=off, log: {log}, written to a file; otherwise as shipped"
    );
    println!(
        "Floor     bare axum on sqlx, pool of {} on PostgreSQL and {} on SQLite, same compiler profile and \
         database",
        settings.pool(Engine::Postgres),
        settings.pool(Engine::Sqlite)
    );
    println!("Database  PostgreSQL with {}", postgres::SETTINGS.join(" "));
    if cfg!(debug_assertions) {
        println!("WARNING   a development build: these figures say nothing about the product");
    }
    println!();
}

/// The processors, the memory, the kernel, and how busy the machine is just now.
pub(crate) fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let (cpus, memory) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
    let models: Vec<&str> = cpus
        .lines()
        .filter_map(|line| {
            line.strip_prefix("model name")?
                .split_once(": ")
                .map(|(_, name)| name)
        })
        .collect();
    let gibibytes = memory
        .lines()
        .find_map(|line| {
            line.strip_prefix("MemTotal:")?
                .trim()
                .strip_suffix("kB")?
                .trim()
                .parse()
                .ok()
        })
        .map_or(0, |kibibytes: u64| kibibytes >> 20);
    format!(
        "{} x {}, {gibibytes} GiB, Linux {}, load average {}",
        models.len(),
        models.first().unwrap_or(&"unknown processor"),
        read("/proc/sys/kernel/osrelease").trim(),
        read("/proc/loadavg")
            .split(' ')
            .take(3)
            .collect::<Vec<_>>()
            .join(" "),
    )
}

/// The first line that a program says, or nothing when it cannot be run.
pub(crate) fn first_line(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    text.unwrap_or_default()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// Ours: the commit (with a mark when the tree was changed), the compiler, SQLite.
pub(crate) fn versions(sqlite: &str) -> Vec<String> {
    vec![format!(
        "{} at {}, {}, SQLite {sqlite}",
        server::BINARY.rsplit('/').next().unwrap_or_default(),
        first_line("git", &["describe", "--always", "--dirty"]),
        first_line("rustc", &["--version"]),
    )]
}
