//! The way into a connector that writes: a pipe to another process, or parcels to a thread of ours, which are
//! handed over as they are. Few are under way, so a destination that is slow lets the source wait.

use std::io::{self, PipeWriter};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use crate::protocol::parcel::{Outlet, Parcel};

/// How many parcels wait for a connector at most.
const UNDER_WAY: usize = 2;

/// Dropping it says that there is no more.
#[derive(Debug)]
pub enum Feed {
    Pipe(PipeWriter),
    Parcels(Parcels),
}

impl Outlet for Feed {
    fn take(&mut self, parcel: &mut Parcel) -> io::Result<()> {
        match self {
            Self::Pipe(pipe) => pipe.take(parcel),
            Self::Parcels(parcels) => parcels.take(parcel),
        }
    }
}

/// Hands parcels to a thread, and uses those again that come back empty.
#[derive(Debug)]
pub struct Parcels {
    to: SyncSender<Parcel>,
    empty: Receiver<Parcel>,
}

impl Outlet for Parcels {
    fn take(&mut self, parcel: &mut Parcel) -> io::Result<()> {
        if parcel.is_empty() {
            return Ok(());
        }
        let empty = self.empty.try_recv().unwrap_or_default();
        let full = std::mem::replace(parcel, empty);
        let handed = self.to.send(full);
        handed.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// Where a thread takes its parcels, and where it lays them when they are empty.
#[derive(Debug)]
pub struct Desk {
    pub full: Receiver<Parcel>,
    pub empty: Sender<Parcel>,
}

/// Both ends.
#[must_use]
pub fn parcels() -> (Parcels, Desk) {
    let (to, full) = sync_channel(UNDER_WAY);
    let (back, empty) = channel();
    let (parcels, desk) = (Parcels { to, empty }, Desk { full, empty: back });
    (parcels, desk)
}
