//! How much of a list is asked for. The order inside is always fixed and ends in the id.

use std::fmt;
use std::str::FromStr;

use chrono::DateTime;
use uuid::Uuid;

use crate::clock::Timestamp;

/// The part of a list that a caller asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many items, 1 to [`Page::LARGEST`].
    pub limit: u32,
    /// How many items to leave out first.
    pub offset: u32,
    /// Where to go on, for those who do not count. The offset is 0 then.
    pub cursor: Option<Cursor>,
}

/// Where somebody who reads a list page by page has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cursor {
    /// Nowhere yet.
    Start,
    After(Mark),
}

/// Where an item stands in its list: its time in the order of the list, then its id. It is found in an index
/// at any depth, and stays where it is whatever is removed before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    pub at: Timestamp,
    id: u128,
}

impl Mark {
    /// Before everything.
    pub const LEAST: Self = Self {
        at: DateTime::UNIX_EPOCH,
        id: 0,
    };

    pub fn new(at: Timestamp, id: impl Into<Uuid>) -> Self {
        Self {
            at,
            id: id.into().as_u128(),
        }
    }

    /// Where a thing stands whose ids are numbers.
    #[must_use]
    pub fn numbered(at: Timestamp, number: i64) -> Self {
        Self {
            at,
            id: u128::from(number.cast_unsigned()),
        }
    }

    #[must_use]
    pub fn id(&self) -> Uuid {
        Uuid::from_u128(self.id)
    }

    /// The id as a number; the largest where it is none.
    #[must_use]
    pub fn number(&self) -> i64 {
        i64::try_from(self.id).unwrap_or(i64::MAX)
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{:x}", self.at.timestamp_micros(), self.id)
    }
}

impl FromStr for Cursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "must be `start`, or what the `next` of an earlier page says";
        if text == "start" {
            return Ok(Self::Start);
        }
        let (micros, id) = text.split_once('-').ok_or(WRONG)?;
        let micros = u64::from_str_radix(micros, 16).map_err(|_| WRONG)?;
        let at = i64::try_from(micros).ok();
        let at = at.and_then(DateTime::from_timestamp_micros).filter(within);
        let id = u128::from_str_radix(id, 16).map_err(|_| WRONG)?;
        Ok(Self::After(Mark {
            at: at.ok_or(WRONG)?,
            id,
        }))
    }
}

/// Whether both engines can write this time, and in the order of times.
fn within(at: &Timestamp) -> bool {
    use chrono::Datelike as _;
    at.year() < 10_000
}

impl Page {
    /// How many items a page has when nobody says.
    pub const USUAL: u32 = 20;
    /// How many items a page has at most.
    pub const LARGEST: u32 = 100;

    /// One item more than asked: it only tells whether there is a next page.
    #[must_use]
    pub fn one_more(self) -> usize {
        self.limit as usize + 1
    }

    #[must_use]
    pub fn offset(self) -> usize {
        self.offset as usize
    }

    /// The item that the page comes after, if that is known by a cursor.
    #[must_use]
    pub fn after(self) -> Option<Mark> {
        match self.cursor {
            Some(Cursor::After(mark)) => Some(mark),
            Some(Cursor::Start) | None => None,
        }
    }
}

impl Default for Page {
    fn default() -> Self {
        Self {
            limit: Self::USUAL,
            offset: 0,
            cursor: None,
        }
    }
}

/// The items of one page, and whether more follow.
#[derive(Debug)]
pub struct Slice<T> {
    pub items: Vec<T>,
    pub more: bool,
    /// Where the last item stands, on pages that are found by cursors.
    pub last: Option<Mark>,
}

impl<T> Slice<T> {
    /// Cuts off the item that was fetched on top of the page.
    #[must_use]
    pub fn of(page: Page, mut items: Vec<T>) -> Self {
        let more = items.len() > page.limit as usize;
        items.truncate(page.limit as usize);
        Self::whole(items, more)
    }

    /// Items that are a page already.
    #[must_use]
    pub fn whole(items: Vec<T>, more: bool) -> Self {
        Self {
            items,
            more,
            last: None,
        }
    }

    /// The same, knowing where its last item stands if somebody may go on from there.
    #[must_use]
    pub fn marked(mut self, page: Page, mark: impl Fn(&T) -> Mark) -> Self {
        if page.cursor.is_some() {
            self.last = self.items.last().map(mark);
        }
        self
    }

    /// Other items in the same places.
    ///
    /// # Errors
    /// The first of `change`.
    pub fn try_map<U, E>(self, change: impl FnMut(T) -> Result<U, E>) -> Result<Slice<U>, E> {
        let items = self.items.into_iter().map(change);
        Ok(Slice {
            items: items.collect::<Result<_, E>>()?,
            more: self.more,
            last: self.last,
        })
    }

    /// Other items in the same places.
    #[must_use]
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Slice<U> {
        Slice {
            items: self.items.into_iter().map(change).collect(),
            more: self.more,
            last: self.last,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_mark() {
        let at = DateTime::from_timestamp_micros(1_893_456_000_123_456).expect("a time");
        for mark in [
            Mark::LEAST,
            Mark::new(at, Uuid::from_u128(u128::MAX)),
            Mark::numbered(at, 17),
        ] {
            assert_eq!(mark.to_string().parse(), Ok(Cursor::After(mark)), "{mark}");
        }
        assert_eq!("start".parse(), Ok(Cursor::Start));
        for wrong in [
            "Start",
            "-",
            "1",
            "1-",
            "-1",
            "x-1",
            "1-x",
            "1-1-1",
            "1--1",
            "-1-1",
            "ffffffffffffffff-1",
            "7fffffffffffffff-1",
            "1-fffffffffffffffffffffffffffffffff",
        ] {
            assert!(wrong.parse::<Cursor>().is_err(), "{wrong}");
        }
    }
}
