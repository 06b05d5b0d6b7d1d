//! Lists of values inside a statement. The engines share no array type, so the placeholders are
//! written out; the values are padded to a power of two by repeating the last, so that few different
//! texts exist and each stays prepared.

use sqlx::AssertSqlSafe;

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

/// For SQLite: the rows of `statement`, which shows their `created_at` and `id`, as one row, a JSON array of arrays
/// of `members` of `t`. Its driver hands each row from a thread to ours, and the two, waking one another, take
/// several times as long as the query (decision 0034).
pub(super) fn in_one_row(statement: &'static str, members: &'static str) -> AssertSqlSafe<String> {
    // Safe: literals.
    AssertSqlSafe(format!(
        "SELECT json_group_array(json_array({members}) ORDER BY t.created_at, t.id) FROM ({statement}) AS t"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_padded_to_a_power_of_two() {
        assert_eq!(padded::<i32>(&[]), None);
        assert_eq!(padded(&[1]), Some(vec![1]));
        assert_eq!(padded(&[1, 2, 3]), Some(vec![1, 2, 3, 3]));
        assert_eq!(with_list("a IN ", 2, " b").0, "a IN ($1, $2) b");
        assert_eq!(with_list_after(2, "IN ", 2, "").0, "IN ($3, $4)");
    }
}
