//! The load generator: a fixed number of keep-alive connections, each sending the same bytes again
//! as soon as the answer is complete. It runs on one thread inside the bench process, so that its
//! own work is in nobody's account. An answer with another status than expected stops the run:
//! there is no sense in timing a wrong answer.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, spawn_local};

const PATIENCE: Duration = Duration::from_secs(30);

/// One request, ready to be written, and the status that a right answer has.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    bytes: Vec<u8>,
    expects: u16,
}

impl Request {
    pub(crate) fn get(path: &str, bearer: Option<&str>) -> Self {
        let authorization = match bearer {
            Some(token) => format!("authorization: Bearer {token}\r\n"),
            None => String::new(),
        };
        let text = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{authorization}\r\n");
        Self {
            bytes: text.into_bytes(),
            expects: 200,
        }
    }

    pub(crate) fn post_json(path: &str, body: &str) -> Self {
        let length = body.len();
        let text = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        Self {
            bytes: text.into_bytes(),
            expects: 200,
        }
    }

    pub(crate) fn post_json_as(path: &str, body: &str, token: &str) -> Self {
        let length = body.len();
        let text = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        Self {
            bytes: text.into_bytes(),
            expects: 200,
        }
    }

    pub(crate) fn expecting(mut self, status: u16) -> Self {
        self.expects = status;
        self
    }
}

/// Some kept-alive connections that ask the same thing again and again while the gate is open, and
/// rest between two answers while it is closed.
pub(crate) struct Crowd {
    gate: Rc<Gate>,
    tasks: Vec<AbortHandle>,
}

#[derive(Default)]
struct Gate {
    open: Cell<bool>,
    opened: Notify,
    /// Connections that have been asked something and wait for the answer.
    busy: Cell<usize>,
    rested: Notify,
    /// How long each answer of this asking took.
    times: RefCell<Vec<Duration>>,
    failure: RefCell<Option<anyhow::Error>>,
}

impl Crowd {
    /// To be called within a `LocalSet`, like everything below.
    pub(crate) fn gather(address: SocketAddr, request: &Request, connections: usize) -> Self {
        let gate = Rc::new(Gate::default());
        let tasks = (0..connections)
            .map(|_| {
                let (gate, request) = (gate.clone(), request.clone());
                let work = async move {
                    if let Err(error) = repeat(address, &request, &gate).await {
                        gate.failure.borrow_mut().get_or_insert(error);
                        gate.rested.notify_one();
                    }
                };
                spawn_local(work).abort_handle()
            })
            .collect();
        Self { gate, tasks }
    }

    /// Lets the crowd ask for `length`, waits for the last answers, and says how long each took.
    pub(crate) async fn ask(&self, length: Duration) -> Result<Vec<Duration>> {
        self.gate.open.set(true);
        self.gate.opened.notify_waiters();
        tokio::time::sleep(length).await;
        self.gate.open.set(false);
        loop {
            if let Some(error) = self.gate.failure.borrow_mut().take() {
                return Err(error);
            }
            if self.gate.busy.get() == 0 {
                break;
            }
            tokio::time::timeout(PATIENCE, self.gate.rested.notified())
                .await
                .context("an answer did not come")?;
        }
        let times = self.gate.times.take();
        ensure!(!times.is_empty(), "no answer within {length:?}");
        Ok(times)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

async fn repeat(address: SocketAddr, request: &Request, gate: &Gate) -> Result<()> {
    let mut line = Line::open(address).await?;
    loop {
        // Nothing runs between this look and the wait: there is only one thread.
        while !gate.open.get() {
            gate.opened.notified().await;
        }
        gate.busy.set(gate.busy.get() + 1);
        let begun = Instant::now();
        line.exchange(request).await?;
        gate.times.borrow_mut().push(begun.elapsed());
        gate.busy.set(gate.busy.get() - 1);
        if !gate.open.get() {
            gate.rested.notify_one();
        }
    }
}

/// Asks once and hands back the body.
pub(crate) async fn once(address: SocketAddr, request: &Request) -> Result<Vec<u8>> {
    let mut line = Line::open(address).await?;
    let body = line.exchange(request).await?;
    Ok(line.buffer[body].to_vec())
}

/// One connection with the room that its answers are read into.
struct Line {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Line {
    async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; 16 * 1024],
        })
    }

    /// Sends the request, reads the whole answer, and says where in the buffer its body lies.
    async fn exchange(&mut self, request: &Request) -> Result<std::ops::Range<usize>> {
        self.send(&request.bytes).await?;
        let mut filled = 0;
        let (status, body, end) = loop {
            filled += self.receive(filled).await?;
            if let Some(head) = Head::find(&self.buffer[..filled])? {
                break (head.status, head.length, head.length + head.body);
            }
        };
        while filled < end {
            filled += self.receive(filled).await?;
        }
        ensure!(filled == end, "more bytes than the answer announced");
        let body = end - body..end;
        if status != request.expects {
            let text = String::from_utf8_lossy(&self.buffer[body]);
            bail!(
                "status {status} where {} was expected: {text}",
                request.expects
            );
        }
        Ok(body)
    }

    async fn send(&self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            match self.stream.try_write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    self.stream.writable().await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    async fn receive(&mut self, filled: usize) -> Result<usize> {
        if filled == self.buffer.len() {
            self.buffer.resize(filled * 2, 0);
        }
        loop {
            self.stream.readable().await?;
            match self.stream.try_read(&mut self.buffer[filled..]) {
                Ok(0) => bail!("the server closed a kept-alive connection"),
                Ok(read) => return Ok(read),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// The three facts of an answer's head that matter here.
struct Head {
    status: u16,
    /// Where the body begins.
    body: usize,
    length: usize,
}

impl Head {
    fn find(bytes: &[u8]) -> Result<Option<Self>> {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(None);
        };
        let text = std::str::from_utf8(&bytes[..end]).context("the head is not text")?;
        let mut lines = text.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .and_then(|code| code.parse().ok())
            .context("no status line")?;
        let length = lines
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .and_then(|(_, value)| value.trim().parse().ok())
            .context("an answer without a length: this small client reads no chunks")?;
        Ok(Some(Self {
            status,
            body: end + 4,
            length,
        }))
    }
}
