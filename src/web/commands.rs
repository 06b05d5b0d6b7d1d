//! The commands that pages offer to be pasted into a terminal. Whatever is put into one is quoted for
//! the shell, so a strange client id or host cannot become a command of its own.

/// Puts credentials into the terminal.
pub(super) const CREDENTIALS: &str =
    "CLIENT_ID='paste the client ID here'\nCLIENT_SECRET='paste the client secret here'";

/// Trades the credentials in the terminal for a token, and keeps it there.
pub(super) fn trade(base: &str) -> String {
    let address = quoted(&format!("{base}/api/v1/applications/token"));
    format!(
        "TOKEN=$(curl -sS {address} \\\n  \
         --data-urlencode \"client_id=$CLIENT_ID\" \\\n  \
         --data-urlencode \"client_secret=$CLIENT_SECRET\" \\\n  \
         | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')"
    )
}

/// Trades these credentials for a token.
pub(super) fn token(base: &str, client_id: &str, client_secret: &str) -> String {
    let address = quoted(&format!("{base}/api/v1/applications/token"));
    let (id, secret) = (
        serde_json::Value::from(client_id),
        serde_json::Value::from(client_secret),
    );
    let body = quoted(&format!(
        "{{\"client_id\":{id},\n       \"client_secret\":{secret}}}"
    ));
    format!("curl -sS {address} \\\n  -H 'Content-Type: application/json' \\\n  -d {body}")
}

/// Lists workspaces with the token in the terminal.
pub(super) fn workspaces(base: &str) -> String {
    let address = quoted(&format!("{base}/api/public/v1/workspaces"));
    format!("curl -sS {address} \\\n  -H \"Authorization: Bearer $TOKEN\"")
}

/// Lists workspaces with this token.
pub(super) fn workspaces_with(base: &str, token: &str) -> String {
    let address = quoted(&format!("{base}/api/public/v1/workspaces"));
    let header = quoted(&format!("Authorization: Bearer {token}"));
    format!("curl -sS {address} \\\n  -H {header}")
}

/// One word for the shell: left alone when it is plain, in single quotes otherwise.
fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/".contains(&byte);
    if text.bytes().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_escapes_its_quotes() {
        assert_eq!(quoted("http://127.0.0.1:8000/a"), "http://127.0.0.1:8000/a");
        assert_eq!(quoted("http://h/$(id)"), "'http://h/$(id)'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        let command = token("http://h", "a'; id; '\"", "s");
        assert!(
            command.contains(r#"{"client_id":"a'\''; id; '\''\"""#),
            "{command}"
        );
    }
}
