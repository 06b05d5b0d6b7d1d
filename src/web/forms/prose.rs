//! The descriptions in specifications. Their authors write plain text, HTML and Markdown, and anybody
//! may be an author: so only words and links to http(s) addresses are taken over, everything else of
//! the markup is dropped, and templates escape what is left.

use askama::Template;
use askama::filters::HtmlSafe;

/// Words and links, in order. A link opens a window of its own, because there is a form around it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Template)]
#[template(path = "form/prose.html")]
pub(in crate::web) struct Prose(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Words(String),
    Link { address: String, words: String },
}

impl HtmlSafe for Prose {}

impl Prose {
    pub(in crate::web) fn of(source: &str) -> Self {
        let mut writer = Writer::default();
        let mut rest = source;
        while let Some(next) = rest.chars().next() {
            rest = match next {
                '<' => writer.tag(rest),
                '&' => writer.entity(rest),
                '[' => writer.markdown(rest),
                'h' | 'H' if writer.link.is_none() => writer.bare(rest),
                _ => writer.plain(rest),
            };
        }
        writer.finish()
    }

    pub(in crate::web) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Each method takes what is left, and answers what is left after it.
#[derive(Debug, Default)]
struct Writer {
    pieces: Vec<Piece>,
    words: String,
    /// The address of the link that the words are in.
    link: Option<String>,
}

impl Writer {
    /// One letter as it is; white space of any length is one blank.
    fn plain<'a>(&mut self, rest: &'a str) -> &'a str {
        let Some(letter) = rest.chars().next() else {
            return rest;
        };
        self.letter(letter);
        &rest[letter.len_utf8()..]
    }

    fn letter(&mut self, letter: char) {
        let begins = self.words.is_empty() && self.pieces.is_empty();
        if !letter.is_whitespace() {
            self.words.push(letter);
        } else if !begins && !self.words.ends_with(' ') {
            self.words.push(' ');
        }
    }

    fn tag<'a>(&mut self, rest: &'a str) -> &'a str {
        let inside = &rest[1..];
        let is_tag = inside.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!');
        let Some(end) = inside.find('>').filter(|_| is_tag) else {
            return self.plain(rest);
        };
        let tag = &inside[..end];
        let name: String = tag
            .chars()
            .take_while(|c| !c.is_whitespace())
            .collect::<String>()
            .to_ascii_lowercase();
        match name.as_str() {
            "a" => {
                self.close();
                self.link = attribute(tag, "href").and_then(|address| safe(&address));
            }
            "/a" => self.close(),
            "br" | "br/" | "p" | "/p" | "li" | "/li" | "ul" | "/ul" | "ol" | "/ol" => {
                self.letter(' ');
            }
            _ => {}
        }
        &inside[end + 1..]
    }

    fn entity<'a>(&mut self, rest: &'a str) -> &'a str {
        let (letter, length) = decoded(rest);
        self.letter(letter);
        &rest[length..]
    }

    /// `[words](address)`.
    fn markdown<'a>(&mut self, rest: &'a str) -> &'a str {
        let found = rest.split_once("](").and_then(|(words, after)| {
            let (address, after) = after.split_once(')')?;
            Some((&words[1..], safe(address)?, after))
        });
        match found {
            Some((words, address, after)) if !words.contains(['[', '\n']) => {
                self.close();
                let words = words.to_owned();
                self.pieces.push(Piece::Link { address, words });
                after
            }
            _ => self.plain(rest),
        }
    }

    /// An address without any markup.
    fn bare<'a>(&mut self, rest: &'a str) -> &'a str {
        let end = rest
            .find(|c: char| c.is_whitespace() || "<>\"'`)".contains(c))
            .unwrap_or(rest.len());
        let address = rest[..end].trim_end_matches(['.', ',', ';', ':', '!', '?']);
        match safe(address) {
            Some(address) => {
                self.close();
                let (words, after) = (address.clone(), &rest[address.len()..]);
                self.pieces.push(Piece::Link { address, words });
                after
            }
            None => self.plain(rest),
        }
    }

    /// Ends the words, and the link if they are in one.
    fn close(&mut self) {
        let words = std::mem::take(&mut self.words);
        match self.link.take() {
            _ if words.is_empty() => {}
            Some(address) => self.pieces.push(Piece::Link { address, words }),
            None => self.pieces.push(Piece::Words(words)),
        }
    }

    fn finish(mut self) -> Prose {
        self.close();
        if let Some(Piece::Words(words)) = self.pieces.last_mut() {
            words.truncate(words.trim_end().len());
            if words.is_empty() {
                self.pieces.pop();
            }
        }
        Prose(self.pieces)
    }
}

