//! Seam: see `configuration`.

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    pub field: String,
    pub why: String,
}
