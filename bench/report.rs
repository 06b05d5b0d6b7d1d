//! The figures in words: medians, ratios, and how they stand to the targets. Prints to standard
//! output and nowhere else.

use std::fs;
use std::process::Command;

use super::cases::Targets;
use super::postgres;
use super::server;
use super::settings::Settings;

/// What one side cost in one round.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    pub program_us: f64,
    pub database_us: f64,
    pub per_second: f64,
}

impl Sample {
    fn total(&self) -> f64 {
        self.program_us + self.database_us
    }
}

/// All rounds of one case on one engine: ours and what it is held against, round by round.
pub struct Outcome {
    pub name: &'static str,
    pub says: &'static str,
    pub engine: &'static str,
    pub targets: Option<Targets>,
    pub rounds: Vec<(Sample, Sample)>,
}

/// A figure that is not a ratio, such as milliseconds or bytes.
pub struct Value {
    pub says: String,
    pub engine: &'static str,
    pub unit: &'static str,
    pub figures: Vec<f64>,
    pub targets: Option<Targets>,
}

/// Where the figures come from; without it they say little. `machine` was read before the rounds.
pub fn print_circumstances(settings: &Settings, machine: &str, versions: &[String]) {
    println!("Machine   {machine}");
    for version in versions {
        println!("Versions  {version}");
    }
    println!(
        "Rounds    {} alternating rounds of {:?} (and half a second of warm-up) per side, {} \
         keep-alive connections from one thread on the same machine",
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
        "Floor     bare axum on sqlx, pool of {}, same compiler profile, same database",
        settings.pool
    );
    println!("Database  PostgreSQL with {}", postgres::SETTINGS.join(" "));
    if cfg!(debug_assertions) {
        println!("WARNING   a development build: these figures say nothing about the product");
    }
    println!();
}

pub fn print_outcomes(outcomes: &[Outcome]) {
    println!(
        "CPU in µs per request as total = program + database processes, medians of the rounds."
    );
    println!(
        "Ratio: median of the rounds' ratios (lowest–highest). Requests per second only inform."
    );
    println!();
    println!(
        "{:<18} {:<8} {:>24} {:>24} {:>20} {:>5} {:>5}  {:<32} {:>15}",
        "case", "engine", "ours µs", "against µs", "ratio", "must", "aim", "verdict", "req/s"
    );
    for outcome in outcomes {
        let (ours, against): (Vec<Sample>, Vec<Sample>) = outcome.rounds.iter().copied().unzip();
        let ratios: Vec<f64> = outcome
            .rounds
            .iter()
            .map(|(ours, against)| ours.total() / against.total())
            .collect();
        let spread = Spread::of(&ratios);
        println!(
            "{:<18} {:<8} {:>24} {:>24} {:>20} {:>5} {:>5}  {:<32} {:>15}",
            outcome.name,
            outcome.engine,
            cost(&ours),
            cost(&against),
            format!(
                "{:.2} ({:.2}–{:.2})",
                spread.median, spread.lowest, spread.highest
            ),
            outcome
                .targets
                .map_or("-".into(), |targets| format!("{:.2}", targets.must)),
            outcome
                .targets
                .map_or("-".into(), |targets| format!("{:.2}", targets.aim)),
            verdict(&spread, outcome.targets),
            format!(
                "{:.0} / {:.0}",
                median_of(&ours, |s| s.per_second),
                median_of(&against, |s| s.per_second)
            ),
        );
    }
    println!();
    let mut named = Vec::new();
    for outcome in outcomes {
        if !named.contains(&outcome.name) {
            named.push(outcome.name);
            println!("{:<18} {}", outcome.name, outcome.says);
        }
    }
    println!();
}

pub fn print_values(values: &[Value]) {
    if values.is_empty() {
        return;
    }
    println!(
        "{:<44} {:<8} {:>26} {:>5} {:>5}  verdict",
        "value", "engine", "median (lowest–highest)", "must", "aim"
    );
    for value in values {
        let spread = Spread::of(&value.figures);
        println!(
            "{:<44} {:<8} {:>26} {:>5} {:>5}  {}",
            value.says,
            value.engine,
            format!(
                "{:.1} ({:.1}–{:.1}) {}",
                spread.median, spread.lowest, spread.highest, value.unit
            ),
            value
                .targets
                .map_or("-".into(), |targets| format!("{}", targets.must)),
            value
                .targets
                .map_or("-".into(), |targets| format!("{}", targets.aim)),
            verdict(&spread, value.targets),
        );
    }
}

struct Spread {
    lowest: f64,
    median: f64,
    highest: f64,
}

impl Spread {
    fn of(figures: &[f64]) -> Self {
        let mut sorted = figures.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (Some(&lowest), Some(&highest)) = (sorted.first(), sorted.last()) else {
            return Self {
                lowest: f64::NAN,
                median: f64::NAN,
                highest: f64::NAN,
            };
        };
        let half = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 {
            sorted[half]
        } else {
            f64::midpoint(sorted[half - 1], sorted[half])
        };
        Self {
            lowest,
            median,
            highest,
        }
    }
}

fn verdict(spread: &Spread, targets: Option<Targets>) -> String {
    let Some(Targets { must, aim }) = targets else {
        return "no target".into();
    };
    let (limit, words) = if spread.median <= aim {
        (aim, "meets the aim")
    } else if spread.median <= must {
        (must, "meets the must")
    } else if spread.lowest <= must {
        return "MISSES the must, not each round".into();
    } else {
        return "MISSES the must".into();
    };
    if spread.highest > limit {
        format!("{words}, not each round")
    } else {
        words.into()
    }
}

fn median_of(samples: &[Sample], figure: impl Fn(&Sample) -> f64) -> f64 {
    Spread::of(&samples.iter().map(figure).collect::<Vec<_>>()).median
}

fn cost(samples: &[Sample]) -> String {
    let total = median_of(samples, Sample::total);
    let (program, database) = (
        median_of(samples, |s| s.program_us),
        median_of(samples, |s| s.database_us),
    );
    if database < 0.05 {
        format!("{total:.1}")
    } else {
        format!("{total:.1} = {program:.1} + {database:.1}")
    }
}

/// The processors, the memory, the kernel, and how busy the machine is just now.
pub fn machine() -> String {
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
pub fn first_line(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    text.unwrap_or_default()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// Ours: the commit (with a mark when the tree was changed), the compiler, SQLite.
pub fn versions(sqlite: &str) -> Vec<String> {
    vec![format!(
        "{} at {}, {}, SQLite {sqlite}",
        server::BINARY.rsplit('/').next().unwrap_or_default(),
        first_line("git", &["describe", "--always", "--dirty"]),
        first_line("rustc", &["--version"]),
    )]
}
