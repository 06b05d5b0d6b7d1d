//! Whatever is split can be joined again, tried with made-up specifications and configurations.

use serde_json::{Value, json};

use super::super::{MASK, Stored, join, merge, split};

/// A small generator of numbers, so that a failing round trip can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed >> 33) % sides
    }

    fn value(&mut self, depth: u64) -> Value {
        match self.roll(if depth == 0 { 5 } else { 14 }) {
            0 => Value::Null,
            1 => json!(self.roll(2) == 0),
            2 => json!(self.roll(1000)),
            3 => json!(format!("s{}", self.roll(20))),
            4 => json!(MASK.trim_end_matches('*').to_owned() + "x"),
            5..=8 => (0..=self.roll(3)).map(|_| self.value(depth - 1)).collect(),
            _ => {
                let names = 1 + self.roll(4);
                let members = (0..names).map(|_| {
                    let name =
                        ["a", "b", "c/d", "e~f", ""][usize::try_from(self.roll(5)).expect("small")];
                    (name.to_owned(), self.value(depth - 1))
                });
                Value::Object(members.collect())
            }
        }
    }

    fn schema(&mut self, depth: u64) -> Value {
        if depth == 0 {
            return json!({ "airbyte_secret": self.roll(2) == 0 });
        }
        let mark = self.roll(8) == 0;
        let below = self.schema(depth - 1);
        let other = self.schema(depth - 1);
        match self.roll(6) {
            0 => json!({ "properties": { "a": below, "c/d": other } }),
            1 => json!({ "items": below, "additionalProperties": other }),
            2 => json!({ "oneOf": [below, { "properties": { "b": other } }] }),
            3 => json!({ "items": [below], "additionalItems": other }),
            4 => json!({ "$ref": "#", "patternProperties": { "^[ae]": below, "d$": other } }),
            _ => json!({ "airbyte_secret": mark, "properties": { "b": below }, "items": other }),
        }
    }
}

#[test]
fn joining_what_was_split_gives_the_whole_again_whatever_it_was() {
    let mut hidden = 0;
    for seed in 0..1_000 {
        let mut dice = Dice(seed);
        let (schema, whole) = (dice.schema(3), dice.value(4));
        let first = split(&schema, whole.clone(), None).expect("no masks");
        assert_eq!(join(&first.shown, &first.secrets), whole, "{seed}");
        hidden += first.secrets.len();
        // What was read and is sent back changes nothing, by PUT and by PATCH.
        let stored = Stored {
            shown: &first.shown,
            secrets: &first.secrets,
        };
        for given in [
            first.shown.clone(),
            merge(&first.shown, first.shown.clone()),
        ] {
            assert_eq!(
                split(&schema, given, Some(stored)).expect("kept"),
                first,
                "{seed}"
            );
        }
        // And nothing that is hidden is shown somewhere else.
        for pointer in first.secrets.keys() {
            assert_eq!(first.shown.pointer(pointer), Some(&json!(MASK)), "{seed}");
        }
    }
    assert!(hidden > 200, "{hidden}");
}
