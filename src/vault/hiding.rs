//! Hiding secrets in text that others will read, such as the log of a run. Four characters or more are
//! hidden wherever they occur, shorter secrets only as whole words: a PIN must not be told, and an `a`
//! must not make a log unreadable. Also hidden is how a secret looks inside JSON, inside a URL, in
//! base64 (as HTTP Basic and tokens have it), and each longer line of one that has several.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::Value;

use super::configuration::{MASK, SecretValue};

/// From here on a secret is hidden inside of words, too.
const LONG: usize = 4;

/// From here on a line of a longer secret is hidden by itself.
const LONG_LINE: usize = 8;

/// Knows the secrets of a run; made once, used for many lines.
#[derive(Clone)]
pub struct Veil {
    finder: Option<AhoCorasick>,
    /// Whether each pattern counts as a whole word only.
    words: Vec<bool>,
}

impl fmt::Debug for Veil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Veil({} patterns)", self.words.len())
    }
}

impl Veil {
    /// Give it secrets as a run uses them: with references resolved.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a SecretValue>) -> Self {
        let mut texts = BTreeSet::new();
        for secret in secrets {
            gather(secret.reveal(), &mut texts);
        }
        texts.remove("");
        let words = texts
            .iter()
            .map(|text| text.chars().count() < LONG)
            .collect();
        let finder = if texts.is_empty() {
            None
        } else {
            // Only secrets beyond all memory would make it fail.
            AhoCorasick::new(&texts).ok()
        };
        Self { finder, words }
    }

    /// The text with masks in the places of secrets. Overlapping secrets become one mask.
    #[must_use]
    pub fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let Some(finder) = &self.finder else {
            return Cow::Borrowed(text);
        };
        let mut hidden: Vec<(usize, usize)> = Vec::new();
        for found in finder.find_overlapping_iter(text) {
            let (mut start, end) = (found.start(), found.end());
            if self.words[found.pattern().as_usize()] && !is_word(text, start, end) {
                continue;
            }
            // They come in the order of their ends.
            while let Some(&(before, until)) = hidden.last().filter(|(_, until)| *until > start) {
                debug_assert!(until <= end);
                start = start.min(before);
                hidden.pop();
            }
            hidden.push((start, end));
        }
        if hidden.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut shown = String::with_capacity(text.len());
        let mut from = 0;
        for (start, end) in hidden {
            shown.push_str(&text[from..start]);
            shown.push_str(MASK);
            from = end;
        }
        shown.push_str(&text[from..]);
        Cow::Owned(shown)
    }
}

/// Every text in a value by which it could be recognised.
fn gather(value: &Value, texts: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => members.values().for_each(|member| gather(member, texts)),
        Value::Array(elements) => elements.iter().for_each(|element| gather(element, texts)),
        Value::String(text) => gather_text(text, texts),
        Value::Number(number) => drop(texts.insert(number.to_string())),
        // Every log is full of them.
        Value::Bool(_) | Value::Null => {}
    }
}

fn gather_text(text: &str, texts: &mut BTreeSet<String>) {
    let trimmed = text.trim();
    for text in [text, trimmed] {
        texts.insert(text.to_owned());
    }
    let lines = trimmed.lines().map(str::trim);
    let lines = lines.filter(|line| line.chars().count() >= LONG_LINE && !is_frame(line));
    texts.extend(lines.map(str::to_owned));
    if text.chars().count() < LONG {
        return;
    }
    let quoted = Value::from(text).to_string();
    texts.insert(quoted[1..quoted.len() - 1].to_owned());
    let form: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    texts.insert(form.replace('+', "%20"));
    texts.insert(form);
    if text.len() >= LONG_LINE {
        // Three ways, by what stands before it in the same group of three bytes; only the characters
        // that do not depend on its neighbours.
        for before in 0..3 {
            let bytes = [&[0; 3][..before], text.as_bytes()].concat();
            let encoded = STANDARD_NO_PAD.encode(&bytes);
            let (start, end) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
            texts.insert(encoded[start..end].to_owned());
        }
    }
}

