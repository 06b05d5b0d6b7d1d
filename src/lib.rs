//! Ferrobyte.
