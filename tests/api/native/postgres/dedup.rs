//! Deduplication, held against a model that is as plain as can be.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::{Way, state, status};
use super::{Base, complete, pet, pets};

/// A generator of numbers that are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

fn fields() -> Value {
    json!({"id": {"type": "integer"}, "part": {"type": "string"}, "version": {"type": "integer"},
        "name": {"type": "string"}, "_ab_cdc_deleted_at": {"type": "string", "format": "date-time"}})
}

fn catalog(generations: (i64, i64)) -> Value {
    let mut catalog = pets(&fields(), "append_dedup", generations);
    catalog["streams"][0]["primary_key"] = json!([["id"], ["part"]]);
    catalog["streams"][0]["cursor_field"] = json!(["version"]);
    catalog
}

/// A key; NULL is one too.
type Key = (i64, Option<String>);
/// What orders the rows of a key.
type Age = (Option<i64>, i64);

#[derive(Debug, Clone, PartialEq)]
struct Row {
    age: Age,
    name: String,
    deleted: bool,
}

fn random_rows(dice: &mut Dice, now: &mut i64, count: usize) -> Vec<(Key, Row)> {
    let row = |dice: &mut Dice, now: &mut i64| {
        // Often two records have the very same time.
        *now += i64::try_from(dice.below(2)).expect("small");
        let part = (dice.below(5) > 0).then(|| format!("p{}", dice.below(2)));
        let version = (dice.below(6) > 0).then(|| i64::try_from(dice.below(10)).expect("small"));
        let key = (i64::try_from(dice.below(40)).expect("small"), part);
        let name = format!("n{}", dice.below(1_000_000));
        let deleted = dice.below(8) == 0;
        (
            key,
            Row {
                age: (version, *now),
                name,
                deleted,
            },
        )
    };
    (0..count).map(|_| row(dice, now)).collect()
}

fn record(key: &Key, row: &Row) -> String {
    let deleted = row.deleted.then_some("2024-01-01T00:00:00Z");
    let data = json!({"id": key.0, "part": key.1, "version": row.age.0, "name": row.name,
        "_ab_cdc_deleted_at": deleted});
    pet(&data, row.age.1)
}

/// What one run does to what is there: the newest of the run, of equals the last, against what is there.
fn merge(there: &mut BTreeMap<Key, Row>, rows: &[(Key, Row)], hard: bool) {
    let mut newest: BTreeMap<Key, Row> = BTreeMap::new();
    for (key, row) in rows {
        match newest.get(key) {
            Some(other) if other.age > row.age => {}
            _ => drop(newest.insert(key.clone(), row.clone())),
        }
    }
    for (key, row) in newest {
        if there.get(&key).is_some_and(|old| old.age >= row.age) {
            continue;
        }
        if row.deleted && hard {
            there.remove(&key);
        } else {
            there.insert(key, row);
        }
    }
}

fn found(base: &Base) -> BTreeMap<Key, Row> {
    let rows = base.rows(
        "SELECT id, part, version, name, _ab_cdc_deleted_at IS NOT NULL AS deleted, \
         (extract(epoch FROM _airbyte_extracted_at) * 1000)::bigint AS at FROM pets",
    );
    let count = rows.len();
    let found: BTreeMap<_, _> = rows
        .iter()
        .map(|row| {
            let key = (
                row["id"].as_i64().expect("a key"),
                row["part"].as_str().map(str::to_owned),
            );
            let age = (row["version"].as_i64(), row["at"].as_i64().expect("a time"));
            let name = row["name"].as_str().expect("a name").to_owned();
            let deleted = row["deleted"].as_bool().expect("a sign");
            (key, Row { age, name, deleted })
        })
        .collect();
    assert_eq!(found.len(), count, "a key is there twice");
    found
}

#[test]
fn one_row_for_each_key_and_it_is_the_newest() {
    for hard in [true, false] {
        let base = Base::new();
        let mut configuration = base.configuration();
        configuration["cdc_deletion_mode"] =
            json!(if hard { "Hard delete" } else { "Soft delete" });
        let (mut dice, mut now) = (Dice(u64::from(hard) + 7), 1_700_000_000_000);
        let mut model = BTreeMap::new();
        for round in 0..6 {
            let rows = random_rows(&mut dice, &mut now, 120);
            let mut input: String = rows.iter().map(|(key, row)| record(key, row)).collect();
            // Incomplete or not: what was read is merged.
            input += &status(
                "pets",
                if round % 2 == 0 {
                    "COMPLETE"
                } else {
                    "INCOMPLETE"
                },
            );
            let run = base.place.write(
                Way::Inside,
                "postgres",
                &configuration,
                &catalog((0, 0)),
                &input,
            );
            assert_eq!((run.code, run.error()), (Some(0), None));
            merge(&mut model, &rows, hard);
            assert_eq!(found(&base), model, "round {round}");
            assert_eq!(base.left_beside(), 0);
        }
        assert!(model.len() > 30, "{}", model.len());
    }
}

#[test]
fn a_refresh_replaces_all_rows_when_it_is_complete() {
    let base = Base::new();
    let (mut dice, mut now) = (Dice(3), 1_700_000_000_000);
    let old = random_rows(&mut dice, &mut now, 100);
    let lines = |rows: &[(Key, Row)]| {
        rows.iter()
            .map(|(key, row)| record(key, row))
            .collect::<Vec<_>>()
    };
    let with = |rows: &[(Key, Row)], end: &str| [lines(rows), vec![end.to_owned()]].concat();
    base.load(&catalog((1, 0)), &with(&old, &complete()));
    let before = found(&base);
    let (first, second) = (
        random_rows(&mut dice, &mut now, 30),
        random_rows(&mut dice, &mut now, 30),
    );
    let run = base.write(
        Way::Child,
        &catalog((2, 2)),
        &with(
            &first,
            &[state("pets", 1), status("pets", "INCOMPLETE")].concat(),
        ),
    );
    assert_eq!((run.code, run.all("STATE").len()), (Some(0), 1));
    assert_eq!(found(&base), before);
    base.load(&catalog((2, 2)), &with(&second, &complete()));
    let mut model = BTreeMap::new();
    merge(&mut model, &[first, second].concat(), true);
    assert_eq!(found(&base), model);
    // The same generation goes on, and is merged.
    let third = random_rows(&mut dice, &mut now, 30);
    base.load(&catalog((2, 2)), &with(&third, &complete()));
    merge(&mut model, &third, true);
    assert_eq!((found(&base), base.left_beside()), (model, 0));
}
