//! Secrets of connectors: telling them apart in a configuration, sealing and opening them, and looking
//! up those that the operator keeps elsewhere. It does not know the database.

pub mod configuration;
pub mod hiding;
pub mod keyring;
pub mod references;
pub mod sealing;
