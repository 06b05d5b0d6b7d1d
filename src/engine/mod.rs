//! Connectors at work for us: short questions to them ([`probes`]) and what is made of their answers
//! ([`offers`]).

pub mod offers;
pub mod probes;
