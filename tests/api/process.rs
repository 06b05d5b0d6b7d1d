//! Child processes: what they see, how they end, and that nothing of them stays. With programs that
//! every machine has, and small scripts that misbehave.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ferrobyte::connector::hearing::Hearing;
use ferrobyte::connector::process::child::{self, Child, Ends};
use ferrobyte::connector::process::directory::RunDirectory;
use ferrobyte::connector::process::environment::Environment;
use ferrobyte::connector::process::listening::listen;
use ferrobyte::connector::process::running::running;
use ferrobyte::connector::process::{Input, Order};
use ferrobyte::connector::{Answer, Cause, Failure, Question, Said};
use serde_json::json;
use tempfile::TempDir;

use crate::support::PROGRAM;

const SOON: Duration = Duration::from_secs(10);

/// A place for runs.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn order(&self, command: &[&str], input: Input) -> Order {
        let directory = RunDirectory::create(self.0.path()).expect("a directory");
        let mut environment = Environment::default();
        environment.set("PATH", "/usr/local/bin:/usr/bin:/bin");
        Order {
            command: command.iter().map(OsString::from).collect(),
            environment: environment.inside(&directory),
            directory,
            memory: None,
            group: None,
            input,
        }
    }

    async fn start(&self, command: &[&str]) -> Child {
        start(self.order(command, Input::Nothing)).await
    }

    fn is_empty(&self) -> bool {
        self.0.path().read_dir().expect("readable").next().is_none()
    }
}

async fn start(order: Order) -> Child {
    child::start(order, Path::new(PROGRAM))
        .await
        .expect("a child")
}

fn script(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/connectors")
        .join(name);
    path.display().to_string()
}

fn lines(text: &str) -> Vec<u32> {
    text.lines().map(|line| line.parse().expect(line)).collect()
}

/// Whether a process is there and not merely waiting to be reaped.
fn lives(process: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

#[track_caller]
fn soon(what: &str, is: impl Fn() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < SOON, "not within {SOON:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[tokio::test]
async fn what_goes_in_comes_out_and_closing_the_input_ends_it() {
    let place = Place::new();
    let mut child = start(place.order(&["cat"], Input::Pipe)).await;
    let Ends::Pipe(mut input) = child.input else {
        panic!("a pipe");
    };
    assert_eq!(
        rustix::pipe::fcntl_getpipe_size(&child.output).expect("a size"),
        1 << 20
    );
    let sent = "line\n".repeat(400_000);
    let copy = sent.clone();
    let writer = std::thread::spawn(move || input.write_all(copy.as_bytes()).expect("written"));
    let mut received = String::new();
    child.output.read_to_string(&mut received).expect("read");
    writer.join().expect("joined");
    assert_eq!(received.len(), sent.len());
    let exit = child.life.wait().await;
    assert_eq!((exit.code, exit.signal), (Some(0), None));
    assert!(place.is_empty(), "the private directory stays");
}

#[tokio::test]
async fn exit_codes_and_signals_are_told_and_the_end_is_told_twice_alike() {
    let place = Place::new();
    for (command, code, signal) in [
        (&["true"][..], Some(0), None),
        (&["false"], Some(1), None),
        (&["sh", "-c", "exit 42"], Some(42), None),
        (&["sh", "-c", "kill -SEGV $$"], None, Some(11)),
        (&["sh", "-c", "kill -KILL $$"], None, Some(9)),
    ] {
        let mut child = place.start(command).await;
        let exit = child.life.wait().await;
        assert_eq!((exit.code, exit.signal), (code, signal), "{command:?}");
        assert!(!exit.out_of_memory);
        assert_eq!(child.life.wait().await.code, code);
    }
}

#[tokio::test]
async fn cpu_and_memory_are_measured() {
    let place = Place::new();
    let busy = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; head -c 50000000 /dev/zero | tail -c 50000000 | tail -c 1";
    let exit = place.start(&["sh", "-c", busy]).await.life.wait().await;
    let (cpu, memory) = (exit.cpu.expect("cpu"), exit.memory.expect("memory"));
    assert!((50..60_000).contains(&cpu.as_millis()), "{cpu:?}");
    assert!(memory > 1 << 20, "{memory}");
}

#[tokio::test]
async fn a_child_works_in_a_private_directory_and_sees_what_is_on_the_list() {
    let place = Place::new();
    let order = place.order(&["sh", "-c", "pwd; stat -c %a .; env"], Input::Nothing);
    order
        .directory
        .write("config.json", b"{\"password\": \"canary\"}")
        .expect("written");
    let path = order.directory.path().to_owned();
    let mut child = start(order).await;
    let mut printed = String::new();
    child.output.read_to_string(&mut printed).expect("read");
    let mut printed = printed.lines();
    assert_eq!(printed.next(), path.to_str());
    assert_eq!(printed.next(), Some("700"));
    let mut names: Vec<_> = printed
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| match name {
            "HOME" | "TMPDIR" => format!("{name} inside: {}", Path::new(value).starts_with(&path)),
            _ => name.to_owned(),
        })
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "DO_NOT_TRACK",
            "HOME inside: true",
            "PATH",
            "PWD",
            "PYTHONUNBUFFERED",
            "TMPDIR inside: true"
        ]
    );
    child.life.wait().await;
    assert!(!path.exists());
}

