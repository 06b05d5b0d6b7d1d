//! Ending a run that shares our process. A process is killed; a thread has to be let go of whatever it
//! waits for. So what it writes into never blocks: it waits for the pipe and for the word to stop at once.

use std::io::{self, PipeReader, PipeWriter, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// The word to stop, shared by who gives it and who waits for it.
#[derive(Debug, Clone)]
pub(super) struct Cancel(Arc<Word>);

#[derive(Debug)]
struct Word {
    given: AtomicBool,
    /// Dropped when the word is given, which whoever waits sees at the other end.
    mouth: Mutex<Option<PipeWriter>>,
    ear: PipeReader,
}

impl Cancel {
    /// # Errors
    /// When there are too many open files.
    pub(super) fn new() -> io::Result<Self> {
        let (ear, mouth) = io::pipe()?;
        Ok(Self(Arc::new(Word {
            given: AtomicBool::new(false),
            mouth: Mutex::new(Some(mouth)),
            ear,
        })))
    }

    pub(super) fn give(&self) {
        self.0.given.store(true, Ordering::SeqCst);
        let mut mouth = self.0.mouth.lock().unwrap_or_else(PoisonError::into_inner);
        mouth.take();
    }

    pub(super) fn is_given(&self) -> bool {
        self.0.given.load(Ordering::SeqCst)
    }

    /// Waits this long, or until the word is given; says whether it was not.
    pub(super) fn sleep(&self, time: Duration) -> bool {
        let until = Timespec::try_from(time).ok();
        let _ = poll(&mut [self.ear()], until.as_ref());
        !self.is_given()
    }

    /// Waits until something can be done with a pipe, or the word is given.
    fn wait(&self, pipe: BorrowedFd<'_>, what: PollFlags) -> io::Result<()> {
        let mut waited = [PollFd::from_borrowed_fd(pipe, what), self.ear()];
        match poll(&mut waited, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn ear(&self) -> PollFd<'_> {
        PollFd::from_borrowed_fd(self.0.ear.as_fd(), PollFlags::IN)
    }
}

/// A pipe that is not waited for once the word to stop is given.
#[derive(Debug)]
pub(super) struct Pipe<P> {
    pipe: P,
    cancel: Cancel,
}

impl<P: AsFd> Pipe<P> {
    /// # Errors
    /// When the pipe does not take the mode, which pipes do.
    pub(super) fn new(pipe: P, cancel: Cancel) -> io::Result<Self> {
        let flags = fcntl_getfl(&pipe)?;
        fcntl_setfl(&pipe, flags | OFlags::NONBLOCK)?;
        Ok(Self { pipe, cancel })
    }

    fn patiently<T>(
        &mut self,
        what: PollFlags,
        mut attempt: impl FnMut(&mut P) -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            if self.cancel.is_given() {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            match attempt(&mut self.pipe) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.cancel.wait(self.pipe.as_fd(), what)?;
                }
                outcome => return outcome,
            }
        }
    }
}

impl Write for Pipe<PipeWriter> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.patiently(PollFlags::OUT, |pipe| pipe.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
