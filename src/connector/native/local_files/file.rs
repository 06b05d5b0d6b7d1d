//! The file of one stream. Rows are added to it; a run that replaces everything writes beside it, and
//! changes the two when its stream is complete. What an attempt left behind is taken up by the next.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::format::Format;

/// How much is gathered before it is written.
const BLOCK: usize = 256 * 1024;

/// What the catalog says about earlier rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Earlier {
    Stay,
    /// They go when the stream is complete; absent generations are never the same.
    Go {
        generation: Option<i64>,
    },
}

/// The file that a stream is written to.
#[derive(Debug)]
pub(super) struct StreamFile {
    writing: BufWriter<File>,
    /// Where it goes when the stream is complete, if it is not there already.
    takes_place_of: Option<(PathBuf, PathBuf)>,
}

impl StreamFile {
    /// Opens the file `name` in `folder`.
    pub(super) fn open(
        folder: &Path,
        name: &str,
        format: Format,
        earlier: Earlier,
    ) -> io::Result<Self> {
        let real = folder.join(format!("{name}.{}", format.ending()));
        let beside = folder.join(format!("{name}.{}.next", format.ending()));
        let (path, takes_place_of) = match earlier {
            Earlier::Stay => {
                take_over(&beside, &real, format)?;
                (real, None)
            }
            Earlier::Go { generation } => {
                if exists(&beside)? {
                    if !is_of(generation, &beside, format)? {
                        fs::remove_file(&beside)?;
                    }
                    (beside.clone(), Some((beside, real)))
                } else if !exists(&real)? || is_of(generation, &real, format)? {
                    (real, None)
                } else {
                    (beside.clone(), Some((beside, real)))
                }
            }
        };
        let file = begun(open_for_adding(&path)?, format)?;
        sync_folder(&path)?;
        Ok(Self {
            writing: BufWriter::with_capacity(BLOCK, file),
            takes_place_of,
        })
    }

    pub(super) fn add(&mut self, row: &[u8]) -> io::Result<()> {
        self.writing.write_all(row)
    }

    /// Keeps for good what was added.
    pub(super) fn commit(&mut self) -> io::Result<()> {
        self.writing.flush()?;
        self.writing.get_ref().sync_data()
    }

    /// Everything was added; if `complete`, this is all there is.
    pub(super) fn finish(&mut self, complete: bool) -> io::Result<()> {
        self.commit()?;
        if let (true, Some((beside, real))) = (complete, self.takes_place_of.take()) {
            fs::rename(beside, &real)?;
            sync_folder(&real)?;
        }
        Ok(())
    }
}

/// Opens a file at its end. A last line without an end was never acknowledged and goes.
fn open_for_adding(path: &Path) -> io::Result<File> {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
        .open(path)?;
    let whole = whole_lines(&mut file)?;
    file.set_len(whole)?;
    file.seek(SeekFrom::End(0))?;
    Ok(file)
}

/// How long a file is up to the end of its last whole line.
fn whole_lines(file: &mut File) -> io::Result<u64> {
    let mut end = file.metadata()?.len();
    let mut block = vec![0; 64 * 1024];
    while end > 0 {
        let start = end.saturating_sub(block.len() as u64);
        file.seek(SeekFrom::Start(start))?;
        let part = usize::try_from(end - start).unwrap_or(block.len());
        file.read_exact(&mut block[..part])?;
        if let Some(at) = memchr::memrchr(b'\n', &block[..part]) {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// Writes the first line of a file that is empty.
fn begun(mut file: File, format: Format) -> io::Result<File> {
    if let Some(head) = format.head()
        && file.metadata()?.len() == 0
    {
        file.write_all(head.as_bytes())?;
    }
    Ok(file)
}

/// Adds to a file what an unfinished replacement left beside it: rows that now stay.
fn take_over(beside: &Path, real: &Path, format: Format) -> io::Result<()> {
    if !exists(beside)? {
        return Ok(());
    }
    let mut left = open_for_adding(beside)?;
    let head = format.head().map_or(0, |head| head.len() as u64);
    left.seek(SeekFrom::Start(head))?;
    let mut file = begun(open_for_adding(real)?, format)?;
    io::copy(&mut left, &mut file)?;
    file.sync_all()?;
    fs::remove_file(beside)
}

/// Whether the rows of a file are of this generation, as its first one tells. An empty file is of any.
fn is_of(generation: Option<i64>, path: &Path, format: Format) -> io::Result<bool> {
    let mut file = open_for_adding(path)?;
    file.seek(SeekFrom::Start(0))?;
    let first = format.first_generation(BufReader::new(file))?;
    Ok(first.is_none() || generation.is_some() && first == generation)
}

fn exists(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Keeps for good that a file is there, and under this name.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
