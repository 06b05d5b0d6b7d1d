//! Which passwords may be chosen.

/// The shortest password that may be chosen, in characters.
pub const SHORTEST: usize = 8;

/// The longest password that is looked at, in bytes.
pub const LONGEST: usize = 1024;

/// Whether somebody may choose this password.
///
/// # Errors
/// A sentence on what is wrong with it.
pub fn acceptable(password: &str) -> Result<(), String> {
    if password.chars().count() < SHORTEST {
        return Err(format!("must have at least {SHORTEST} characters"));
    }
    if password.len() > LONGEST {
        return Err(format!("must not be longer than {LONGEST} bytes"));
    }
    Ok(())
}