/// The address, when it is one on the web and can be nothing else.
fn safe(address: &str) -> Option<String> {
    let address = address.trim();
    let scheme = address.split_once("://")?.0.to_ascii_lowercase();
    let plain = !address.contains(|c: char| c.is_whitespace() || c.is_control());
    let named = address.len() > scheme.len() + "://".len();
    (plain && named && (scheme == "https" || scheme == "http")).then(|| address.to_owned())
}

/// The value of an attribute in a tag.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let at = tag.to_ascii_lowercase().find(&format!("{name}="))? + name.len() + 1;
    let value = &tag[at..];
    let value = match value.chars().next()? {
        quote @ ('"' | '\'') => value[1..].split(quote).next()?,
        _ => value.split(char::is_whitespace).next()?,
    };
    let mut clear = String::new();
    let mut rest = value;
    while let Some(letter) = rest.chars().next() {
        let (letter, length) = if letter == '&' {
            decoded(rest)
        } else {
            (letter, letter.len_utf8())
        };
        clear.push(letter);
        rest = &rest[length..];
    }
    Some(clear)
}

/// The letter of the entity at the beginning, and how long it is written; an ampersand that begins
/// none is itself.
fn decoded(text: &str) -> (char, usize) {
    const KNOWN: [(&str, char); 7] = [
        ("&amp;", '&'),
        ("&lt;", '<'),
        ("&gt;", '>'),
        ("&quot;", '"'),
        ("&#39;", '\''),
        ("&apos;", '\''),
        ("&nbsp;", ' '),
    ];
    KNOWN
        .into_iter()
        .find(|(entity, _)| text.starts_with(entity))
        .map_or(('&', 1), |(entity, letter)| (letter, entity.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words as they are, links as `words→address`.
    fn told(source: &str) -> String {
        let pieces = Prose::of(source).0;
        let told = pieces.into_iter().map(|piece| match piece {
            Piece::Words(words) => words,
            Piece::Link { address, words } => format!("[{words}→{address}]"),
        });
        told.collect()
    }

    #[test]
    fn only_words_and_links_are_taken_over() {
        for (source, expected) in [
            ("", ""),
            ("  Plain\n\n words. ", "Plain words."),
            (
                "See <a href=\"https://h.example/a?b=1&amp;c=2\" target=\"_blank\">the  docs</a>.",
                "See [the docs→https://h.example/a?b=1&c=2].",
            ),
            ("<a href='http://h.example'>x</a>", "[x→http://h.example]"),
            ("<A HREF=https://h.example>x</A>", "[x→https://h.example]"),
            (
                "Look [here](https://h.example/x) now",
                "Look [here→https://h.example/x] now",
            ),
            (
                "At https://h.example/x. Or (http://i.example)!",
                "At [https://h.example/x→https://h.example/x]. Or ([http://i.example→http://i.example])!",
            ),
            ("One<br>two<ul><li>three</li></ul>", "One two three"),
            ("<b>bold</b> <code>a &lt; b</code>", "bold a < b"),
            ("2 < 3 & 4 > 1, [a] (b)", "2 < 3 & 4 > 1, [a] (b)"),
        ] {
            assert_eq!(told(source), expected, "{source:?}");
        }
    }

    #[test]
    fn nothing_else_becomes_a_link() {
        for source in [
            "<a href=\"javascript:alert(1)\">x</a>",
            "<a href=\"data:text/html,x\">x</a>",
            "<a href=\"//evil.example\">x</a>",
            "<a href=\"java\nscript:alert(1)//://\">x</a>",
            "<a>x</a>",
            "<script>x</script>",
            "<img src=https://evil.example onerror=alert(1)>x",
        ] {
            assert_eq!(told(source), "x", "{source:?}");
        }
        assert_eq!(told("[x](javascript:alert(1))"), "[x](javascript:alert(1))");
        assert_eq!(told("https:// and http"), "https:// and http");
    }
}
