//! A keyed hash of a whole configuration: equal exactly when the configuration is, and telling nobody
//! without the key which secrets are in it.

use hmac::Mac as _;
use serde_json::Value;

use super::sealing::Key;

/// The fingerprint of a value. The order of an object's members does not count.
#[must_use]
pub fn fingerprint(key: &Key, whole: &Value) -> [u8; 32] {
    let mut mac = key.mac();
    canonical(whole, &mut |part| mac.update(part.as_bytes()));
    mac.finalize().into_bytes().into()
}

/// The value as text with sorted keys: one text for equal values.
#[must_use]
pub fn canonical_text(value: &Value) -> String {
    let mut text = String::new();
    canonical(value, &mut |part| text.push_str(part));
    text
}

fn canonical(value: &Value, out: &mut impl FnMut(&str)) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            out("{");
            for (index, (name, member)) in members.into_iter().enumerate() {
                out(if index == 0 { "" } else { "," });
                out(&Value::from(name.as_str()).to_string());
                out(":");
                canonical(member, out);
            }
            out("}");
        }
        Value::Array(elements) => {
            out("[");
            for (index, element) in elements.iter().enumerate() {
                out(if index == 0 { "" } else { "," });
                canonical(element, out);
            }
            out("]");
        }
        scalar => out(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use zeroize::Zeroizing;

    use super::*;

    #[test]
    fn equal_configurations_have_equal_fingerprints_and_others_do_not() {
        let key = Key::new(Zeroizing::new([1; 32]));
        let print = |value| fingerprint(&key, &value);
        let one = print(json!({ "a": 1, "b": { "c": [1, "x"], "d": null } }));
        assert_eq!(
            one,
            print(json!({ "b": { "d": null, "c": [1, "x"] }, "a": 1 }))
        );
        for other in [
            json!({ "a": 1, "b": { "c": ["x", 1], "d": null } }),
            json!({ "a": "1", "b": { "c": [1, "x"], "d": null } }),
            json!({ "a": 1, "b": { "c": [1, "x"] } }),
            json!({}),
            json!([]),
        ] {
            assert_ne!(one, print(other));
        }
        let other_key = Key::new(Zeroizing::new([2; 32]));
        assert_ne!(print(json!({})), fingerprint(&other_key, &json!({})));
    }
}
