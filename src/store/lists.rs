//! Lists of values inside a statement. The engines share no array type, so the placeholders are
//! written out; the values are padded to a power of two by repeating the last, so that few different
//! texts exist and each stays prepared.

use serde::de::DeserializeOwned;
use sqlx::AssertSqlSafe;

use crate::error::{Error, Result};

/// The values, padded. `None` for no values: `IN ()` is not portable, and there is nothing to find.
pub(super) fn padded<T: Copy>(values: &[T]) -> Option<Vec<T>> {
    let last = *values.last()?;
    let mut padded = values.to_vec();
    padded.resize(values.len().next_power_of_two(), last);
    Some(padded)
}

/// `before` and `after` with `($1, …, $count)` between them.
pub(super) fn with_list(
    before: &'static str,
    count: usize,
    after: &'static str,
) -> AssertSqlSafe<String> {
    with_list_after(0, before, count, after)
}

/// The same, when other values are bound `first`.
pub(super) fn with_list_after(
    first: usize,
    before: &'static str,
    count: usize,
    after: &'static str,
) -> AssertSqlSafe<String> {
    let placeholders: Vec<_> = (1..=count)
        .map(|number| format!("${}", first + number))
        .collect();
    // Safe: two literals around generated placeholders; no value is part of the text.
    AssertSqlSafe(format!("{before}({}){after}", placeholders.join(", ")))
}

/// Stands between what `in_one_row` puts together. JSON has it nowhere: between values it is not allowed, and within
/// texts it is escaped.
const BETWEEN: char = '\u{1e}';

/// For SQLite: the rows of `statement`, which shows their `created_at` and `id`, as one row of text. Its driver hands
/// each row from a thread to ours, and the two, waking one another, take several times as long as the query
/// (decision 0034). A row is a JSON array of `members` of `t`, then its `document`, which is JSON already.
pub(super) fn in_one_row(
    statement: &'static str,
    members: &'static str,
    document: &'static str,
) -> AssertSqlSafe<String> {
    // Safe: literals.
    AssertSqlSafe(format!(
        "SELECT group_concat(json_array({members}) || char(30) || {document}, char(30) \
         ORDER BY t.created_at, t.id) FROM ({statement}) AS t"
    ))
}

/// The rows again, each with its document; the text is `None` when there are none.
pub(super) fn rows_of<T: DeserializeOwned>(text: Option<&str>) -> Result<Vec<(T, &str)>> {
    let mut pieces = text.into_iter().flat_map(|text| text.split(BETWEEN));
    let row = || {
        let row = serde_json::from_str(pieces.next()?).map_err(Error::internal);
        let document = pieces.next().unwrap_or_default();
        Some(row.map(|row| (row, document)))
    };
    std::iter::from_fn(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_apart_again() {
        let text = "[1,\"a\\u001e\"]\u{1e}{\"b\":\"\\u001e\"}\u{1e}[2,\"\"]\u{1e}[]";
        let rows = rows_of::<(u8, String)>(Some(text)).expect("rows");
        let expected = [
            ((1, "a\u{1e}".to_owned()), r#"{"b":"\u001e"}"#),
            ((2, String::new()), "[]"),
        ];
        assert_eq!(rows, expected);
        assert_eq!(rows_of::<u8>(None).expect("no rows"), []);
        assert!(rows_of::<u8>(Some("")).is_err());
    }

    #[test]
    fn values_are_padded_to_a_power_of_two() {
        assert_eq!(padded::<i32>(&[]), None);
        assert_eq!(padded(&[1]), Some(vec![1]));
        assert_eq!(padded(&[1, 2, 3]), Some(vec![1, 2, 3, 3]));
        assert_eq!(with_list("a IN ", 2, " b").0, "a IN ($1, $2) b");
        assert_eq!(with_list_after(2, "IN ", 2, "").0, "IN ($3, $4)");
    }
}
