//! Values and rules without input or output: one file per noun. What is parsed here cannot hold
//! nonsense, so nobody validates it again.

pub mod actor;
pub mod application;
pub mod audit;
pub mod connection;
pub mod cron;
pub mod definition;
pub mod disabling;
pub mod group;
pub mod ids;
pub mod job;
pub mod mapper;
pub mod network;
pub mod notifications;
pub mod offer;
pub mod organization;
pub mod origin;
pub mod page;
pub mod password;
pub mod permission;
pub mod resources;
pub mod runtimes;
pub mod schedule;
pub mod secret;
pub mod stream;
pub mod tag;
pub mod text;
pub mod user;
pub mod workspace;
