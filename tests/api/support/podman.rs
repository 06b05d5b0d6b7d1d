//! A real container engine for this run: Debian's podman with runc, everything it keeps in a directory
//! of its own, its API on a socket of its own; and an image made from nothing but a static busybox and
//! the script in `tests/container`. A shell holds it and ends it, with its directory, when this process
//! is gone, however it went. `FERROBYTE_TEST_CONTAINER_HOST` names the socket of another engine to test
//! with, to which `docker` speaks.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// An image that says by `AIRBYTE_ENTRYPOINT` how it is started, and one that only has an entry point.
pub const REPOSITORY: &str = "localhost/ferrobyte-tests";
pub const TAG: &str = "1";
pub const PLAIN_TAG: &str = "plain";

/// The running engine.
pub struct Engine {
    pub socket: PathBuf,
    directory: PathBuf,
    /// How it is asked by hand.
    command: String,
    /// Its standard input is a leash: when it closes, the shell ends everything. Somebody else's engine
    /// has none.
    leash: Option<Child>,
}

/// A restricted machine lacks what podman takes for granted: the newer layout of cgroups, high limits,
/// plugins for networks.
const SETTINGS: &str = r#"
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
"#;

const IMAGE: &str = r#"
set -e
dir=$1 connector=$2 repository=$3
busybox=$(command -v busybox)
root=$dir/image
mkdir -p "$root/bin" "$root/etc" "$root/home" "$root/tmp"
cp "$busybox" "$root/bin/busybox"
cp "$connector" "$root/bin/connector"
for name in sh cat dd env id ls sed seq sleep stat tr wc; do ln -s busybox "$root/bin/$name"; done
printf 'root:x:0:0::/:/bin/sh\nairbyte:x:1000:1000::/home:/bin/sh\n' >"$root/etc/passwd"
chmod 1777 "$root/tmp"
chown 1000 "$root/home"
tar -C "$root" -cf "$dir/image.tar" .
$podman import --change 'ENV AIRBYTE_ENTRYPOINT="/bin/sh /bin/connector"' --change 'ENV HOME=/home' \
    --change 'ENV PATH=/bin' --change 'USER airbyte' "$dir/image.tar" "$repository:1"
$podman import --change 'ENTRYPOINT ["/bin/sh", "/bin/connector"]' --change 'ENV PATH=/bin' \
    "$dir/image.tar" "$repository:plain"
$podman run --rm --network none "$repository:1" /bin/sh -c 'echo it runs'
"#;

const SERVICE: &str = r#"
dir=$1 socket=$2
# Whoever ends the tests may end their whole group: this shell still has to tidy up.
trap : TERM INT HUP
$podman system service --time 0 "unix://$socket" >"$dir/service.log" 2>&1 </dev/null &
service=$!
cat >/dev/null
$podman rm --all --force --volumes --time 0 >/dev/null 2>&1
kill $service 2>/dev/null
wait $service
rm -rf "$dir"
"#;

impl Engine {
    /// The one engine of this process; nothing, said loudly, where none can run.
    pub fn shared() -> Option<&'static Self> {
        static ENGINE: OnceLock<Option<Engine>> = OnceLock::new();
        ENGINE
            .get_or_init(|| match Self::start() {
                Ok(engine) => Some(engine),
                Err(why) => {
                    eprintln!(
                        "\n*** NOT TESTED: connectors in real containers. This machine has no podman that \
                         works (apt-get install podman runc busybox-static, as root): {why} ***\n"
                    );
                    None
                }
            })
            .as_ref()
    }

    fn start() -> Result<Self, String> {
        let other = other();
        let programs: &[&str] = match other {
            Some(_) => &["docker", "busybox"],
            None => &["podman", "runc", "busybox"],
        };
        for program in programs {
            Command::new(program)
                .arg("--help")
                .output()
                .map_err(|error| format!("{program}: {error}"))?;
        }
        let directory =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("podman-{}", std::process::id()));
        let own = directory.display();
        let mut engine = Self {
            command: match &other {
                Some(socket) => format!("docker --host unix://{}", socket.display()),
                None => format!(
                    "podman --root {own}/root --runroot {own}/run --tmpdir {own}/tmp --storage-driver vfs"
                ),
            },
            socket: PathBuf::new(),
            directory,
            leash: None,
        };
        match engine.prepare(other) {
            Ok(()) => Ok(engine),
            Err(why) => {
                let _ = std::fs::remove_dir_all(&engine.directory);
                Err(why)
            }
        }
    }

    fn prepare(&mut self, other: Option<PathBuf>) -> Result<(), String> {
        let text = |error: std::io::Error| error.to_string();
        std::fs::create_dir_all(&self.directory).map_err(text)?;
        std::fs::write(self.directory.join("containers.conf"), SETTINGS).map_err(text)?;
        let connector = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/container/connector");
        let made = self
            .shell(IMAGE)
            .arg(&connector)
            .arg(REPOSITORY)
            .output()
            .map_err(text)?;
        if !made.status.success() {
            return Err(String::from_utf8_lossy(&made.stderr).into_owned());
        }
        if let Some(socket) = other {
            self.socket = socket;
            return std::fs::remove_dir_all(&self.directory).map_err(text);
        }
        // The path of a socket has to be short.
        self.socket = tempfile::tempdir()
            .map_err(text)?
            .keep()
            .join("podman.sock");
        let mut service = self.shell(SERVICE);
        service.arg(&self.socket).stdin(Stdio::piped());
        self.leash = Some(service.spawn().map_err(text)?);
        let until = Instant::now() + Duration::from_secs(20);
        while UnixStream::connect(&self.socket).is_err() {
            if Instant::now() > until {
                let log = self.directory.join("service.log");
                return Err(std::fs::read_to_string(log).unwrap_or_default());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// What the engine prints when it is asked by hand.
    pub fn podman(&self, arguments: &str) -> String {
        let output = self
            .shell(&format!("$podman {arguments}"))
            .output()
            .expect("a shell");
        assert!(output.status.success(), "{arguments}: {output:?}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// A shell in which `$podman` is this engine. The directory is its first argument.
    fn shell(&self, script: &str) -> Command {
        let mut shell = Command::new("sh");
        shell
            .arg("-c")
            .arg(format!("podman='{}'\n{script}", self.command))
            .arg("sh")
            .arg(&self.directory)
            .env("CONTAINERS_CONF", self.directory.join("containers.conf"))
            .current_dir("/");
        shell
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the tests have no configuration of their own"
)]
fn other() -> Option<PathBuf> {
    std::env::var("FERROBYTE_TEST_CONTAINER_HOST")
        .ok()
        .map(PathBuf::from)
}
