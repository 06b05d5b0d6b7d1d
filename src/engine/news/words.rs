//! Times and sizes in words, as the messages of the reference have them.

/// `5 sec`, `3 min 5 sec`, `2 hours 3 min`, `4 days 2 hours`.
pub(super) fn duration(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    if days > 0 {
        format!("{days} days {} hours", hours % 24)
    } else if hours > 0 {
        format!("{hours} hours {} min", minutes % 60)
    } else if minutes > 0 {
        format!("{minutes} min {} sec", seconds % 60)
    } else {
        format!("{seconds} sec")
    }
}

/// `900 B`, `3 kB`, `2 TB`: steps of 1,024, rounded down.
pub(super) fn volume(bytes: i64) -> String {
    let (mut count, mut units) = (bytes.max(0), ["B", "kB", "MB", "GB", "TB"].into_iter());
    let mut unit = units.next().unwrap_or_default();
    for next in units {
        if count < 1024 {
            break;
        }
        (count, unit) = (count / 1024, next);
    }
    format!("{count} {unit}")
}

/// Text as it may stand in a message to Slack, cut to this many characters.
pub(super) fn plain(text: &str, most: usize) -> String {
    let mut plain = String::with_capacity(text.len());
    for (count, character) in text.chars().enumerate() {
        if count == most {
            plain.push('…');
            break;
        }
        match character {
            '&' => plain.push_str("&amp;"),
            '<' => plain.push_str("&lt;"),
            '>' => plain.push_str("&gt;"),
            character => plain.push(character),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_are_told_with_one_or_two_units() {
        for (seconds, text) in [
            (0, "0 sec"),
            (59, "59 sec"),
            (65, "1 min 5 sec"),
            (7380, "2 hours 3 min"),
            (180_000, "2 days 2 hours"),
        ] {
            assert_eq!(duration(seconds), text);
        }
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (2047, "1 kB"),
            (5 << 20, "5 MB"),
            (3 << 50, "3072 TB"),
        ] {
            assert_eq!(volume(bytes), text);
        }
        assert_eq!(plain("<a> & b", 100), "&lt;a&gt; &amp; b");
        assert_eq!(plain("äöü", 2), "äö…");
    }
}
