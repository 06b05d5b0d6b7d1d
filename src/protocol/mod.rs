//! The language of connectors: the messages on their standard output, one JSON object a line, and the
//! catalogs that they are given. Facts only; running a connector is the business of `connector`.
//!
//! A stream of bytes goes through [`reader`], which cuts it into lines, and `line`, which says what
//! each one is: a record, looked at without building a tree; any other message, parsed whole into the
//! types of [`message`]; or something that no connector should have printed.

pub mod catalog;
pub mod line;
pub mod message;
pub mod parcel;
pub mod raw;
pub mod reader;
mod scan;
pub mod state;
pub mod trace;
