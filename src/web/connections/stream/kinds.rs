//! The kinds of mappers as the form offers them, and which fields each has. A field is called as in the API, so
//! that a mapper of the API is read into the form and out of it by the same table.

use serde_json::{Map, Value, json};

use crate::domain::mapper::{AesMode, Condition, Deed, Encryption};

/// What a mapper does, as people choose it. Filtering of rows and encryption come in more than one shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Hash,
    Rename,
    LeaveOut,
    KeepRows,
    DropRows,
    Conditions,
    Aes,
    Rsa,
}

/// A field of a mapper.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    /// As the API calls it.
    pub(super) key: &'static str,
    pub(super) label: &'static str,
    pub(super) look: Look,
    /// What stands in it at first.
    pub(super) first: &'static str,
    /// Whether nothing may stand in it.
    pub(super) optional: bool,
}

/// How a field is filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// The name of a column.
    Column,
    Text,
    Area,
    Secret,
    Choice(&'static [&'static str]),
}

const fn field(key: &'static str, label: &'static str, look: Look) -> Field {
    Field {
        key,
        label,
        look,
        first: "",
        optional: false,
    }
}

const fn optional(key: &'static str, label: &'static str, first: &'static str) -> Field {
    Field {
        first,
        optional: true,
        ..field(key, label, Look::Text)
    }
}

const TARGET: Field = field("targetField", "Column", Look::Column);
const METHODS: Look = Look::Choice(&[
    "SHA-256", "SHA-384", "SHA-512", "SHA-224", "SHA-1", "MD5", "MD2",
]);
const MODES: Look = Look::Choice(&["GCM", "CBC", "CTR", "CFB", "OFB", "ECB"]);
const ENCRYPTED: Field = optional("fieldNameSuffix", "Added to its name", "_encrypted");

const HASH: &[Field] = &[
    TARGET,
    field("method", "Method", METHODS),
    optional("fieldNameSuffix", "Added to its name", "_hashed"),
];
const RENAME: &[Field] = &[
    field("originalFieldName", "Column", Look::Column),
    field("newFieldName", "New name", Look::Text),
];
const ROWS: &[Field] = &[
    field("fieldName", "Column", Look::Column),
    optional("comparisonValue", "Value", ""),
];
const CONDITIONS: &[Field] = &[field("conditions", "Conditions (JSON)", Look::Area)];
const AES: &[Field] = &[
    TARGET,
    ENCRYPTED,
    field("key", "Key", Look::Secret),
    field("mode", "Mode", MODES),
];
const RSA: &[Field] = &[
    TARGET,
    ENCRYPTED,
    field("publicKey", "Public key", Look::Area),
];

impl Kind {
    pub(super) const ALL: [Self; 8] = [
        Self::Hash,
        Self::Rename,
        Self::LeaveOut,
        Self::KeepRows,
        Self::DropRows,
        Self::Conditions,
        Self::Aes,
        Self::Rsa,
    ];