#[tokio::test]
async fn asking_is_enough_for_most_and_the_stubborn_are_killed() {
    let place = Place::new();
    let mut child = place.start(&["sleep", "1000"]).await;
    let exit = child.life.stop(SOON).await;
    assert_eq!(exit.signal, Some(15));
    let mut child = place.start(&[&script("stubborn.sh")]).await;
    let mut line = String::new();
    BufReader::new(child.output)
        .read_line(&mut line)
        .expect("read");
    let began = Instant::now();
    let exit = child.life.stop(Duration::from_millis(300)).await;
    assert_eq!(exit.signal, Some(9));
    assert!(began.elapsed() >= Duration::from_millis(300));
    assert!(place.is_empty());
}

#[tokio::test]
async fn nothing_that_a_child_started_outlives_it() {
    let place = Place::new();
    let mut child = place.start(&[&script("family.sh"), "end"]).await;
    let exit = child.life.wait().await;
    assert_eq!(exit.code, Some(0));
    let mut printed = String::new();
    child
        .output
        .read_to_string(&mut printed)
        .expect("the pipe is closed by all");
    let family = lines(&printed);
    assert_eq!(family.len(), 5, "{printed}");
    assert!(!family.into_iter().any(lives));
}

/// The first lines of a child's output.
fn family_of(output: impl std::io::Read) -> Vec<u32> {
    let lines = BufReader::new(output).lines().take(5);
    lines
        .map(|line| line.expect("a line").parse().expect("a number"))
        .collect()
}

#[tokio::test]
async fn dropping_a_child_ends_all_of_it() {
    let place = Place::new();
    let child = place.start(&[&script("family.sh")]).await;
    let family = family_of(child.output);
    assert!(family.iter().all(|process| lives(*process)));
    drop(child.life);
    soon("everybody is gone", || {
        !family.iter().any(|process| lives(*process))
    });
    soon("the directory is gone", || place.is_empty());
}

#[tokio::test]
async fn a_killed_supervisor_takes_the_group_with_it() {
    let place = Place::new();
    let mut child = place
        .start(&["sh", "-c", "echo $PPID; echo $$; exec sleep 1000"])
        .await;
    let numbers: Vec<u32> = BufReader::new(child.output)
        .lines()
        .take(2)
        .map(|line| line.expect("a line").parse().expect("a number"))
        .collect();
    Command::new("kill")
        .args(["-9", &numbers[0].to_string()])
        .status()
        .expect("killed");
    let exit = child.life.wait().await;
    assert_eq!((exit.code, exit.signal), (None, Some(9)));
    soon("the child is gone", || !lives(numbers[1]));
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let place = Place::new();
    let order = place.order(&["/nowhere/source-nothing", "check"], Input::Nothing);
    let failure = child::start(order, Path::new(PROGRAM))
        .await
        .expect_err("nothing to start");
    assert_eq!(failure.message, "source-nothing could not be started");
    assert!(
        failure
            .story
            .contains("/nowhere/source-nothing: No such file"),
        "{}",
        failure.story
    );
    soon("the directory is gone", || place.is_empty());
}

#[tokio::test]
async fn a_process_that_takes_too_much_memory_is_told_to_have_done_so() {
    let place = Place::new();
    // Each is within the limit, both together are not.
    let half = "(head -c 60000000 /dev/zero; sleep 20) | tail -c 60000000 | tail -c 1";
    let mut order = place.order(&["sh", "-c", &format!("{half} & {half}")], Input::Nothing);
    order.memory = Some(100 << 20);
    let exit = start(order).await.life.wait().await;
    assert!(exit.out_of_memory, "{exit:?}");
    // One alone is refused by the system.
    let alone = "head -c 200000000 /dev/zero | tail -c 200000000 | tail -c 1 >/dev/null; exit ${PIPESTATUS[1]}";
    let mut order = place.order(&["bash", "-c", alone], Input::Nothing);
    order.memory = Some(100 << 20);
    let mut child = start(order).await;
    let exit = child.life.wait().await;
    let mut said = String::new();
    child.errors.read_to_string(&mut said).expect("read");
    assert!(
        exit.out_of_memory || said.contains("memory exhausted"),
        "{exit:?} {said}"
    );
}

/// Asks a script a question.
async fn ask(
    place: &Place,
    command: &[&str],
    question: Question,
    deadline: Duration,
) -> Result<Answer, Failure> {
    let child = place.start(command).await;
    let mut life = child.life;
    listen(
        Hearing::new(&question),
        child.output,
        child.errors,
        async move { life.wait().await },
        tokio::time::Instant::now() + deadline,
        1 << 20,
    )
    .await
}

fn check() -> Question {
    Question::Check {
        configuration: json!({}),
    }
}

