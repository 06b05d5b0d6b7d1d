//! The API's tests: one binary, a file for each resource or rule. Each test is a dialogue with a
//! server of its own. `FERROBYTE_TEST_ENGINE` (`sqlite`, the default, or `postgres`) says on which
//! database; `tests/run` runs the suite on both.

#![expect(unreachable_pub, reason = "a test binary has no outside")]

mod access;
mod applications;
mod command_line;
mod container;
mod contract;
mod guessing;
mod nonsense;
mod organizations;
mod outgoing;
mod paging;
mod permissions;
mod problems;
mod replicas;
mod rooms;
mod server;
mod sessions;
mod statements;
mod support;
mod tokens;
mod workspaces;
