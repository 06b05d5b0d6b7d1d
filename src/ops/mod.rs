//! Deeds that more than one door needs, or that touch several tables. They take a caller or a proof,
//! never a request.

pub mod administrator;
pub mod applications;
pub mod definitions;
pub mod people;
pub mod permissions;
pub mod registry;
pub mod sessions;
pub mod setup;
pub mod workspaces;
