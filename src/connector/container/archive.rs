//! Just enough of the tar format to hand files to a container and to read one of its.

/// The size of a block; everything in an archive is a multiple of it.
const BLOCK: usize = 512;

/// Who owns what is packed, as the container counts users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    pub user: u32,
    pub group: u32,
}

/// A directory for its owner only, with files for their owner only.
pub(super) fn pack(directory: &str, files: &[(String, Vec<u8>)], owner: Owner) -> Vec<u8> {
    let mut archive = Vec::new();
    archive.extend_from_slice(&header(&format!("{directory}/"), 0, 0o700, b'5', owner));
    for (name, content) in files {
        let name = format!("{directory}/{name}");
        archive.extend_from_slice(&header(&name, content.len(), 0o600, b'0', owner));
        archive.extend_from_slice(content);
        archive.resize(archive.len().next_multiple_of(BLOCK), 0);
    }
    archive.resize(archive.len() + 2 * BLOCK, 0);
    archive
}

/// The content of the first file in an archive.
pub(super) fn first_file(archive: &[u8]) -> Option<&[u8]> {
    let mut rest = archive;
    loop {
        let (header, after) = rest.split_at_checked(BLOCK)?;
        let size = std::str::from_utf8(&header[124..135]).ok()?;
        let size = usize::from_str_radix(size.trim_matches(['\0', ' ']), 8).ok()?;
        if matches!(header[156], b'0' | 0) {
            return after.get(..size);
        }
        rest = after.get(size.next_multiple_of(BLOCK)..)?;
    }
}

/// One entry's head, in the `ustar` form.
fn header(name: &str, size: usize, mode: u32, kind: u8, owner: Owner) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put =
        |at: usize, text: &str| block[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, &format!("{mode:07o}"));
    put(108, &format!("{:07o}", owner.user));
    put(116, &format!("{:07o}", owner.group));
    put(124, &format!("{size:011o}"));
    put(136, "00000000000");
    // The checksum counts itself as blanks.
    put(148, "        ");
    put(257, "ustar\x0000");
    block[156] = kind;
    let sum: u32 = block.iter().copied().map(u32::from).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    block
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn tar_itself_reads_what_is_packed() {
        let owner = Owner {
            user: 1000,
            group: 1001,
        };
        let files = [
            ("config.json".to_owned(), b"{\"a\":1}".to_vec()),
            ("empty.json".to_owned(), Vec::new()),
            ("full.json".to_owned(), vec![b'x'; 1024]),
        ];
        let archive = pack("run", &files, owner);
        let mut tar = Command::new("tar")
            .args(["--numeric-owner", "-tvf", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("tar");
        tar.stdin
            .take()
            .expect("a pipe")
            .write_all(&archive)
            .expect("written");
        let listed = tar.wait_with_output().expect("an end");
        assert!(listed.status.success());
        let listed = String::from_utf8(listed.stdout).expect("text");
        let lines: Vec<Vec<_>> = listed
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(lines[0][..3], ["drwx------", "1000/1001", "0"]);
        assert_eq!(lines[1][..3], ["-rw-------", "1000/1001", "7"]);
        assert_eq!(lines[3][..3], ["-rw-------", "1000/1001", "1024"]);
        assert_eq!(lines[3][5], "run/full.json");
    }

    #[test]
    fn the_first_file_is_found_behind_directories() {
        let owner = Owner { user: 0, group: 0 };
        let files = [("passwd".to_owned(), b"root:x:0:0::/:/bin/sh\n".to_vec())];
        let archive = pack("etc", &files, owner);
        assert_eq!(first_file(&archive), Some(&b"root:x:0:0::/:/bin/sh\n"[..]));
        assert_eq!(first_file(&archive[..600]), None);
        assert_eq!(first_file(b"nonsense"), None);
    }
}
