//! Who may do what. A request brings credentials; `callers` turns them into a [`Caller`](caller::Caller),
//! and the doors of `doors` turn a caller and an id into a proof (`granted`) that `store` demands.
//! What a permission type allows is one table in `policy`.

pub mod caller;
pub mod callers;
pub mod credentials;
pub mod doors;
pub mod granted;
pub mod keys;
pub mod passwords;
pub mod policy;
pub mod throttle;
pub mod tokens;
pub mod uses;
