//! What the server tells about itself: the log (`logs`) and the numbers (`metrics`).

pub mod logs;
pub mod metrics;
mod text;
