//! The API's tests: one binary, a file for each resource or rule. Each test is a dialogue with a
//! server of its own. `FERROBYTE_TEST_ENGINE` (`sqlite`, the default, or `postgres`) says on which
//! database; `tests/run` runs the suite on both.

#![expect(unreachable_pub, reason = "a test binary has no outside")]

mod access;
mod actors;
mod applications;
mod checks;
mod command_line;
mod conditional;
mod connection_pages;
mod connections;
mod container;
mod contract;
mod crashes;
mod cursors;
mod dataplanes;
mod declarative;
mod definitions;
mod destinations;
mod disabling;
mod embedded;
mod engine;
mod groups;
mod guessing;
mod idempotency;
mod job_details;
mod job_lists;
mod jobs;
mod limits;
mod limits_page;
mod mappers;
mod native;
mod nonsense;
mod notifications;
mod oauth;
mod organizations;
mod outgoing;
mod pages;
mod paging;
mod permissions;
mod problems;
mod process;
mod protocol;
mod python;
mod python_packages;
mod queue;
mod regions;
mod registry;
mod replicas;
mod retention;
mod rooms;
mod schemas;
mod secrets;
mod server;
mod sessions;
mod sources;
mod statements;
mod streams;
mod support;
mod tags;
mod tokens;
mod unknown_parameters;
mod workers;
mod workspace_pages;
mod workspaces;
