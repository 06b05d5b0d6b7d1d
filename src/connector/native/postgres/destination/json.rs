//! JSON that PostgreSQL takes. `jsonb` is pickier than the grammar: no NUL in strings, no halves of
//! letters, no numbers beyond `numeric`, no endless nesting. One walk over the text finds and mends that.

use std::borrow::Cow;

use super::decimal::numeric;

/// Deeper than this, PostgreSQL may run out of stack.
const DEEPEST: usize = 1000;
/// Digits alone, fewer than this, need no look.
const UNSEEN: usize = 100;

/// The text without what `jsonb` refuses; `None` when it cannot be mended.
pub(super) fn clean(text: &str) -> Option<Cow<'_, str>> {
    Some(match fitted(text)? {
        Cow::Borrowed(text) => mend(text),
        Cow::Owned(text) => Cow::Owned(mend(&text).into_owned()),
    })
}

/// A string without NULs; halves of letters become the replacement character. The text is that of a JSON
/// value, with its quotes and escapes.
pub(super) fn mend(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut mended = String::new();
    // Up to here it is in `mended`.
    let mut taken = 0;
    let mut at = 0;
    while let Some(offset) = memchr::memchr(b'\\', &bytes[at..]) {
        let start = at + offset;
        at = start + 2;
        let Some(unit) = escape(bytes, start) else {
            continue;
        };
        at = start + 6;
        let whole = match unit {
            0xd800..0xdc00 => escape(bytes, at).is_some_and(|low| (0xdc00..0xe000).contains(&low)),
            unit => unit != 0 && !(0xdc00..0xe000).contains(&unit),
        };
        if whole {
            if (0xd800..0xdc00).contains(&unit) {
                at += 6;
            }
            continue;
        }
        mended.push_str(&text[taken..start]);
        if unit != 0 {
            mended.push(char::REPLACEMENT_CHARACTER);
        }
        taken = at;
    }
    if taken == 0 {
        return Cow::Borrowed(text);
    }
    mended.push_str(&text[taken..]);
    Cow::Owned(mended)
}

/// The four digits of `\uXXXX`.
fn escape(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    let digits = std::str::from_utf8(digits).ok()?;
    u32::from_str_radix(digits, 16).ok()
}

/// The text with numbers that `numeric` reads, unless one of them or the nesting is beyond all bounds.
fn fitted(text: &str) -> Option<Cow<'_, str>> {
    let bytes = text.as_bytes();
    let mut fitted = String::new();
    // Up to here it is in `fitted`.
    let mut taken = 0;
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => at = string_end(bytes, at),
            b'{' | b'[' => {
                depth += 1;
                if depth > DEEPEST {
                    return None;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'-' | b'0'..=b'9' => {
                let part = |byte: &&u8| byte.is_ascii_digit() || b".eE+-".contains(byte);
                let start = at - 1;
                at += bytes[at..].iter().take_while(part).count();
                let number = &text[start..at];
                if number.len() < UNSEEN && number.bytes().all(|byte| byte.is_ascii_digit()) {
                    continue;
                }
                if let Cow::Owned(other) = numeric(number)? {
                    fitted.push_str(&text[taken..start]);
                    fitted.push_str(&other);
                    taken = at;
                }
            }
            _ => {}
        }
    }
    if taken == 0 {
        return Some(Cow::Borrowed(text));
    }
    fitted.push_str(&text[taken..]);
    Some(Cow::Owned(fitted))
}

/// Where a string ends that begins before `at`.
fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(offset) = memchr::memchr2(b'"', b'\\', &bytes[at.min(bytes.len())..]) {
        at += offset;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_jsonb_refuses_is_mended() {
        for (given, mended) in [
            (r#"{"a":"b\u0000c\\u0000"}"#, r#"{"a":"bc\\u0000"}"#),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\ud83d x \ude00""#, "\"\u{fffd} x \u{fffd}\""),
            (r#""\ud83d\ud83d\ude00""#, "\"\u{fffd}\\ud83d\\ude00\""),
            (r#"["\u0041\n\"",1.5e3]"#, r#"["\u0041\n\"",15e2]"#),
            (r#"{"a":0e99999999999,"b":"\u0000"}"#, r#"{"a":0,"b":""}"#),
            (r#""\u0000\u0000""#, r#""""#),
        ] {
            assert_eq!(clean(given).as_deref(), Some(mended));
        }
    }

    #[test]
    fn what_cannot_be_mended_is_found() {
        let deep = format!("{}{}", "[".repeat(2000), "]".repeat(2000));
        for text in [deep.as_str(), r#"{"a":[1e200000]}"#, "-1e-20000"] {
            assert_eq!(clean(text), None);
        }
        for text in [r#"{"a":"[[1e200000]]\""}"#, "1e1000", "-1.50", "null"] {
            assert_eq!(clean(text).as_deref(), Some(text));
        }
    }
}