#[tokio::test]
async fn an_answer_is_found_among_garbage() {
    let place = Place::new();
    let answer = ask(&place, &[&script("garbage.sh")], check(), SOON)
        .await
        .expect("an answer");
    assert!(matches!(answer.said, Said::Status(_)));
    for line in [
        "Welcome to the connector!",
        "on the error side",
        "no end of line",
    ] {
        assert!(
            answer.log.iter().any(|said| said == line),
            "{:?}",
            answer.log
        );
    }
    assert!(answer.log.iter().all(|line| line.len() < 5000));
}

#[tokio::test]
async fn a_line_that_is_too_long_explains_why_there_is_no_answer() {
    let place = Place::new();
    let command = "head -c 3000000 /dev/zero | tr '\\0' x; echo";
    let failure = ask(&place, &["sh", "-c", command], check(), SOON)
        .await
        .expect_err("none");
    assert_eq!(
        failure.message,
        "the connector printed a line of 3000000 bytes; 1048576 are allowed"
    );
}

#[tokio::test]
async fn a_hanging_connector_is_given_up_in_time_and_ended() {
    let place = Place::new();
    let began = Instant::now();
    let command = "echo last words >&2; exec sleep 1000";
    let failure = ask(
        &place,
        &["sh", "-c", command],
        check(),
        Duration::from_millis(500),
    )
    .await
    .expect_err("no answer");
    assert_eq!(failure.cause, Cause::Deadline);
    assert_eq!(failure.log, ["last words"]);
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "{:?}",
        began.elapsed()
    );
    soon("the directory is gone", || place.is_empty());
}

#[tokio::test]
async fn an_answer_counts_although_the_connector_does_not_end() {
    let place = Place::new();
    let status = r#"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}"#;
    let command = format!("echo '{status}'; exec sleep 1000");
    let answer = ask(
        &place,
        &["sh", "-c", &command],
        check(),
        Duration::from_secs(1),
    )
    .await;
    assert!(matches!(answer.expect("an answer").said, Said::Status(_)));
}

#[tokio::test]
async fn a_run_gives_its_log_line_by_line_even_when_nobody_reads_on() {
    let place = Place::new();
    let command = "echo one >&2; printf 'two' >&2; echo data";
    let mut run = running(place.start(&["sh", "-c", command]).await).expect("a run");
    assert_eq!(run.errors.recv().await.as_deref(), Some("one"));
    assert_eq!(run.errors.recv().await.as_deref(), Some("two"));
    assert_eq!(run.errors.recv().await, None);
    assert_eq!(run.wait().await.code, Some(0));
    let loud = "i=0; while [ $i -lt 200 ]; do head -c 10000 /dev/zero | tr '\\0' x >&2; echo >&2; i=$((i+1)); done; echo done";
    let mut run = running(place.start(&["sh", "-c", loud]).await).expect("a run");
    run.errors.close();
    assert_eq!(run.wait().await.code, Some(0));
}

/// Not a test: a server of the next test, which kills it.
#[tokio::test]
#[ignore = "only the next test starts it"]
async fn a_host_to_be_killed() {
    let Some(place) = std::env::args()
        .find_map(|argument| argument.strip_prefix("host-directory=").map(PathBuf::from))
    else {
        return;
    };
    let directory = RunDirectory::create(&place).expect("a directory");
    directory
        .write("config.json", b"{\"password\": \"canary\"}")
        .expect("written");
    let mut environment = Environment::default();
    environment.set("PATH", "/usr/local/bin:/usr/bin:/bin");
    let child = start(Order {
        command: vec![script("family.sh").into()],
        environment: environment.inside(&directory),
        directory,
        memory: None,
        group: None,
        input: Input::Nothing,
    })
    .await;
    for process in family_of(&child.output) {
        println!("process {process}");
    }
    println!("complete");
    std::future::pending::<()>().await;
}

#[test]
fn no_orphan_stays_when_the_server_is_killed() {
    let place = Place::new();
    let mut host = Command::new(std::env::current_exe().expect("this program"))
        .args([
            "process::a_host_to_be_killed",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        // Taken for the name of one more test, which there is not.
        .arg(format!("host-directory={}", place.0.path().display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a host");
    let printed = BufReader::new(host.stdout.take().expect("a pipe")).lines();
    let printed: Vec<_> = printed
        .map_while(Result::ok)
        .take_while(|line| line != "complete")
        .collect();
    let family: Vec<u32> = printed
        .iter()
        .filter_map(|line| line.split_once("process ")?.1.parse().ok())
        .collect();
    assert_eq!(family.len(), 5, "{printed:?}");
    assert!(family.iter().all(|process| lives(*process)) && !place.is_empty());
    host.kill().expect("killed with SIGKILL");
    host.wait().expect("reaped");
    soon("everybody is gone", || {
        !family.iter().any(|process| lives(*process))
    });
    soon("the configuration is gone", || place.is_empty());
}

#[test]
fn a_supervisor_without_a_server_does_nothing() {
    let place = tempfile::tempdir().expect("a directory");
    let output = Command::new(PROGRAM)
        .args(["supervise", "--directory"])
        .arg(place.path())
        .args(["--", "true"])
        .stdin(Stdio::null())
        .output()
        .expect("a process");
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("only a server can start this"), "{said}");
    assert!(place.path().metadata().expect("there").permissions().mode() != 0);
}
