//! Where packages come from: what the operator has set for `pip` counts for `uv` as well, unless there
//! is something for `uv` itself. Addresses may hold passwords: they travel in the environment, never
//! in arguments, and are blotted out of everything that installers print.

use std::path::PathBuf;

use crate::connector::process::environment::Environment;

/// What `pip` calls a setting, in its files and its environment, and what `uv` calls it.
const SETTINGS: &[(&str, &str, &[&str])] = &[
    (
        "index-url",
        "PIP_INDEX_URL",
        &["UV_INDEX_URL", "UV_DEFAULT_INDEX"],
    ),
    (
        "extra-index-url",
        "PIP_EXTRA_INDEX_URL",
        &["UV_EXTRA_INDEX_URL", "UV_INDEX"],
    ),
    ("find-links", "PIP_FIND_LINKS", &["UV_FIND_LINKS"]),
    ("no-index", "PIP_NO_INDEX", &["UV_NO_INDEX"]),
];

/// Gives `uv` what is set for `pip`.
pub(super) fn translate(environment: &mut Environment) {
    let files = files(environment);
    let texts: Vec<_> = files
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .collect();
    for (name, pip, uv) in SETTINGS {
        if uv.iter().any(|uv| environment.get(uv).is_some()) {
            continue;
        }
        let set = environment.get(pip).map(str::to_owned);
        let value = set.or_else(|| texts.iter().find_map(|text| in_file(text, name)));
        if let Some(value) = value {
            environment.set(uv[0], value);
        }
    }
}

/// The files of `pip`, the one that wins first.
fn files(environment: &Environment) -> Vec<PathBuf> {
    let home = environment.get("HOME").map(PathBuf::from);
    let config = environment.get("XDG_CONFIG_HOME").map(PathBuf::from);
    let config = config.or_else(|| Some(home.as_ref()?.join(".config")));
    [
        environment.get("PIP_CONFIG_FILE").map(PathBuf::from),
        config.map(|config| config.join("pip/pip.conf")),
        home.map(|home| home.join(".pip/pip.conf")),
        Some("/etc/xdg/pip/pip.conf".into()),
        Some("/etc/pip.conf".into()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A setting of the sections `install` (which wins) and `global`. Values may go on in indented lines.
fn in_file(text: &str, wanted: &str) -> Option<String> {
    let (mut section, mut open) = ("", false);
    let (mut global, mut install): (Option<String>, Option<String>) = (None, None);
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        let target = match section {
            "install" => &mut install,
            _ => &mut global,
        };
        if let Some(name) = trimmed.strip_prefix('[') {
            section = name.trim_end_matches(']');
            open = false;
        } else if line.starts_with([' ', '\t']) {
            if let (true, Some(value)) = (open, target) {
                value.push(' ');
                value.push_str(trimmed);
            }
        } else if let Some((name, value)) = trimmed.split_once(['=', ':']) {
            open = name.trim() == wanted && matches!(section, "global" | "install");
            if open {
                *target = Some(value.trim().to_owned());
            }
        }
    }
    install.or(global).map(|value| value.trim().to_owned())
}

/// A line without the passwords of addresses in it.
pub(super) fn without_passwords(line: &str) -> String {
    let mut clean = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find("://") {
        let (before, after) = rest.split_at(start + 3);
        clean.push_str(before);
        let end = after
            .find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '`' | ')' | ','))
            .unwrap_or(after.len());
        match after[..end].rfind('@') {
            Some(at) => {
                clean.push_str("…@");
                rest = &after[at + 1..];
            }
            None => rest = after,
        }
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_pip_count_for_uv_unless_it_has_its_own() {
        let place = tempfile::tempdir().expect("a directory");
        let file = place.path().join("pip.conf");
        std::fs::write(
            &file,
            "[list]\nindex-url = https://wrong\n[global]\nindex-url = https://mirror/simple\n\
             extra-index-url =\n    https://one\n    https://two\n",
        )
        .expect("written");
        let mut environment = Environment::default();
        environment.set("PIP_CONFIG_FILE", file.as_os_str());
        environment.set("PIP_FIND_LINKS", "/wheels");
        environment.set("UV_EXTRA_INDEX_URL", "https://own");
        translate(&mut environment);
        for (name, value) in [
            ("UV_INDEX_URL", "https://mirror/simple"),
            ("UV_EXTRA_INDEX_URL", "https://own"),
            ("UV_FIND_LINKS", "/wheels"),
        ] {
            assert_eq!(environment.get(name), Some(value), "{name}");
        }
        assert_eq!(
            in_file(
                &std::fs::read_to_string(&file).expect("read"),
                "extra-index-url"
            )
            .as_deref(),
            Some("https://one https://two")
        );
    }

    #[test]
    fn passwords_are_blotted_out() {
        for (line, clean) in [
            ("no address: a@b", "no address: a@b"),
            (
                "at https://pypi.org/simple, fine",
                "at https://pypi.org/simple, fine",
            ),
            (
                "`http://user:pass@index/simple`: 401",
                "`http://…@index/simple`: 401",
            ),
            (
                "http://u:p%40q@a http://t@b/x@y",
                "http://…@a http://…@b/x@y",
            ),
        ] {
            assert_eq!(without_passwords(line), clean);
        }
    }
}