/// The line before or after a key in PEM, which many have in common and nobody needs to hide.
fn is_frame(line: &str) -> bool {
    line.starts_with("-----") && line.ends_with("-----")
}

fn is_word(text: &str, start: usize, end: usize) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    !text[..start].chars().next_back().is_some_and(part_of_word)
        && !text[end..].chars().next().is_some_and(part_of_word)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn veil(values: &[Value]) -> Veil {
        let secrets: Vec<_> = values.iter().cloned().map(SecretValue::new).collect();
        Veil::new(&secrets)
    }

    #[test]
    fn secrets_are_hidden_wherever_they_occur() {
        let cases = [
            (
                json!("hush"),
                "say hush, rehushed",
                "say **********, re**********ed",
            ),
            (
                json!("abc"),
                "abc dabc abc_ (abc)",
                "********** dabc abc_ (**********)",
            ),
            (
                json!("a"),
                "a cat, a hat: a",
                "********** cat, ********** hat: **********",
            ),
            (
                json!(4711),
                "pin 4711 in 147110",
                "pin ********** in 1**********0",
            ),
            (json!(42), "42 of 142", "********** of 142"),
            (
                json!("pass\"word\n"),
                r#"{"p":"pass\"word\n"}"#,
                r#"{"p":"**********"}"#,
            ),
            (
                json!("p@ss word"),
                "?p=p%40ss+word&q=p%40ss%20word",
                "?p=**********&q=**********",
            ),
            (json!("grüße"), "viele grüße!", "viele **********!"),
            (
                json!({ "id": "user-1", "key": ["hush"] }),
                "user-1:hush",
                "**********:**********",
            ),
            (json!(true), "true", "true"),
            (json!(""), "nothing", "nothing"),
        ];
        for (secret, text, expected) in cases {
            assert_eq!(
                veil(std::slice::from_ref(&secret)).hide(text),
                expected,
                "{secret}"
            );
        }
    }

    #[test]
    fn overlapping_secrets_leave_nothing_between_them() {
        let veil = veil(&[
            json!("abcdef"),
            json!("defghi"),
            json!("cdef"),
            json!("abcdefghijk"),
        ]);
        assert_eq!(veil.hide("1abcdefghi2"), "1**********2");
        assert_eq!(veil.hide("1abcdefghijk2cdef"), "1**********2**********");
    }

    #[test]
    fn the_lines_of_a_key_are_hidden_one_by_one() {
        let key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQ==\n-----END KEY-----\n";
        let veil = veil(&[json!(key)]);
        assert_eq!(veil.hide("at kqhkiG9w0BAQ=="), "at **********");
        assert_eq!(veil.hide("-----BEGIN KEY-----"), "-----BEGIN KEY-----");
        let message = json!({ "message": key }).to_string();
        assert!(
            !veil.hide(&message).contains("MIIE"),
            "{}",
            veil.hide(&message)
        );
    }

    #[test]
    fn base64_of_a_secret_is_hidden_whatever_stands_before_and_after() {
        let veil = veil(&[json!("the-password")]);
        for before in ["", "u", "us", "use", "user:"] {
            for after in ["", "1", "12", "123"] {
                let whole = format!("{before}the-password{after}");
                let line = format!("authorization: Basic {}", STANDARD_NO_PAD.encode(whole));
                let shown = veil.hide(&line);
                assert!(shown.contains(MASK), "{line}");
                assert!(shown.len() < 21 + 10 + 14, "{shown}");
            }
        }
    }

    #[test]
    fn text_without_secrets_is_handed_back_as_it_is() {
        assert!(matches!(veil(&[]).hide("text"), Cow::Borrowed("text")));
        assert!(matches!(
            veil(&[json!("hush")]).hide("text"),
            Cow::Borrowed("text")
        ));
        assert_eq!(format!("{:?}", veil(&[json!("ab")])), "Veil(1 patterns)");
    }
}
