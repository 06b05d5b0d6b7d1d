//! The master key, which the operator keeps: given as text, printed by a command (the way to a key
//! management service), or made at the first start and kept in a file beside the data.

use std::fmt;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use hmac::Mac as _;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncReadExt as _;
use zeroize::{Zeroize as _, Zeroizing};

use super::sealing::Key;
use crate::clock::Clock;

/// How long a key command may take.
const COMMAND_DEADLINE: Duration = Duration::from_secs(30);

/// The most that is read of what a key command prints, in bytes.
const COMMAND_OUTPUT: u64 = 64 * 1024;

/// Fewer characters are no key.
const SHORTEST: usize = 32;

/// A key that seals data keys.
#[derive(Clone)]
pub struct MasterKey {
    id: [u8; 8],
    sealing: Key,
}

impl MasterKey {
    /// Reads a key: 32 bytes in hexadecimal or base64, or else a passphrase, from which one is derived.
    ///
    /// # Errors
    /// A sentence when it is too easy to guess.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.chars().count() < SHORTEST {
            return Err(format!(
                "the key must be 32 bytes in hexadecimal or base64, or a passphrase of {SHORTEST} \
                 characters or more; `openssl rand -hex 32` makes a good one"
            ));
        }
        let bytes = from_hexadecimal(text).or_else(|| from_base64(text));
        let key = match bytes {
            Some(bytes) => Key::new(bytes),
            None => {
                let stretched = Key::new(Zeroizing::new(*b"ferrobyte: a key of a passphrase"));
                let stretched = stretched.mac().chain_update(text).finalize();
                Key::new(Zeroizing::new(stretched.into_bytes().into()))
            }
        };
        Ok(Self::new(&key))
    }

    fn new(key: &Key) -> Self {
        let named = key.derive("ferrobyte: the name of a master key");
        let mut id = [0; 8];
        id.copy_from_slice(&named.bytes()[..8]);
        Self {
            id,
            sealing: key.derive("ferrobyte: sealing data keys"),
        }
    }

    /// Tells master keys apart, and tells nothing of them.
    #[must_use]
    pub fn id(&self) -> &[u8; 8] {
        &self.id
    }

    /// The id as people read it.
    #[must_use]
    pub fn name(&self) -> String {
        hexadecimal(&self.id)
    }

    pub(super) fn sealing(&self) -> &Key {
        &self.sealing
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.name())
    }
}

/// Asks a command for the key. It is run without a shell and without the `withheld` variables of our
/// environment; what it complains about goes to our own standard error.
///
/// # Errors
/// A sentence, which never contains what the command printed.
pub async fn from_command(line: &str, withheld: &[String]) -> Result<MasterKey, String> {
    from_command_within(COMMAND_DEADLINE, line, withheld).await
}

async fn from_command_within(
    deadline: Duration,
    line: &str,
    withheld: &[String],
) -> Result<MasterKey, String> {
    let words = words(line)?;
    let (program, arguments) = words.split_first().ok_or("vault.key_command is empty")?;
    let mut command = tokio::process::Command::new(program);
    for name in withheld {
        command.env_remove(name);
    }
    let mut child = command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("vault.key_command: cannot run {program}: {error}"))?;
    let group = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
    let output = child
        .stdout
        .take()
        .ok_or("vault.key_command has no output")?;
    let mut printed = Zeroizing::new(String::new());
    let finished = tokio::time::timeout(deadline, async {
        output
            .take(COMMAND_OUTPUT)
            .read_to_string(&mut printed)
            .await?;
        child.wait().await
    });
    let Ok(finished) = finished.await else {
        // What it started may hold the pipe and live on.
        if let Some(group) = group {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let seconds = deadline.as_secs();
        return Err(format!(
            "vault.key_command: {program} took longer than {seconds} s"
        ));
    };
    match finished {
        Ok(status) if status.success() => MasterKey::parse(&printed)
            .map_err(|why| format!("vault.key_command: what {program} printed is no key: {why}")),
        Ok(status) => Err(format!("vault.key_command: {program} failed ({status})")),
        Err(error) => Err(format!("vault.key_command: {program}: {error}")),
    }
}

/// The key in a file; `None` when there is no such file.
///
/// # Errors
/// A sentence when the file cannot be read or holds no key.
pub fn from_file(path: &Path) -> Result<Option<MasterKey>, String> {
    let shown = path.display();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("cannot read {shown}: {error}")),
    };
    let mode = path
        .metadata()
        .map_or(0, |found| found.permissions().mode());
    if mode & 0o077 != 0 {
        tracing::warn!(
            "{shown} holds the key to all secrets, and others can read it: chmod 600 it"
        );
    }
    let key = MasterKey::parse(&text).map_err(|why| format!("{shown}: {why}"))?;
    Ok(Some(key))
}

/// Makes a key and keeps it in a file that only its owner can read. Whoever comes second finds the key
/// of the first: the file appears whole, at once, and is never replaced.
///
/// # Errors
/// A sentence when the file cannot be written.
pub fn make_file(path: &Path, clock: &Clock) -> Result<MasterKey, String> {
    let failed = |error| format!("cannot write the key to {}: {error}", path.display());
    let mut text = hexadecimal(&clock.random::<32>());
    text.push('\n');
    let draft = path.with_extension(format!("key.{}", clock.new_id()));
    let kept = keep(&draft, path, &text);
    text.zeroize();
    let _ = std::fs::remove_file(&draft);
    kept.map_err(failed)?;
    from_file(path)?.ok_or_else(|| failed(ErrorKind::NotFound.into()))
}

