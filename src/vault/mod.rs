//! Secrets of connectors: telling them apart in a configuration, sealing and opening them, and looking
//! up those that the operator keeps elsewhere. It does not know the database.
//!
//! Three layers of keys: the operator's master key seals data keys, a data key seals secrets. So the
//! master key is changed without touching a secret, and a data key without asking the operator.

pub mod configuration;
pub mod fingerprint;
pub mod hiding;
pub mod keyring;
pub mod master;
pub mod references;
pub mod sealing;
pub mod store;
