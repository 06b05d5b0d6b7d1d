//! Lists that are shown page by page: the page that somebody asked for, and the ways to those around it.

use super::form::Fields;
use crate::domain::page::Page;

/// Which page of a list, counted from 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number(u32);

impl Number {
    pub(super) const FIRST: Self = Self(1);

    /// What a query asks for: the first one, when that makes no sense.
    pub(super) fn asked(query: &Fields) -> Self {
        let number: u32 = query.get("page").parse().unwrap_or(1);
        Self(number.clamp(1, 1_000_000))
    }

    /// That part of the list, with so many on a page.
    pub(super) fn part(self, limit: u32) -> Page {
        Page {
            limit,
            offset: (self.0 - 1) * limit,
            ..Page::default()
        }
    }

    /// The ways from it, in a list that may go on and whose pages have such addresses.
    pub(super) fn ways(self, more: bool, address: impl Fn(u32) -> String) -> Ways {
        Ways {
            before: (self.0 > 1).then(|| address(self.0 - 1)),
            after: more.then(|| address(self.0 + 1)),
        }
    }
}

/// The addresses of the pages around one.
#[derive(Debug)]
pub(super) struct Ways {
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}
