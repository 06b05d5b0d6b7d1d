//! Which way of running a connector is taken when there are several: the operator's order.

use std::str::FromStr;

use super::definition::Runtime;

/// A way to run a connector that a definition may have a choice of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Native,
    Python,
    Image,
}

impl Way {
    fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Python => "python",
            Self::Image => "image",
        }
    }
}

impl FromStr for Way {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Native, Self::Python, Self::Image]
            .into_iter()
            .find(|way| way.as_str() == text)
            .ok_or_else(|| {
                "must be native, python and image in some order, with commas between".to_owned()
            })
    }
}

/// The ways in the order in which they are taken. What is not named is not taken, except the image
/// when there is nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preference(Vec<Way>);

impl Preference {
    #[must_use]
    pub fn new(order: Vec<Way>) -> Self {
        Self(order)
    }

    /// The runtime of a connector that is compiled in under this name, if it is, and that the Python
    /// index has in this package and version, if it has.
    #[must_use]
    pub fn choose(&self, native: Option<&str>, package: Option<(&str, &str)>) -> Runtime {
        let way = |way: &Way| match way {
            Way::Native => native.map(|name| Runtime::Native {
                connector: name.to_owned(),
            }),
            // A tag such as `latest` is no version.
            Way::Python => package.and_then(|(name, version)| Runtime::python(name, version).ok()),
            Way::Image => Some(Runtime::Image),
        };
        self.0.iter().find_map(way).unwrap_or(Runtime::Image)
    }
}

impl FromStr for Preference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let ways = text.split(',').filter(|way| !way.is_empty());
        ways.map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

/// As the setting is written.
impl std::fmt::Display for Preference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.0.iter().map(|way| way.as_str()).collect();
        f.write_str(&names.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_way_that_there_is_is_taken() {
        let faker = Some("faker");
        let package = Some(("airbyte-source-faker", "7.2.1"));
        let floating = Some(("airbyte-source-faker", "latest"));
        for (order, native, package, chosen) in [
            ("native,python,image", faker, package, "native:faker"),
            (
                "native,python,image",
                None,
                package,
                "python:airbyte-source-faker==7.2.1",
            ),
            ("native,python,image", None, floating, "image"),
            ("native,python,image", None, None, "image"),
            (
                "python,native",
                faker,
                package,
                "python:airbyte-source-faker==7.2.1",
            ),
            ("python,native", faker, None, "native:faker"),
            ("image,native,python", faker, package, "image"),
            ("native", None, package, "image"),
            ("", faker, package, "image"),
        ] {
            let preference: Preference = order.parse().expect(order);
            assert_eq!(preference.to_string(), order);
            assert_eq!(
                preference.choose(native, package).to_string(),
                chosen,
                "{order}"
            );
        }
        assert!("docker".parse::<Way>().is_err());
    }
}
