//! Jobs from the request to their end, with connectors that are compiled in and with scripted ones.

mod attempts;
mod endings;
mod failures;
mod streams;
mod syncs;
mod workers;

use std::sync::Arc;
use std::time::Duration;

use ferrobyte::connector::Exit;
use ferrobyte::engine::Engine;
use ferrobyte::ops::work;
use serde_json::{Value, json};

use crate::support::TestServer;
use crate::support::scripted::{Stage, Theatre, exit};
use crate::support::syncs::stream;

/// The engine of a server, at work with scripted connectors.
fn begin(server: &TestServer, theatre: &Theatre) -> Arc<Engine> {
    begin_with(server, theatre, |_| {})
}

fn begin_with(
    server: &TestServer,
    theatre: &Theatre,
    change: impl FnOnce(&mut Engine),
) -> Arc<Engine> {
    let mut engine = work::engine(&server.app);
    engine.launcher = Arc::new(theatre.clone());
    // Enough for a thread that looks whether it is to stop.
    engine.settings.grace = Duration::from_secs(2);
    change(&mut engine);
    let engine = Arc::new(engine);
    engine.begin(true);
    engine
}

fn users() -> Vec<Value> {
    vec![stream("users", "incremental", "append")]
}

/// Reads users from the cursor up to here, a state after every ten, and says that this is all.
fn users_up_to(end: u64) -> impl Fn(&mut Stage) -> Exit {
    move |stage| {
        let start = stage.cursor("users");
        for id in start..end {
            stage.record("users", id);
            if (id + 1) % 10 == 0 || id + 1 == end {
                stage.state("users", &json!({ "at": id + 1 }));
            }
        }
        stage.status("users", "COMPLETE");
        exit(0)
    }
}

fn both(stage: &mut Stage) -> Exit {
    for stream in ["users", "orders"] {
        stage.record(stream, 1);
        stage.state(stream, &json!({ "at": 1 }));
        stage.status(stream, "COMPLETE");
    }
    exit(0)
}

/// Who failed first, how, and in which words.
fn first(reasons: &[Value]) -> (&str, &str, &str) {
    let text = |name: &str| reasons[0][name].as_str().expect("text");
    (text("origin"), text("type"), text("message"))
}
