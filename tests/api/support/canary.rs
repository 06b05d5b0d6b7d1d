//! Canaries: values that must not be found anywhere but where they were put. A [`Hunt`] looks for them
//! in every form that a careless program would leave behind: as they are, in JSON, in a URL, in
//! hexadecimal (as PostgreSQL prints bytes) and in base64.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

use super::engine::{Database, is_postgres};

/// A search that remembers what it found and where it looked.
pub struct Hunt {
    /// What each pattern of the finder is.
    forms: Vec<String>,
    finder: AhoCorasick,
    pub found: Vec<String>,
    /// How many files, texts, tables and processes were looked at.
    pub looked: usize,
}

impl Hunt {
    pub fn new(canaries: &[&str]) -> Self {
        let (mut forms, mut texts) = (Vec::new(), Vec::new());
        for canary in canaries {
            assert!(canary.len() >= 12, "{canary} could be found by chance");
            let mut form = |how: &str, text: String| {
                forms.push(format!("{canary} {how}"));
                texts.push(text);
            };
            form("as it is", (*canary).to_owned());
            let quoted = serde_json::Value::from(*canary).to_string();
            form("in JSON", quoted[1..quoted.len() - 1].to_owned());
            form(
                "in a URL",
                form_urlencoded::byte_serialize(canary.as_bytes()).collect(),
            );
            let mut hexadecimal = String::new();
            for byte in canary.bytes() {
                let _ = write!(hexadecimal, "{byte:02x}");
            }
            form("in hexadecimal", hexadecimal);
            for before in 0..3 {
                let bytes = [&[0; 3][..before], canary.as_bytes()].concat();
                let sure = (before * 8_usize).div_ceil(6)..bytes.len() * 8 / 6;
                form("in base64", STANDARD_NO_PAD.encode(&bytes)[sure].to_owned());
            }
        }
        Self {
            forms,
            finder: AhoCorasick::new(&texts).expect("patterns"),
            found: Vec::new(),
            looked: 0,
        }
    }

    /// Looks at some bytes, such as an answer of the API.
    pub fn bytes(&mut self, place: &str, bytes: &[u8]) {
        self.looked += 1;
        let found = self.finder.find_overlapping_iter(bytes);
        let found: BTreeSet<_> = found.map(|one| one.pattern().as_usize()).collect();
        let tell = |one| format!("{}: {place}", self.forms[one]);
        self.found.extend(found.into_iter().map(tell));
    }

    /// Looks at every file below a directory, names included. It may be missing.
    pub fn tree(&mut self, directory: &Path) {
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            let path = entry.path();
            self.bytes("the name of a file", path.as_os_str().as_encoded_bytes());
            if path.is_dir() {
                self.tree(&path);
            } else if let Ok(bytes) = std::fs::read(&path) {
                self.bytes(&path.display().to_string(), &bytes);
            }
        }
    }

    /// Looks at the database: its files, or each row of each table.
    pub async fn database(&mut self, database: &Database) {
        if !is_postgres() {
            // The program's own lies in its data directory, which has its own search.
            if let Some(file) = database.url.strip_prefix("sqlite:") {
                self.tree(Path::new(file).parent().expect("a directory"));
            }
            return;
        }
        let mut link = PgConnection::connect(&database.url)
            .await
            .expect("a connection");
        let tables = sqlx::query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
        let tables = tables.fetch_all(&mut link).await.expect("the tables");
        assert!(tables.len() > 10);
        for table in tables {
            let table: String = table.get(0);
            let rows = AssertSqlSafe(format!(
                "SELECT CAST(row_to_json(t) AS TEXT) FROM {table} AS t"
            ));
            let rows = sqlx::query_scalar::<_, String>(rows)
                .fetch_all(&mut link)
                .await
                .expect("rows");
            self.bytes(&format!("the table {table}"), rows.join("\n").as_bytes());
        }
    }

    /// Looks at the arguments of a process, and at arguments and environment of all that it started. Gives
    /// the ids of all of them.
    pub fn processes(&mut self, root: u32) -> Vec<u32> {
        let mut family = vec![root];
        loop {
            let more: Vec<_> = processes()
                .into_iter()
                .filter(|(id, parent)| family.contains(parent) && !family.contains(id))
                .map(|(id, _)| id)
                .collect();
            if more.is_empty() {
                break;
            }
            family.extend(more);
        }
        for &id in &family {
            let read = |file: &str| std::fs::read(format!("/proc/{id}/{file}")).unwrap_or_default();
            self.bytes(&format!("the arguments of process {id}"), &read("cmdline"));
            if id != root {
                self.bytes(
                    &format!("the environment of process {id}"),
                    &read("environ"),
                );
            }
        }
        family
    }

    /// Ends the search: something was looked at, and nothing found.
    #[track_caller]
    pub fn finds_nothing(self) {
        assert!(self.looked > 0);
        assert!(self.found.is_empty(), "{:#?}", self.found);
    }
}

/// Every process and its parent.
fn processes() -> Vec<(u32, u32)> {
    let entries = std::fs::read_dir("/proc").expect("/proc").flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter_map(|id| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // After the name, which is in brackets and may contain anything: state, then parent.
        let parent = stat
            .rsplit_once(')')?
            .1
            .split_whitespace()
            .nth(1)?
            .parse()
            .ok()?;
        Some((id, parent))
    })
    .collect()
}

/// A running server whose output and log are kept in files. Killed when dropped.
pub struct Watched {
    child: Child,
    pub address: String,
    output: PathBuf,
    log: PathBuf,
}

impl Watched {
    /// Starts `serve`; files go into a directory that is not the server's.
    pub fn start(mut command: Command, directory: &Path) -> Self {
        let (output, log) = (directory.join("output"), directory.join("log"));
        let file = |path: &Path| Stdio::from(File::create(path).expect("a file"));
        let child = command
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(file(&output))
            .stderr(file(&log))
            .spawn()
            .expect("a process");
        let mut watched = Self {
            child,
            address: String::new(),
            output,
            log,
        };
        let until = Instant::now() + Duration::from_mins(1);
        while watched.address.is_empty() {
            let said = std::fs::read_to_string(&watched.output).expect("its output");
            let address = said
                .split_once("http://")
                .and_then(|(_, rest)| rest.split_once(' '));
            if let Some((address, _)) = address {
                address.clone_into(&mut watched.address);
            }
            let log = || std::fs::read_to_string(&watched.log).unwrap_or_default();
            assert!(
                Instant::now() < until,
                "it does not listen: {said}{}",
                log()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        watched
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends bytes on a new connection and reads to its end.
    pub fn ask(&self, bytes: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        let limit = Some(Duration::from_secs(20));
        stream.set_read_timeout(limit).expect("a limit");
        stream.write_all(bytes.as_bytes()).expect("sent");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        answer
    }

    /// Ends the server as an operator would and searches what it has written.
    pub fn end(mut self, hunt: &mut Hunt) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").arg("-TERM").arg(id).status();
        assert!(sent.is_ok_and(|status| status.success()));
        self.child.wait().expect("its end");
        for path in [&self.output, &self.log] {
            hunt.bytes(
                &path.display().to_string(),
                &std::fs::read(path).expect("a file"),
            );
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
