//! How a sync happens. From the inside out: `relay` moves one run's records from a source to a
//! destination and keeps the books of what was acknowledged.

pub mod relay;
