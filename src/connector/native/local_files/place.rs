//! Where files may be: below the server's `local` folder, which configurations call `/local`. Nothing in
//! a configuration or a stream's name leads out of it, and symbolic links are not followed.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::connector::native::interface::Fault;
use crate::protocol::catalog::StreamDescriptor;

/// The names of folders below `/local` that a `destination_path` means: `/local/a/b`, `/a/b` and `a/b`
/// mean the same.
pub(super) fn folders(destination_path: &str) -> Result<Vec<&str>, Fault> {
    let mut names: Vec<_> = destination_path
        .split('/')
        .filter(|name| !matches!(*name, "" | "."))
        .collect();
    if destination_path.starts_with('/') && names.first() == Some(&"local") {
        names.remove(0);
    }
    if names.contains(&"..") || destination_path.contains('\0') {
        let message = "destination_path: must stay below /local, so it cannot contain ..";
        return Err(Fault::configuration(message));
    }
    Ok(names)
}

/// Makes the folder below `local`, step by step, so that no link is gone through.
pub(super) fn make(local: &Path, destination_path: &str) -> Result<PathBuf, Fault> {
    let names = folders(destination_path)?;
    let failed = |error: io::Error| {
        Fault::configuration(format!(
            "destination_path: {destination_path} cannot be used: {error}"
        ))
    };
    fs::create_dir_all(local).map_err(failed)?;
    let mut folder = local.to_owned();
    for name in names {
        folder.push(name);
        match fs::create_dir(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(failed(error));
            }
            Ok(()) | Err(_) => {}
        }
        if !fs::symlink_metadata(&folder).map_err(failed)?.is_dir() {
            let message =
                format!("destination_path: {name} is not a folder (links are not followed)");
            return Err(Fault::configuration(message));
        }
    }
    Ok(folder)
}

/// The longest name that leaves room for endings.
const LONGEST: usize = 200;

/// The name of a stream's file, without ending: different streams have different ones, and they are
/// readable as far as file systems allow. A dot stands between namespace and name only.
pub(super) fn file_name(stream: &StreamDescriptor) -> String {
    let mut name = String::new();
    if let Some(space) = stream.space() {
        spell(&mut name, space);
        name.push('.');
    }
    spell(&mut name, &stream.name);
    if name.len() > LONGEST {
        let hash = Sha256::digest(&name);
        name.truncate(LONGEST - 17);
        name.push('~');
        for byte in &hash[..8] {
            let _ = write!(name, "{byte:02x}");
        }
    }
    name
}

fn spell(to: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b' ' => to.push(byte.into()),
            _ => {
                let _ = write!(to, "%{byte:02X}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{file_name, folders};
    use crate::protocol::catalog::StreamDescriptor;

    #[test]
    fn every_spelling_of_a_folder_means_the_same_and_none_leads_out() {
        for path in ["/local/a/b", "/local//a/./b/", "/a/b", "a/b", "a//b"] {
            assert_eq!(folders(path).ok(), Some(vec!["a", "b"]), "{path}");
        }
        for path in ["", "/", "/local", "."] {
            assert_eq!(folders(path).ok(), Some(vec![]), "{path}");
        }
        assert_eq!(folders("local/a").ok(), Some(vec!["local", "a"]));
        assert_eq!(folders("/local/..a").ok(), Some(vec!["..a"]));
        for path in ["..", "/..", "/local/..", "a/../../b", "/local/a/..", "a\0b"] {
            assert!(folders(path).is_err(), "{path}");
        }
    }

    #[test]
    fn different_streams_have_different_files() {
        let named = |namespace: Option<&str>, name: &str| {
            file_name(&StreamDescriptor {
                name: name.to_owned(),
                namespace: namespace.map(str::to_owned),
            })
        };
        assert_eq!(named(None, "users"), "users");
        assert_eq!(named(Some(""), "users"), "users");
        assert_eq!(named(Some("public"), "users"), "public.users");
        assert_eq!(named(None, "public.users"), "public%2Eusers");
        assert_eq!(
            named(None, "../../etc/passwd"),
            "%2E%2E%2F%2E%2E%2Fetc%2Fpasswd"
        );
        assert_eq!(named(None, "größe\0"), "gr%C3%B6%C3%9Fe%00");
        let (one, two) = (named(None, &"x".repeat(500)), named(None, &"x".repeat(501)));
        assert!(one != two && one.len() == 200 && two.len() == 200);
    }
}
