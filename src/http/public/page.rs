//! One page of a list on its way out: the items and the links to the pages around it. Links are
//! absolute, keep every filter and point to the address that the client used.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;
use utoipa::IntoParams;

use crate::clock::Timestamp;
use crate::domain::page::{Page, Slice};
use crate::request::Base;

/// An item that writes itself as JSON; pages are the hottest answers there are.
pub trait WriteJson {
    fn write_json(&self, out: &mut Vec<u8>);
}

/// Appends an id as a JSON string.
pub fn write_id(id: impl Into<uuid::Uuid>, out: &mut Vec<u8>) {
    let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
    let text = id.into().as_hyphenated().encode_lower(&mut text);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// Appends text as a JSON string.
pub fn write_text(text: &str, out: &mut Vec<u8>) {
    // Writing to a vector does not fail, and a text is always JSON.
    let _ = serde_json::to_writer(out, text);
}

/// A time as answers show it.
pub fn time(moment: Timestamp) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Values as one parameter of a link.
pub fn commas<T: ToString>(values: &[T]) -> String {
    let texts: Vec<_> = values.iter().map(ToString::to_string).collect();
    texts.join(",")
}

/// The whole answer of a list that has no pages.
pub fn respond_whole<T: WriteJson>(items: &[T]) -> Response {
    let mut body = Vec::with_capacity(64 + items.len() * 256);
    body.extend_from_slice(b"{\"data\":");
    write_items(items, &mut body);
    body.push(b'}');
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// The answer with one item.
pub fn respond_one(item: &impl WriteJson) -> Response {
    let mut body = Vec::with_capacity(1024);
    item.write_json(&mut body);
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn write_items<T: WriteJson>(items: &[T], body: &mut Vec<u8>) {
    body.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        item.write_json(body);
    }
    body.push(b']');
}

/// The parameters of every list that has pages, for the document; `Parameters::page` reads them.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only describes")]
pub struct PageParameters {
    /// How many items.
    #[param(required = false, minimum = 1, maximum = 100, default = 20)]
    limit: i32,
    /// How many items to leave out first.
    #[param(required = false, minimum = 0, default = 0)]
    offset: i32,
}

/// The parameter of those lists that can be read without counting; `Parameters::page_or_cursor` reads it.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only describes")]
pub struct CursorParameter {
    /// `start`, in the place of `offset`: `next` then leads from page to page by cursors. A page takes as long
    /// at any depth, and none is missed or seen twice when items are created or deleted meanwhile.
    #[param(required = false)]
    cursor: String,
}

/// The links to the pages around one; empty where there is none.
#[derive(Debug)]
pub struct Links {
    previous: String,
    next: String,
}

impl Links {
    /// For lists that leave out what is not there.
    #[must_use]
    pub fn previous(&self) -> Option<String> {
        Some(self.previous.clone()).filter(|link| !link.is_empty())
    }

    /// For lists that leave out what is not there.
    #[must_use]
    pub fn next(&self) -> Option<String> {
        Some(self.next.clone()).filter(|link| !link.is_empty())
    }

    /// `path` is the list's own, `filters` are the parameters to keep, in order.
    pub fn new<T>(
        base: &Base,
        path: &str,
        filters: &[(&str, String)],
        page: Page,
        slice: &Slice<T>,
    ) -> Self {
        let link = |name: &str, value: String| {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(filters);
            query.append_pair("limit", &page.limit.to_string());
            query.append_pair(name, &value);
            format!("{}{path}?{}", base.0, query.finish())
        };
        let previous = if page.offset == 0 {
            String::new()
        } else {
            link("offset", page.offset.saturating_sub(page.limit).to_string())
        };
        let next = match slice.last {
            _ if !slice.more => String::new(),
            Some(last) => link("cursor", last.to_string()),
            None => link("offset", (page.offset + page.limit).to_string()),
        };
        Self { previous, next }
    }
}

/// The whole answer. `path` is the list's own, `filters` are the parameters to keep, in order.
pub fn respond<T: WriteJson>(
    base: &Base,
    path: &str,
    filters: &[(&str, String)],
    page: Page,
    slice: &Slice<T>,
) -> Response {
    let links = Links::new(base, path, filters, page, slice);
    let mut body = Vec::with_capacity(256 + slice.items.len() * 1024);
    body.extend_from_slice(b"{\"previous\":");
    write_text(&links.previous, &mut body);
    body.extend_from_slice(b",\"next\":");
    write_text(&links.next, &mut body);
    body.extend_from_slice(b",\"data\":");
    write_items(&slice.items, &mut body);
    body.push(b'}');
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}