fn keep(draft: &Path, path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(directory) = path.parent().filter(|directory| !directory.exists()) {
        use std::os::unix::fs::DirBuilderExt as _;
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
    }
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(draft)?;
    file.write_all(text.as_bytes())?;
    // It must not be lost after something was sealed with it.
    file.sync_all()?;
    match std::fs::hard_link(draft, path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    match path.parent() {
        Some(directory) => std::fs::File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

/// The words of a command line; quotes keep blanks inside a word. There is no shell, so nothing else
/// has a meaning.
fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err("vault.key_command has a quote that does not end".to_owned());
    }
    words.extend(word);
    Ok(words)
}

fn from_hexadecimal(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0; 32]);
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

fn from_base64(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let text = text.trim_end_matches('=');
    let decoded = STANDARD_NO_PAD
        .decode(text)
        .or_else(|_| URL_SAFE_NO_PAD.decode(text));
    let decoded = Zeroizing::new(decoded.ok()?);
    Some(Zeroizing::new(decoded.as_slice().try_into().ok()?))
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEXADECIMAL: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff";

    fn id(text: &str) -> [u8; 8] {
        *MasterKey::parse(text).expect(text).id()
    }

    #[test]
    fn one_key_may_be_written_in_hexadecimal_and_in_base64() {
        let bytes = from_hexadecimal(HEXADECIMAL).expect("32 bytes");
        let base64 = STANDARD_NO_PAD.encode(*bytes);
        for same in [
            HEXADECIMAL.to_uppercase(),
            format!("  {HEXADECIMAL}\n"),
            base64.clone(),
            format!("{base64}="),
            URL_SAFE_NO_PAD.encode(*bytes),
        ] {
            assert_eq!(id(&same), id(HEXADECIMAL), "{same}");
        }
        let passphrase = "correct horse battery staple, and then some";
        assert_ne!(id(passphrase), id(&passphrase.to_uppercase()));
        assert_ne!(id(passphrase), id(HEXADECIMAL));
    }

    #[test]
    fn a_short_key_is_refused_and_not_repeated() {
        let short = "correct horse battery";
        let why = MasterKey::parse(short).expect_err("too short");
        assert!(why.contains("openssl") && !why.contains("horse"), "{why}");
    }

    #[test]
    fn a_command_line_is_words_and_quotes() {
        let cases: &[(&str, &[&str])] = &[
            ("", &[]),
            ("  kms   decrypt ", &["kms", "decrypt"]),
            (
                r#"kms "two words" 'a "b"' x"y"z"#,
                &["kms", "two words", "a \"b\"", "xyz"],
            ),
            (r#"kms """#, &["kms", ""]),
            ("kms $HOME;ls", &["kms", "$HOME;ls"]),
        ];
        for (line, expected) in cases {
            assert_eq!(words(line).expect(line), *expected, "{line}");
        }
        assert!(words("kms \"open").is_err());
    }

    #[tokio::test]
    async fn a_command_prints_the_key() {
        let key = from_command(&format!("echo {HEXADECIMAL}"), &[])
            .await
            .expect("a key");
        assert_eq!(key.id(), &id(HEXADECIMAL));
        for (line, said) in [
            ("/nowhere/kms", "cannot run /nowhere/kms"),
            ("false", "failed"),
            ("echo hush-hush", "is no key"),
        ] {
            let why = from_command(line, &[]).await.expect_err(line);
            assert!(why.contains(said) && !why.contains("hush-hush"), "{why}");
        }
    }

    #[tokio::test]
    async fn a_command_that_takes_too_long_is_ended_with_all_that_it_started() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("child");
        let line = format!("sh -c 'sleep 300 & echo $! >{}; wait'", file.display());
        let why = from_command_within(Duration::from_secs(1), &line, &[]).await;
        assert!(why.is_err_and(|why| why.contains("took longer than 1 s")));
        let child = std::fs::read_to_string(file).expect("it ran");
        let status = std::path::PathBuf::from(format!("/proc/{}/stat", child.trim()));
        for _ in 0..100 {
            // Gone, or dead and waiting for whoever inherits it.
            match std::fs::read_to_string(&status) {
                Ok(stat) if !stat.contains(") Z ") => {}
                _ => return,
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("what it started lives on");
    }

    #[test]
    fn a_made_file_is_private_and_whoever_comes_second_finds_it() {
        let parent = tempfile::tempdir().expect("a directory");
        let path = parent.path().join("data").join("vault.key");
        assert!(from_file(&path).expect("no file").is_none());
        let first = make_file(&path, &Clock::System).expect("a key");
        let second = make_file(&path, &Clock::System).expect("the same key");
        assert_eq!(first.id(), second.id());
        assert_eq!(
            path.metadata().expect("a file").permissions().mode() & 0o777,
            0o600
        );
        let directory = path.parent().expect("a directory");
        assert_eq!(
            directory.metadata().expect("it").permissions().mode() & 0o777,
            0o700
        );
        assert_eq!(
            std::fs::read_dir(directory).expect("it").count(),
            1,
            "no draft is left"
        );
    }
}
