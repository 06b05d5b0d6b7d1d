//! A package of the Python index, by name and version.

use crate::connector::{Cause, Failure};

/// A package whose name and version are safe to hand to an installer and to name a directory after.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
}

/// What the generic runner of manifests is part of.
pub(super) const CDK: &str = "airbyte-cdk";

impl Package {
    /// # Errors
    /// [`Failure`] when it cannot be the name or the version of a package.
    pub(super) fn parse(name: &str, version: &str) -> Result<Self, Failure> {
        let begins_well = |text: &str| text.starts_with(|c: char| c.is_ascii_alphanumeric());
        let good_name = begins_well(name)
            && name.len() <= 100
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        let good_version = begins_well(version)
            && version.len() <= 60
            && version
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.+!".contains(c));
        if good_name && good_version {
            Ok(Self {
                name: name.to_owned(),
                version: version.to_owned(),
            })
        } else {
            let message =
                format!("{name:?} {version:?} is not the name and the version of a package");
            Err(Failure::new(Cause::Missing, message))
        }
    }

    /// The CDK of one major version, in its newest edition.
    pub(super) fn cdk(major: u32) -> Self {
        Self {
            name: CDK.to_owned(),
            version: format!("{major}.*"),
        }
    }

    /// As installers want it.
    pub(super) fn requirement(&self) -> String {
        format!("{}=={}", self.name, self.version)
    }

    /// How the directories of its environments begin.
    pub(super) fn folder(&self) -> String {
        format!("{}-{}", self.name, self.version.trim_end_matches(".*"))
    }

    /// The name of the program that it brings.
    pub(super) fn script(&self) -> &str {
        if self.name == CDK {
            "source-declarative-manifest"
        } else {
            self.name.strip_prefix("airbyte-").unwrap_or(&self.name)
        }
    }
}

impl std::fmt::Display for Package {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_has_a_name_and_a_version_and_nothing_else_in_them() {
        let faker = Package::parse("airbyte-source-faker", "7.2.1").expect("good");
        assert_eq!(faker.requirement(), "airbyte-source-faker==7.2.1");
        assert_eq!(
            (faker.folder().as_str(), faker.script()),
            ("airbyte-source-faker-7.2.1", "source-faker")
        );
        assert_eq!(Package::cdk(7).folder(), "airbyte-cdk-7");
        for (name, version) in [
            ("--index-url=http://x", "1"),
            ("a b", "1"),
            ("../a", "1"),
            ("a", ""),
            ("a", "1 --pre"),
            ("a", "../1"),
            ("a", "1/2"),
        ] {
            assert!(Package::parse(name, version).is_err(), "{name} {version}");
        }
    }
}
