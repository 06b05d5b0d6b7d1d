//! A connector as pages show it: what it is called, how it runs, and whether somebody looks for it.

use crate::domain::definition::{Definition, Runtime};

/// A connector that can be chosen.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    pub(super) definition: Definition,
    /// Known in lists only.
    pub(super) licence: Option<String>,
}

impl Connector {
    pub(super) fn of(definition: Definition) -> Self {
        Self {
            definition,
            licence: None,
        }
    }

    /// Whether the workspace brought it along.
    pub(super) fn is_own(&self) -> bool {
        self.definition.workspace_id.is_some()
    }

    /// Whether it is one that somebody looks for with these words.
    pub(super) fn fits(&self, asked: &str) -> bool {
        let definition = &self.definition;
        let texts = [
            &definition.name,
            &definition.short_name,
            &definition.repository,
        ]
        .map(|text| text.to_lowercase());
        let mut words = asked.split_whitespace().map(str::to_lowercase);
        words.all(|word| texts.iter().any(|text| text.contains(&word)))
    }

    /// How it is run, in words.
    pub(super) fn runtime(&self) -> String {
        match &self.definition.runtime {
            Runtime::Native { .. } => "Built in".to_owned(),
            Runtime::Python { package, version } => format!("Python package {package} {version}"),
            Runtime::Manifest => "Low-code manifest".to_owned(),
            Runtime::Image => format!("Container image {}", self.definition.repository),
        }
    }

    /// Where people read about it, when it can be gone to.
    pub(super) fn documentation(&self) -> Option<&str> {
        let address = self.definition.documentation_url.as_str();
        let on_the_web = address.starts_with("https://") || address.starts_with("http://");
        on_the_web.then_some(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::definition::Kind;

    fn connector(runtime: Runtime) -> Connector {
        let definition = Definition {
            id: uuid::Uuid::nil().into(),
            kind: Kind::Source,
            workspace_id: None,
            name: "Sample Data (Faker)".to_owned(),
            short_name: "faker".to_owned(),
            repository: "airbyte/source-faker".to_owned(),
            tag: "1.2".to_owned(),
            documentation_url: "javascript:alert(1)".to_owned(),
            runtime,
            manifest_version: None,
            deleted_at: None,
        };
        Connector::of(definition)
    }

    #[test]
    fn a_connector_is_found_by_every_word_in_any_case() {
        let faker = connector(Runtime::Image);
        for words in [
            "",
            "  ",
            "FAKER",
            "sample faker",
            "airbyte/source",
            "data airbyte",
        ] {
            assert!(faker.fits(words), "{words}");
        }
        for words in ["postgres", "faker postgres", "sampledata"] {
            assert!(!faker.fits(words), "{words}");
        }
    }

    #[test]
    fn how_it_runs_is_told_in_words_and_only_the_web_is_linked_to() {
        let (connector_name, package) = ("faker".to_owned(), "airbyte-source-faker".to_owned());
        let version = "7".to_owned();
        for (runtime, words) in [
            (
                Runtime::Native {
                    connector: connector_name,
                },
                "Built in",
            ),
            (
                Runtime::Python { package, version },
                "Python package airbyte-source-faker 7",
            ),
            (Runtime::Manifest, "Low-code manifest"),
            (Runtime::Image, "Container image airbyte/source-faker"),
        ] {
            assert_eq!(connector(runtime).runtime(), words);
        }
        assert_eq!(connector(Runtime::Image).documentation(), None);
    }
}
