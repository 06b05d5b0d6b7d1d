//! Connectors at work for us. Short questions to them ([`probes`]) and what is made of their answers
//! ([`offers`]); and how a sync happens: [`relay`] moves one run's records from a source to a destination
//! and keeps the books of what was acknowledged.

pub mod offers;
pub mod probes;
pub mod relay;
