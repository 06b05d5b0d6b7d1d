//! Where a connector that people bring comes from: the repository and tag of its image, or a package of
//! the Python index, written `pypi:NAME` in place of a repository. And where it is described.

use serde::Deserialize;

use super::definition::Runtime;

/// What stands before the name of a Python package.
pub const PYTHON: &str = "pypi:";

/// The image that runs low-code definitions elsewhere; here they have operations of their own.
pub const LOW_CODE_RUNNER: &str = "airbyte/source-declarative-manifest";

/// An image's repository, or `pypi:` and a package.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String)]
pub struct Repository(String);

impl Repository {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The package, when this is one of the Python index.
    #[must_use]
    pub fn package(&self) -> Option<&str> {
        self.0.strip_prefix(PYTHON)
    }
}

impl TryFrom<String> for Repository {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == LOW_CODE_RUNNER {
            return Err("low-code sources are made at definitions/declarative_sources".to_owned());
        }
        if let Some(package) = text.strip_prefix(PYTHON) {
            Runtime::python(package, "0")?;
            return Ok(Self(text));
        }
        let begins = text
            .chars()
            .next()
            .is_some_and(|c| c.is_ascii_alphanumeric());
        if text.len() > 256 || !begins || !text.chars().all(|c| named(c) || matches!(c, '/' | ':'))
        {
            return Err(
                "must be an image's repository, such as airbyte/source-faker, or pypi: and a Python package"
                    .to_owned(),
            );
        }
        Ok(Self(text))
    }
}

/// An image's tag, or the version of a Python package.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String)]
pub struct Tag(String);

impl Tag {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Tag {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let begins = text
            .chars()
            .next()
            .is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        // A digest may follow: tag@sha256:0123.
        if text.len() > 256
            || !begins
            || !text
                .chars()
                .all(|c| named(c) || matches!(c, '+' | '!' | '@' | ':'))
        {
            return Err("must be an image's tag, such as 1.2.3");
        }
        Ok(Self(text))
    }
}

fn named(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

/// Where people read about a connector: empty, or an address that a page may link to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String, format = "uri")]
pub struct DocumentationUrl(String);

impl DocumentationUrl {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for DocumentationUrl {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let web = text.starts_with("https://") || text.starts_with("http://");
        let odd = |c: char| c.is_whitespace() || c.is_control();
        if text.is_empty() || (web && text.len() <= 2048 && !text.contains(odd)) {
            return Ok(Self(text));
        }
        Err("must be an address that begins with https:// or http://")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_images_or_packages() {
        for good in [
            "airbyte/source-faker",
            "registry.example.org:5000/team/source-x",
            "localhost:5000/x",
            "source_x",
            "pypi:airbyte-source-x",
        ] {
            assert!(Repository::try_from(good.to_owned()).is_ok(), "{good}");
        }
        for wrong in [
            "",
            " ",
            "-v",
            "--privileged",
            "a b",
            "a\0",
            "pypi:",
            "pypi:-r",
            LOW_CODE_RUNNER,
        ] {
            assert!(Repository::try_from(wrong.to_owned()).is_err(), "{wrong:?}");
        }
        let package = Repository::try_from("pypi:airbyte-source-x".to_owned());
        assert_eq!(
            package.expect("a package").package(),
            Some("airbyte-source-x")
        );
    }

    #[test]
    fn tags_and_documentation_are_checked() {
        for good in ["latest", "1.2.3", "1.0.0-rc.1", "1.0@sha256:0123abcd", "_x"] {
            assert!(Tag::try_from(good.to_owned()).is_ok(), "{good}");
        }
        for wrong in ["", "-x", ".x", "a b", "a/b", "\0"] {
            assert!(Tag::try_from(wrong.to_owned()).is_err(), "{wrong:?}");
        }
        for good in ["", "https://example.org/x?y#z", "http://intranet/"] {
            assert!(
                DocumentationUrl::try_from(good.to_owned()).is_ok(),
                "{good}"
            );
        }
        for wrong in [
            "javascript:alert(1)",
            "docs",
            "https://a b",
            "ftp://example.org",
        ] {
            assert!(
                DocumentationUrl::try_from(wrong.to_owned()).is_err(),
                "{wrong:?}"
            );
        }
    }
}
