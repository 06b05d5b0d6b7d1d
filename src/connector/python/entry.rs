//! An installed connector: which program and which function it is started by. Found in the metadata
//! that every installer leaves, without running anything.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::package::Package;

/// The file that says that an environment is whole. Written last.
const MARKER: &str = "ferrobyte.json";

/// A connector that can be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Installed {
    pub(super) environment: PathBuf,
    marker: Marker,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Marker {
    requirement: String,
    /// Its name in the environment's `bin`.
    script: String,
    /// Module and function, with a colon between.
    entry: String,
}

impl Installed {
    /// What is ready in this environment, if it is whole.
    pub(super) fn find(environment: &Path, package: &Package) -> Option<Self> {
        let marker = std::fs::read(environment.join(MARKER)).ok()?;
        let marker: Marker = serde_json::from_slice(&marker).ok()?;
        let found = Self {
            environment: environment.to_owned(),
            marker,
        };
        // The interpreter is a link to one that may have been removed since.
        let whole = found.marker.requirement == package.requirement() && found.python().exists();
        whole.then_some(found)
    }

    /// Finds the connector in an environment that an installer has just made.
    pub(super) fn look_up(environment: &Path, package: &Package) -> Result<Self, String> {
        let scripts = scripts(environment, package)
            .ok_or_else(|| format!("{package} has left no metadata in its environment"))?;
        let wanted = package.script();
        let chosen = scripts
            .iter()
            .find(|(name, _)| name == wanted)
            .or(match scripts.as_slice() {
                [only] => Some(only),
                _ => None,
            });
        let Some((script, entry)) = chosen else {
            return Err(format!("{package} brings no program named {wanted}"));
        };
        Ok(Self {
            environment: environment.to_owned(),
            marker: Marker {
                requirement: package.requirement(),
                script: script.clone(),
                entry: entry.clone(),
            },
        })
    }

    /// Says that this environment is whole.
    pub(super) fn mark(&self) -> std::io::Result<()> {
        std::fs::write(
            self.environment.join(MARKER),
            serde_json::to_vec(&self.marker)?,
        )
    }

    pub(super) fn python(&self) -> PathBuf {
        self.environment.join("bin/python")
    }

    pub(super) fn entry(&self) -> &str {
        &self.marker.entry
    }

    pub(super) fn script(&self) -> &str {
        &self.marker.script
    }

    /// The command line. The interpreter is named, not left to the script's first line: that holds a
    /// path, which may be too long for the system.
    pub(super) fn command(&self, arguments: Vec<OsString>) -> Vec<OsString> {
        let script = self.environment.join("bin").join(&self.marker.script);
        [self.python().into_os_string(), script.into_os_string()]
            .into_iter()
            .chain(arguments)
            .collect()
    }
}

/// The programs of a package, by name, from its `entry_points.txt`.
fn scripts(environment: &Path, package: &Package) -> Option<Vec<(String, String)>> {
    let versions = std::fs::read_dir(environment.join("lib")).ok()?;
    let mut packages = versions
        .flatten()
        .filter_map(|version| std::fs::read_dir(version.path().join("site-packages")).ok())
        .flat_map(Iterator::flatten);
    let metadata = packages.find(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.strip_suffix(".dist-info")
            .and_then(|name| name.split_once('-'))
            .is_some_and(|(name, _)| normal(name) == normal(&package.name))
    })?;
    let text = std::fs::read_to_string(metadata.path().join("entry_points.txt")).ok()?;
    Some(console_scripts(&text))
}

fn console_scripts(text: &str) -> Vec<(String, String)> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line == "[console_scripts]";
        } else if let (true, Some((name, entry))) = (inside, line.split_once('=')) {
            // Extras in brackets may follow.
            let entry = entry.split('[').next().unwrap_or_default();
            found.push((name.trim().to_owned(), entry.trim().to_owned()));
        }
    }
    found
}

/// Names of packages are the same whatever stands between their words.
fn normal(name: &str) -> String {
    name.to_lowercase().replace(['_', '.'], "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_in_the_metadata() {
        let place = tempfile::tempdir().expect("a directory");
        let site = place.path().join("lib/python3.11/site-packages");
        let write = |folder: &str, text: &str| {
            std::fs::create_dir_all(site.join(folder)).expect("made");
            std::fs::write(site.join(folder).join("entry_points.txt"), text).expect("written");
        };
        write(
            "airbyte_cdk-6.0.dist-info",
            "[console_scripts]\nother=x:y\n",
        );
        write(
            "airbyte_source_faker-7.2.1.dist-info",
            "[console_scripts]\nhelp=a:b\nsource-faker = source_faker.run:run [extra]\n\n[other]\nx=y:z\n",
        );
        let package = Package::parse("airbyte-source-faker", "7.2.1").expect("good");
        let found = Installed::look_up(place.path(), &package).expect("found");
        assert_eq!(
            (found.script(), found.entry()),
            ("source-faker", "source_faker.run:run")
        );
        assert_eq!(Installed::find(place.path(), &package), None, "not marked");
        std::fs::create_dir(place.path().join("bin")).expect("made");
        std::fs::write(place.path().join("bin/python"), "").expect("written");
        found.mark().expect("marked");
        assert_eq!(Installed::find(place.path(), &package), Some(found));
        let other = Package::parse("airbyte-source-faker", "7.2.2").expect("good");
        assert_eq!(Installed::find(place.path(), &other), None);
        let none = Package::parse("airbyte-source-nothing", "1").expect("good");
        assert!(Installed::look_up(place.path(), &none).is_err());
    }
}
