//! Parameters of the query. Lists come as repeated parameters or with commas between; unknown
//! parameters are ignored here (`unknown_parameters` warns of them); every fault is reported, not only the first.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::domain::page::Page;
use crate::error::{Error, Fault, Place};
use crate::http::problem::Problem;

/// What a handler wants of the query.
pub trait FromQuery: Sized {
    fn read(parameters: &mut Parameters) -> Self;
}

/// The query, parsed.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: FromQuery> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut parameters = Parameters::parse(parts.uri.query().unwrap_or_default());
        let wanted = T::read(&mut parameters);
        if parameters.faults.is_empty() {
            Ok(Self(wanted))
        } else {
            Err(Error::faults(parameters.faults).into())
        }
    }
}

/// The parameters of one query, and the faults found in them.
#[derive(Debug)]
pub struct Parameters {
    pairs: Vec<(String, String)>,
    faults: Vec<Fault>,
}

impl Parameters {
    #[must_use]
    pub fn parse(query: &str) -> Self {
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let mut parameters = Self {
            pairs,
            faults: Vec::new(),
        };
        let with_nul = parameters
            .pairs
            .iter()
            .find(|(_, value)| value.contains('\0'))
            .map(|(name, _)| name.clone());
        if let Some(name) = with_nul {
            parameters.fault(&name, "must not contain the NUL character");
        }
        parameters
    }

    /// A parameter that may be absent; an empty one counts as absent.
    pub fn optional<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        let value = self
            .pairs
            .iter()
            .find(|(known, value)| known == name && !value.is_empty())?
            .1
            .clone();
        match value.parse() {
            Ok(parsed) => Some(parsed),
            Err(why) => {
                self.fault(name, &why.to_string());
                None
            }
        }
    }

    /// A parameter that must be there. `None` goes with a fault, so the handler is never reached.
    pub fn required<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        let before = self.faults.len();
        let value = self.optional(name);
        if value.is_none() && self.faults.len() == before {
            self.fault(name, "is required");
        }
        value
    }

    /// A list, in the order in which it came, each value once.
    pub fn list<T: FromStr<Err: Display> + PartialEq>(&mut self, name: &str) -> Vec<T> {
        let values = self
            .pairs
            .iter()
            .filter(|(known, _)| known == name)
            .flat_map(|(_, value)| value.split(','));
        let mut parsed: Vec<T> = Vec::new();
        for value in values.map(str::trim).filter(|value| !value.is_empty()) {
            match value.parse() {
                Ok(value) if parsed.contains(&value) => {}
                Ok(value) => parsed.push(value),
                Err(why) => {
                    let fault = Fault::in_parameter(Place::Query, name, why.to_string());
                    self.faults.push(fault);
                    break;
                }
            }
        }
        parsed
    }

    pub fn flag(&mut self, name: &str) -> Option<bool> {
        let text: String = self.optional(name)?;
        match text.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.fault(name, "must be true or false");
                None
            }
        }
    }

    /// `limit` and `offset`.
    pub fn page(&mut self) -> Page {
        let usual = Page::default();
        let limit = self
            .number("limit", 1, Page::LARGEST)
            .unwrap_or(usual.limit);
        let offset = self
            .number("offset", 0, i32::MAX.cast_unsigned())
            .unwrap_or(usual.offset);
        Page {
            limit,
            offset,
            cursor: None,
        }
    }

    /// The same with a `cursor` in the place of `offset`, for lists that know one.
    pub fn page_or_cursor(&mut self) -> Page {
        let cursor = self.optional("cursor");
        let page = self.page();
        if cursor.is_some() && page.offset > 0 {
            self.fault("offset", "does not go with a cursor");
        }
        Page { cursor, ..page }
    }

    /// A whole number within bounds.
    pub fn number(&mut self, name: &str, least: u32, most: u32) -> Option<u32> {
        let text: String = self.optional(name)?;
        match text.parse() {
            Ok(number) if (least..=most).contains(&number) => Some(number),
            _ => {
                self.fault(
                    name,
                    &format!("must be a whole number from {least} to {most}"),
                );
                None
            }
        }
    }

    fn fault(&mut self, name: &str, why: &str) {
        self.faults
            .push(Fault::in_parameter(Place::Query, name, why));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::WorkspaceId;

    #[test]
    fn lists_come_repeated_or_with_commas() {
        let [a, b] = [
            "11111111-1111-4111-8111-111111111111",
            "22222222-2222-4222-8222-222222222222",
        ];
        for query in [
            format!("ids={a}&ids={b}"),
            format!("ids={a}%2C{b}"),
            format!("ids={a},{b},{a}&ids="),
        ] {
            let mut parameters = Parameters::parse(&query);
            let ids: Vec<WorkspaceId> = parameters.list("ids");
            assert_eq!(
                ids.iter().map(ToString::to_string).collect::<Vec<_>>(),
                [a, b],
                "{query}"
            );
        }
    }

    #[test]
    fn every_fault_is_reported() {
        let mut parameters = Parameters::parse("limit=0&offset=x&ids=1&flag=maybe&name=%00");
        parameters.page();
        let _: Vec<WorkspaceId> = parameters.list("ids");
        parameters.flag("flag");
        let _: Option<String> = parameters.required("absent");
        let pointers: Vec<_> = parameters
            .faults
            .iter()
            .map(|fault| fault.pointer.as_str())
            .collect();
        assert_eq!(
            pointers,
            ["/name", "/limit", "/offset", "/ids", "/flag", "/absent"]
        );
    }
}
