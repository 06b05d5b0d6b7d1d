//! Ferrobyte, an Airbyte-compatible API server in one binary. The rooms, from the inside out:
//!
//! - [`domain`]: values and rules without input or output, one file per noun.
//! - [`clock`], [`error`], [`config`], [`telemetry`], [`shutdown`]: time and chance, failures, settings,
//!   log and numbers, stopping.
//! - [`store`]: the database, PostgreSQL or SQLite, with one text of SQL.
//! - [`access`]: who may do what: callers, the role table, the proofs that `store` demands, tokens.
//! - [`vault`]: the secrets in configurations.
//! - [`protocol`], [`connector`]: the language of connectors; running them, whatever they are made of.
//! - [`engine`]: connectors at work for us.
//! - [`registry`]: facts about public connectors.
//! - [`net`]: calls that the server itself makes to other hosts.
//! - [`ops`]: deeds that more than one door needs.
//! - [`request`]: what both doors know of a request.
//! - [`http`]: the API: routes, bodies, problems, the OpenAPI document.
//! - [`web`]: the pages for people.
//! - [`app`] wires them; [`cli`] is the command line.
//!
//! `ARCHITECTURE.md` follows three requests through them. A test holds the imports between rooms
//! against a table.

pub mod access;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connector;
pub mod domain;
pub mod engine;
pub mod error;
pub mod http;
pub mod net;
pub mod ops;
pub mod protocol;
pub mod registry;
pub mod request;
pub mod shutdown;
pub mod store;
pub mod telemetry;
pub mod vault;
pub mod web;
