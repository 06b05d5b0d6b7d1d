//! Numbers for Prometheus. Labels hold routes and methods, never ids, names or anything of a tenant.

use std::fmt;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

/// Upper bounds of the buckets, in seconds.
const BUCKETS: [f64; 11] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0,
];

/// All the numbers.
pub struct Metrics {
    registry: Registry,
    /// Its count is the number of requests.
    requests: Family<Answered, Histogram>,
    pub tokens_issued: Counter,
    pub tokens_refused: Counter,
    pub logins_refused: Counter,
    resident: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: String,
    status: u16,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    #[must_use]
    pub fn new(engine: &str) -> Self {
        let mut registry = Registry::with_prefix("ferrobyte");
        let metrics = Self {
            requests: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            tokens_issued: Counter::default(),
            tokens_refused: Counter::default(),
            logins_refused: Counter::default(),
            resident: Gauge::default(),
            registry: Registry::default(),
        };
        registry.register_with_unit(
            "http_request_duration",
            "Time from the request's head to the answer's head",
            Unit::Seconds,
            metrics.requests.clone(),
        );
        registry.register(
            "tokens_issued",
            "Access tokens issued",
            metrics.tokens_issued.clone(),
        );
        registry.register(
            "tokens_refused",
            "Token requests with wrong credentials",
            metrics.tokens_refused.clone(),
        );
        registry.register(
            "logins_refused",
            "Log-ins with wrong credentials",
            metrics.logins_refused.clone(),
        );
        registry.register_with_unit(
            "resident_memory",
            "Resident memory",
            Unit::Bytes,
            metrics.resident.clone(),
        );
        let build = [
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
            ("database", engine.to_owned()),
        ];
        registry.register(
            "build",
            "Version and database engine",
            Info::new(build.to_vec()),
        );
        Self {
            registry,
            ..metrics
        }
    }

    /// Counts an answered request. `route` is the route's pattern, not the path.
    pub fn answered(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let answered = Answered {
            method,
            route: route.to_owned(),
            status,
        };
        self.requests
            .get_or_create(&answered)
            .observe(took.as_secs_f64());
    }

    /// All numbers in the text format of OpenMetrics.
    ///
    /// # Errors
    /// Never in practice: writing to a string does not fail.
    pub fn text(&self) -> Result<String, fmt::Error> {
        self.resident.set(resident_bytes().unwrap_or(0));
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// Resident memory of this process in bytes, where the kernel tells.
fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kilobytes: i64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}
