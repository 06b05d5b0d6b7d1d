//! A real PostgreSQL for this run: Debian's programs, a directory of its own, a free port on loopback,
//! an unprivileged user. A shell holds it and ends it, with its directory, when this process is gone,
//! however it went.

use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The running cluster.
pub struct Cluster {
    pub port: u16,
    pub directory: PathBuf,
    /// Its standard input is a leash: when it closes, the shell stops PostgreSQL.
    _leash: Child,
}

const SCRIPT: &str = r#"
set -e
bin=$1; dir=$2; port=$3; synchronous=$4; encrypted=$5
"$bin/initdb" --pgdata="$dir/data" --username=tests --auth=trust --encoding=UTF8 --locale=C --no-sync >"$dir/init.log" 2>&1
if [ -n "$encrypted" ]; then
  cd "$dir"
  make() { openssl req -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -keyout "$2.key" "${@:3}" 2>/dev/null; }
  make authority authority -x509 -out authority.crt -addext basicConstraints=critical,CA:TRUE
  for name in localhost tests; do
    make "$name" "$name" -addext "subjectAltName=DNS:$name" -out "$name.csr"
    openssl x509 -req -in "$name.csr" -CA authority.crt -CAkey authority.key -CAcreateserial -days 2 \
      -copy_extensions copy -out "$name.crt" 2>/dev/null
  done
  make stranger stranger -x509 -out stranger.crt -addext basicConstraints=critical,CA:TRUE
  printf 'hostssl all tests all cert\nhostssl all plain all trust\n' >data/pg_hba.conf
  echo 'CREATE ROLE plain SUPERUSER LOGIN' | "$bin/postgres" --single -D data postgres >>init.log 2>&1
  set -- -c ssl=on -c "ssl_cert_file=$dir/localhost.crt" -c "ssl_key_file=$dir/localhost.key" \
    -c "ssl_ca_file=$dir/authority.crt"
else
  set --
fi
# Again whenever somebody has killed it.
(until [ -e "$dir/stop" ]; do
  "$bin/postgres" -D "$dir/data" -p "$port" -h 127.0.0.1 -k "$dir" -c fsync=off -c full_page_writes=off \
    -c synchronous_commit="$synchronous" -c max_connections=300 -c shared_buffers=64MB "$@" \
    >>"$dir/server.log" 2>&1 </dev/null || sleep 0.1
done) &
cat >/dev/null || true
touch "$dir/stop"
kill -INT $(head -n 1 "$dir/data/postmaster.pid") 2>/dev/null || true
wait || true
rm -rf "$dir"
"#;

impl Cluster {
    /// The one cluster of this process.
    pub fn shared() -> &'static Self {
        static CLUSTER: OnceLock<Cluster> = OnceLock::new();
        CLUSTER.get_or_init(|| Self::start("off", ""))
    }

    /// One of its own that wants encrypted connections: of `tests` with a certificate, of `plain` without.
    /// Its directory holds the certificates and keys `authority`, `localhost`, `tests` and `stranger`.
    pub fn encrypted() -> Self {
        Self::start("off", "encrypted")
    }

    /// One that a test may kill: it starts again by itself, and keeps what it has said to have committed.
    pub fn mortal() -> Self {
        Self::start("on", "")
    }

    /// The file whose first line is the id of its process.
    pub fn process_file(&self) -> PathBuf {
        self.directory.join("data/postmaster.pid")
    }

    /// The address of one of its databases.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://tests@127.0.0.1:{}/{database}", self.port)
    }

    fn start(synchronous_commit: &str, encrypted: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|free| free.local_addr())
            .expect("a port")
            .port();
        let directory: PathBuf = tempfile::tempdir().expect("a directory").keep();
        let mut shell = Command::new("bash");
        shell
            .arg("-c")
            .arg(SCRIPT)
            .arg("bash")
            .arg(programs())
            .arg(&directory)
            .arg(port.to_string())
            .arg(synchronous_commit)
            .arg(encrypted);
        shell.stdin(Stdio::piped()).current_dir("/");
        if is_root() {
            // PostgreSQL refuses to run as root; Debian's package brings this user.
            let (user, group) = (id("-u"), id("-g"));
            std::os::unix::fs::chown(&directory, Some(user), Some(group))
                .expect("the directory's owner");
            shell.uid(user).gid(group);
        }
        let leash = shell.spawn().expect("a shell");
        let cluster = Self {
            port,
            directory,
            _leash: leash,
        };
        cluster.wait();
        cluster
    }

    fn wait(&self) {
        let until = Instant::now() + Duration::from_mins(1);
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let log =
                || std::fs::read_to_string(self.directory.join("server.log")).unwrap_or_default();
            assert!(
                Instant::now() < until,
                "PostgreSQL did not start: {}",
                log()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        // It listens a moment before it answers.
        std::thread::sleep(Duration::from_millis(300));
    }
}

/// Where initdb and postgres are: the newest that Debian installed, or on the path.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut found: Vec<_> = versions
        .map(|entry| entry.path().join("bin"))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    found.sort();
    found
        .pop()
        .unwrap_or_else(|| panic!("there is no PostgreSQL here: ./tests/run installs it"))
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0)
}

fn id(option: &str) -> u32 {
    let output = Command::new("id")
        .arg(option)
        .arg("postgres")
        .output()
        .expect("id");
    String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse()
        .expect("the user postgres")
}
