//! How much of a list is asked for. The order inside is always fixed and ends in the id.

/// The part of a list that a caller asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many items, 1 to [`Page::LARGEST`].
    pub limit: u32,
    /// How many items to leave out first.
    pub offset: u32,
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
}

impl Default for Page {
    fn default() -> Self {
        Self {
            limit: Self::USUAL,
            offset: 0,
        }
    }
}

/// The items of one page, and whether more follow.
#[derive(Debug)]
pub struct Slice<T> {
    pub items: Vec<T>,
    pub more: bool,
}

impl<T> Slice<T> {
    /// Cuts off the item that was fetched on top of the page.
    #[must_use]
    pub fn of(page: Page, mut items: Vec<T>) -> Self {
        let more = items.len() > page.limit as usize;
        items.truncate(page.limit as usize);
        Self { items, more }
    }
}
