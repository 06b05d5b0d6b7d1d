//! Where to go after logging in. The wish comes from the address bar, so anybody may have written it:
//! only a path on this site is followed.

/// A path on this site, with its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Destination(String);

impl Destination {
    /// The path, unless it could lead elsewhere. Two slashes, or a slash and a backslash, would name
    /// another host; browsers drop white space and control characters, so those are refused as well.
    pub(super) fn local(text: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%?=&+,:@!$*;".contains(&byte);
        let local = text.len() <= 512
            && text.starts_with('/')
            && !text.starts_with("//")
            && text.bytes().all(plain)
            && !text.starts_with("/login");
        local.then(|| Self(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// As the value of a query's field.
    pub(super) fn encoded(&self) -> String {
        form_urlencoded::byte_serialize(self.0.as_bytes()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_on_this_site_is_followed() {
        for good in [
            "/",
            "/settings/applications",
            "/settings?done=password",
            "/a%20b",
        ] {
            assert_eq!(
                Destination::local(good).map(|to| to.0),
                Some(good.to_owned())
            );
        }
        for bad in [
            "",
            "settings",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/\n/evil",
            " /",
            "/login",
            "/login?next=/",
            "/ä",
        ] {
            assert_eq!(Destination::local(bad), None, "{bad:?}");
        }
    }
}