    /// As forms send it.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Hash => "hash",
            Self::Rename => "rename",
            Self::LeaveOut => "leave-out",
            Self::KeepRows => "keep-rows",
            Self::DropRows => "drop-rows",
            Self::Conditions => "conditions",
            Self::Aes => "aes",
            Self::Rsa => "rsa",
        }
    }

    pub(super) fn named(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.key() == key)
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Hash => "Hash a column",
            Self::Rename => "Rename a column",
            Self::LeaveOut => "Leave a column out",
            Self::KeepRows => "Keep only rows with a value",
            Self::DropRows => "Leave out rows with a value",
            Self::Conditions => "Filter rows by conditions",
            Self::Aes => "Encrypt a column (AES)",
            Self::Rsa => "Encrypt a column (RSA)",
        }
    }

    pub(super) fn fields(self) -> &'static [Field] {
        match self {
            Self::Hash => HASH,
            Self::Rename => RENAME,
            Self::LeaveOut => &[TARGET],
            Self::KeepRows | Self::DropRows => ROWS,
            Self::Conditions => CONDITIONS,
            Self::Aes => AES,
            Self::Rsa => RSA,
        }
    }

    /// What there is to know about it.
    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::Aes => {
                "The key has 16, 24 or 32 bytes, in hexadecimal digits. It is kept sealed and never shown."
            }
            Self::Rsa => "The public key in PEM.",
            Self::Conditions => {
                "As the API takes them: EQUAL with fieldName and comparisonValue, or NOT with a list of conditions."
            }
            Self::Hash | Self::Rename | Self::LeaveOut | Self::KeepRows | Self::DropRows => "",
        }
    }

    pub(super) fn of(deed: &Deed) -> Self {
        match deed {
            Deed::Hashing(_) => Self::Hash,
            Deed::FieldRenaming(_) => Self::Rename,
            Deed::FieldFiltering(_) => Self::LeaveOut,
            Deed::RowFiltering(rows) => match &rows.conditions {
                Condition::Equal { .. } => Self::KeepRows,
                Condition::Not { conditions } => match conditions.as_slice() {
                    [Condition::Equal { .. }] => Self::DropRows,
                    _ => Self::Conditions,
                },
            },
            Deed::Encryption(Encryption::Aes { .. }) => Self::Aes,
            Deed::Encryption(Encryption::Rsa { .. }) => Self::Rsa,
        }
    }

    /// A mapper of the API with these texts in its fields.
    pub(super) fn deed(self, mut texts: Map<String, Value>) -> Result<Deed, String> {
        let kind = match self {
            Self::Hash => "hashing",
            Self::Rename => "field-renaming",
            Self::LeaveOut => "field-filtering",
            Self::KeepRows | Self::DropRows | Self::Conditions => "row-filtering",
            Self::Aes | Self::Rsa => "encryption",
        };
        let configuration = match self {
            Self::Hash | Self::Rename | Self::LeaveOut => Value::Object(texts),
            Self::KeepRows | Self::DropRows => {
                texts.insert("type".to_owned(), json!("EQUAL"));
                match self {
                    Self::KeepRows => json!({ "conditions": texts }),
                    _ => json!({ "conditions": { "type": "NOT", "conditions": [texts] } }),
                }
            }
            Self::Conditions => {
                let text = texts.get("conditions").and_then(Value::as_str);
                let parsed: Value = serde_json::from_str(text.unwrap_or_default())
                    .map_err(|why| format!("the conditions are not JSON: {why}"))?;
                json!({ "conditions": parsed })
            }
            Self::Rsa => {
                texts.insert("algorithm".to_owned(), json!("RSA"));
                Value::Object(texts)
            }
            Self::Aes => {
                let mode = texts.get("mode").cloned().unwrap_or_default();
                texts.insert("algorithm".to_owned(), json!("AES"));
                texts.insert("padding".to_owned(), json!(padding(&mode)));
                Value::Object(texts)
            }
        };
        let whole = json!({ "type": kind, "mapperConfiguration": configuration });
        serde_json::from_value(whole).map_err(|why| why.to_string())
    }

    /// The texts of its fields in a mapper of the API.
    pub(super) fn texts(self, deed: &Deed) -> serde_json::Result<Map<String, Value>> {
        let mut whole = serde_json::to_value(deed)?;
        let configuration = whole["mapperConfiguration"].take();
        let conditions = &configuration["conditions"];
        let texts = match self {
            Self::KeepRows => conditions.clone(),
            Self::DropRows => conditions["conditions"][0].clone(),
            Self::Conditions => {
                json!({ "conditions": serde_json::to_string_pretty(conditions)? })
            }
            _ => configuration,
        };
        Ok(texts.as_object().cloned().unwrap_or_default())
    }
}

/// The only padding that a mode works with.
fn padding(mode: &Value) -> &'static str {
    match serde_json::from_value(mode.clone()) {
        Ok(AesMode::Cbc | AesMode::Ecb) => "PKCS5Padding",
        _ => "NoPadding",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_form_reads_it_writes_again() {
        let equal = json!({"type": "EQUAL", "fieldName": "a", "comparisonValue": "1"});
        let not =
            |conditions: Value| json!({"conditions": {"type": "NOT", "conditions": conditions}});
        let of = |kind: &str, configuration: Value| json!({"type": kind, "mapperConfiguration": configuration});
        let aes = |mode: &str, padding: &str| {
            let key = "**********";
            of(
                "encryption",
                json!({"algorithm": "AES", "targetField": "a", "fieldNameSuffix": "", "key": key, "mode": mode, "padding": padding}),
            )
        };
        for (sent, kind) in [
            (
                of(
                    "hashing",
                    json!({"targetField": "a", "method": "MD5", "fieldNameSuffix": "_h"}),
                ),
                Kind::Hash,
            ),
            (
                of(
                    "field-renaming",
                    json!({"originalFieldName": "a", "newFieldName": "b"}),
                ),
                Kind::Rename,
            ),
            (
                of("field-filtering", json!({"targetField": "a"})),
                Kind::LeaveOut,
            ),
            (
                of("row-filtering", json!({"conditions": equal})),
                Kind::KeepRows,
            ),
            (of("row-filtering", not(json!([equal]))), Kind::DropRows),
            (
                of("row-filtering", not(json!([equal, equal]))),
                Kind::Conditions,
            ),
            (aes("CBC", "PKCS5Padding"), Kind::Aes),
            (aes("GCM", "NoPadding"), Kind::Aes),
            (
                of(
                    "encryption",
                    json!({"algorithm": "RSA", "targetField": "a", "fieldNameSuffix": "_e", "publicKey": "k"}),
                ),
                Kind::Rsa,
            ),
        ] {
            let deed: Deed = serde_json::from_value(sent.clone()).expect("a mapper");
            assert_eq!(Kind::of(&deed), kind);
            let texts = kind.texts(&deed).expect("texts");
            let mut shown = Map::new();
            for field in kind.fields() {
                shown.insert(field.key.to_owned(), texts[field.key].clone());
            }
            assert_eq!(kind.deed(shown), Ok(deed), "{sent}");
        }
        for kind in Kind::ALL {
            assert_eq!(Kind::named(kind.key()), Some(kind));
        }
        assert_eq!(Kind::named("no such"), None);
    }
}
