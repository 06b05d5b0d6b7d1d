//! What a native destination reads: lines of standard input, or parcels of the thread that reads the source.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::cancel::Cancel;
use crate::connector::feed::Desk;
use crate::protocol::parcel::{Known, Unpacked};
use crate::protocol::reader::{Lines, Piece};

/// How soon a run that waits for parcels notices that it is to stop.
const NOTICE: Duration = Duration::from_millis(50);

/// What comes next.
#[derive(Debug)]
pub(super) enum Item<'a> {
    Known(Known<'a>),
    Piece(Piece<'a>),
}

/// Lines, as they come.
pub(super) trait Input {
    /// What comes next; `None` at the end.
    fn next(&mut self) -> io::Result<Option<Item<'_>>>;

    /// Whether it is at hand.
    fn is_ready(&mut self) -> bool;

    /// Waits for more, at most this long; says whether reading would have to wait still.
    fn is_idle(&mut self, most: Duration) -> bool;
}

/// For those who read nothing.
impl Input for io::Empty {
    fn next(&mut self) -> io::Result<Option<Item<'_>>> {
        Ok(None)
    }

    fn is_ready(&mut self) -> bool {
        true
    }

    fn is_idle(&mut self, _: Duration) -> bool {
        false
    }
}

/// Something that the system reads for us, without a buffer that could hold back some of it.
impl<R: Read + AsFd> Input for Lines<R> {
    fn next(&mut self) -> io::Result<Option<Item<'_>>> {
        Ok(Self::next(self)?.map(Item::Piece))
    }

    fn is_ready(&mut self) -> bool {
        Self::is_ready(self)
    }

    fn is_idle(&mut self, most: Duration) -> bool {
        let until = Timespec::try_from(most).ok();
        let waited = poll(
            &mut [PollFd::new(self.input(), PollFlags::IN)],
            until.as_ref(),
        );
        matches!(waited, Ok(0))
    }
}

/// Parcels, until the word to stop is given.
pub(super) struct Counter {
    desk: Desk,
    cancel: Cancel,
    unpacked: Unpacked,
    ended: bool,
}

impl Counter {
    pub(super) fn new(desk: Desk, cancel: Cancel) -> Self {
        Self {
            desk,
            cancel,
            unpacked: Unpacked::default(),
            ended: false,
        }
    }

    /// Takes the next parcel, if one comes in time.
    fn fetch(&mut self, most: Duration) {
        match self.desk.full.recv_timeout(most) {
            // Who sends is gone when nobody takes the empty ones.
            Ok(parcel) => drop(self.desk.empty.send(self.unpacked.refill(parcel))),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => self.ended = true,
        }
    }
}

impl Input for Counter {
    fn next(&mut self) -> io::Result<Option<Item<'_>>> {
        while !self.is_ready() {
            if self.cancel.is_given() {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            self.fetch(NOTICE);
        }
        Ok(self.unpacked.unpack().map(Item::Known))
    }

    fn is_ready(&mut self) -> bool {
        !self.is_idle(Duration::ZERO)
    }

    fn is_idle(&mut self, most: Duration) -> bool {
        if self.unpacked.is_at_end() && !self.ended {
            self.fetch(most);
        }
        self.unpacked.is_at_end() && !self.ended
    }
}
