//! The language of connectors: the messages on their standard output, one JSON object a line, and the
//! catalogs that they are given. Facts only; running a connector is the business of `connector`.

pub mod catalog;
pub mod message;
