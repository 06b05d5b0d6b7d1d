//! Names of schemas, tables and columns. PostgreSQL cuts a name after 63 bytes without a word, so a long
//! one is cut here, with a hash to tell it from its like.

use std::collections::HashMap;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// What PostgreSQL keeps of a name.
const LONGEST: usize = 63;
/// An underscore and eight digits.
const HASH: usize = 9;

/// A name as it is kept: letters, digits and underscores, not a digit first.
pub(super) fn clean(name: &str) -> String {
    let mut clean: String = name
        .chars()
        .map(|letter| {
            if letter.is_alphanumeric() {
                letter
            } else {
                '_'
            }
        })
        .collect();
    if clean.is_empty() || clean.starts_with(|first: char| first.is_numeric()) {
        clean.insert(0, '_');
    }
    if clean.len() <= LONGEST {
        return clean;
    }
    marked(&clean, name)
}

/// The table of the raw records of a stream. The run of underscores in the middle is longer than any
/// other, so that it can be taken apart again.
pub(super) fn raw(space: &str, name: &str) -> String {
    let both = format!("{space}{name}");
    let runs = both.split(|letter| letter != '_').map(str::len);
    let between = "_".repeat(runs.max().unwrap_or_default().max(1) + 1);
    format!("{space}_raw{between}stream_{name}").to_lowercase()
}

/// A name with a hash of whatever makes it what it is.
pub(super) fn marked(name: &str, of: &str) -> String {
    let mut end = name.len().min(LONGEST - HASH);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let mut marked = format!("{}_", &name[..end]);
    for byte in &Sha256::digest(of)[..4] {
        let _ = write!(marked, "{byte:02x}");
    }
    marked
}

/// Names for all of these, no two the same and none of those that are taken. Where two would collide,
/// the one that did not have to be changed keeps its name, so that the order does not matter.
pub(super) fn distinct<'a>(originals: &[&'a str], taken: &[&str]) -> Vec<(&'a str, String)> {
    let mut wanted: HashMap<String, usize> = HashMap::new();
    for name in originals {
        *wanted.entry(clean(name)).or_default() += 1;
    }
    let name = |original: &&'a str| {
        let plain = clean(original);
        let alone = wanted[&plain] == 1 || plain == *original;
        if alone && !taken.contains(&plain.as_str()) {
            (*original, plain)
        } else {
            (*original, marked(&plain, original))
        }
    };
    originals.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned_and_cut() {
        for (given, kept) in [
            ("users", "users"),
            ("Users-2", "Users_2"),
            ("2fast", "_2fast"),
            ("größe", "größe"),
            ("a\"; DROP TABLE b; --", "a___DROP_TABLE_b____"),
            ("", "_"),
        ] {
            assert_eq!(clean(given), kept);
        }
        let (one, two) = ("ü".repeat(40), format!("{}!", "ü".repeat(40)));
        assert!(clean(&one).len() <= 63);
        assert!(clean(&one).starts_with(&"ü".repeat(27)));
        assert_ne!(clean(&one), clean(&two));
    }

    #[test]
    fn tables_of_raw_records_are_named_by_stream_and_namespace() {
        assert_eq!(raw("public", "Users"), "public_raw__stream_users");
        assert_eq!(raw("a__b", "c"), "a__b_raw___stream_c");
        assert_eq!(raw("a_", "_c"), "a__raw___stream__c");
    }

    #[test]
    fn names_that_collide_are_told_apart_in_any_order() {
        let there = distinct(&["a-b", "a_b", "a.b", "_airbyte_meta"], &["_airbyte_meta"]);
        let names: std::collections::HashSet<_> = there.iter().map(|(_, name)| name).collect();
        assert_eq!(names.len(), 4);
        assert_eq!(there[1], ("a_b", "a_b".to_owned()));
        assert_ne!(there[3].1, "_airbyte_meta");
        let back = distinct(&["a.b", "a_b", "a-b"], &[]);
        assert_eq!((&back[0], &back[2]), (&there[2], &there[0]));
    }
}
