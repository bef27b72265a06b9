//! Files of the journal, read without journald: whether an entry that it accepted is stored. The format is documented
//! (systemd.io/JOURNAL_FILE_FORMAT): objects are appended, and a field of an entry is an object with its name, `=` and
//! its value, which is not compressed if it is short.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// Name of the file that journald appends to.
const ACTIVE: &str = "system.journal";
const SIGNATURE: &[u8] = b"LPKSHHRH";
/// Offsets in the header, which is little-endian.
const HEADER_BYTES: usize = 176;
const HEADER_SIZE_AT: usize = 88;
const TAIL_OBJECT_AT: usize = 136;
const TAIL_SEQNUM_AT: usize = 160;
const HEAD_SEQNUM_AT: usize = 168;
/// Offset of the size in an object.
const OBJECT_SIZE_AT: u64 = 8;

/// Bytes that one search reads at most: what the daemon itself writes in ten seconds by default, and half as much
/// again of others.
const SEARCH_MAX: u64 = 32 << 20;
const CHUNK: usize = 256 << 10;

/// Active files of the journal that a journald writes: on disk, and in memory until it has the disk.
#[derive(Debug)]
pub struct JournalFiles {
    paths: [PathBuf; 2],
}

/// Ends of the files at one time.
#[derive(Debug, Default)]
pub struct Ends {
    files: Vec<(PathBuf, End)>,
}

#[derive(Debug)]
struct End {
    file: File,
    at: u64,
}

impl JournalFiles {
    /// Finds the files of the journald that has this socket, `run/systemd/journal/socket` below some root, or
    /// `run/systemd/journal.NAMESPACE/socket`; `None` for another socket.
    pub fn of_socket(socket: &Path) -> Option<Self> {
        let folder = socket.parent()?;
        let name = folder.file_name()?.to_str()?.strip_prefix("journal")?;
        let run = folder.parent()?.parent()?;
        let root = run.parent()?;
        let machine = fs::read_to_string(root.join("etc/machine-id")).ok()?;
        let file = |base: PathBuf| base.join(format!("{}{name}", machine.trim())).join(ACTIVE);
        Some(Self { paths: [root.join("var/log/journal"), run.join("log/journal")].map(file) })
    }

    /// Returns the present ends of those files that exist and can be read.
    pub fn ends(&self) -> Ends {
        let end = |path: &PathBuf| Some((path.clone(), End::of(File::open(path).ok()?).ok()?));
        Ends { files: self.paths.iter().filter_map(end).collect() }
    }

    /// Returns whether `needle` is behind those ends; `None` if that cannot be found out: there is no file, too much
    /// was appended, or files were rotated more than once.
    ///
    /// # Errors
    /// Fails if a file cannot be read.
    pub fn contains(&self, ends: &Ends, needle: &[u8]) -> io::Result<Option<bool>> {
        let mut is_known = false;
        for path in &self.paths {
            let before = ends.files.iter().find(|(old, _)| old == path).map(|(_, end)| end);
            match search_path(path, before, needle)? {
                Some(true) => return Ok(Some(true)),
                Some(false) => is_known = true,
                None if before.is_some() => return Ok(None),
                None => {}
            }
        }
        Ok(is_known.then_some(false))
    }
}

impl Ends {
    /// Returns whether no file can be read.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

impl End {
    fn of(file: File) -> io::Result<Self> {
        let header = FileHeader::read(&file)?;
        let at = header.end(&file)?;
        Ok(Self { file, at })
    }
}

/// Searches a path behind its former end, over a rotation if there was one.
fn search_path(path: &Path, before: Option<&End>, needle: &[u8]) -> io::Result<Option<bool>> {
    let file = match File::open(path) {
        Ok(file) => file,
        // A rotation removes the file for a moment; one in memory is gone once journald has the disk.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return before.map_or(Ok(None), |end| search(&end.file, end.at, needle));
        }
        Err(error) => return Err(error),
    };
    let header = FileHeader::read(&file)?;
    let Some(end) = before else { return search(&file, header.size, needle) };
    let (old, new) = (end.file.metadata()?, file.metadata()?);
    if (old.dev(), old.ino()) == (new.dev(), new.ino()) {
        return search(&end.file, end.at, needle);
    }
    let found = search(&end.file, end.at, needle)?;
    if found == Some(true) {
        return Ok(found);
    }
    let is_next = header.head_seqnum == 0
        || header.head_seqnum == FileHeader::read(&end.file)?.tail_seqnum.saturating_add(1);
    let in_new = search(&file, header.size, needle)?;
    Ok(in_new.filter(|is_there| *is_there || (is_next && found.is_some())))
}

/// Searches from an offset to the end of the last object.
fn search(file: &File, from: u64, needle: &[u8]) -> io::Result<Option<bool>> {
    let end = FileHeader::read(file)?.end(file)?;
    if end.saturating_sub(from) > SEARCH_MAX {
        return Ok(None);
    }
    let mut chunk = vec![0; CHUNK];
    let mut at = from;
    while at < end {
        let read = file.read_at(&mut chunk, at)?;
        let bytes = chunk.get(..read).unwrap_or_default();
        if has(bytes, needle) {
            return Ok(Some(true));
        }
        // The needle may lie across two chunks.
        let step = read.saturating_sub(needle.len());
        if step == 0 {
            break;
        }
        at += step as u64;
    }
    Ok(Some(false))
}

/// Horspool's search: where the byte under the end of the needle is not in it, the needle moves on as a whole.
fn has(bytes: &[u8], needle: &[u8]) -> bool {
    let Some((_, before_last)) = needle.split_last() else { return true };
    let mut skips = [needle.len(); 256];
    for (at, byte) in before_last.iter().enumerate() {
        skips[usize::from(*byte)] = before_last.len() - at;
    }
    let mut rest = bytes;
    while let (Some(window), Some(last)) = (rest.get(..needle.len()), rest.get(needle.len() - 1)) {
        if window == needle {
            return true;
        }
        rest = rest.get(skips[usize::from(*last)]..).unwrap_or_default();
    }
    false
}

struct FileHeader {
    size: u64,
    tail_object: u64,
    tail_seqnum: u64,
    head_seqnum: u64,
}

impl FileHeader {
    fn read(file: &File) -> io::Result<Self> {
        let mut bytes = [0; HEADER_BYTES];
        file.read_exact_at(&mut bytes, 0)?;
        if !bytes.starts_with(SIGNATURE) {
            return Err(io::Error::other("not a file of the journal"));
        }
        let word = |at: usize| u64_at(&bytes, at);
        Ok(Self {
            size: word(HEADER_SIZE_AT),
            tail_object: word(TAIL_OBJECT_AT),
            tail_seqnum: word(TAIL_SEQNUM_AT),
            head_seqnum: word(HEAD_SEQNUM_AT),
        })
    }

    /// Returns the end of the last object.
    fn end(&self, file: &File) -> io::Result<u64> {
        if self.tail_object == 0 {
            return Ok(self.size);
        }
        let mut size = [0; size_of::<u64>()];
        file.read_exact_at(&mut size, self.tail_object.saturating_add(OBJECT_SIZE_AT))?;
        Ok(self.tail_object.saturating_add(u64::from_le_bytes(size)))
    }
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let word = bytes.get(at..).and_then(<[u8]>::first_chunk);
    word.map_or(0, |word| u64::from_le_bytes(*word))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a file with that content behind its header, and these sequence numbers.
    fn journal(content: &[u8], head: u64, tail: u64) -> Vec<u8> {
        let mut bytes = vec![0; HEADER_BYTES + 80];
        let size = bytes.len() as u64;
        let object = [&[1; 8][..], &(16 + content.len() as u64).to_le_bytes(), content].concat();
        bytes[..8].copy_from_slice(SIGNATURE);
        for (at, word) in [
            (HEADER_SIZE_AT, size),
            (TAIL_OBJECT_AT, size),
            (TAIL_SEQNUM_AT, tail),
            (HEAD_SEQNUM_AT, head),
        ] {
            bytes[at..at + 8].copy_from_slice(&word.to_le_bytes());
        }
        bytes.extend(object);
        // Bytes behind the last object belong to no entry.
        bytes.extend(b"later");
        bytes
    }

    struct Machine {
        root: tempfile::TempDir,
        files: JournalFiles,
    }

    fn machine() -> Machine {
        let root = tempfile::tempdir().unwrap();
        for folder in ["etc", "run/systemd/journal.x", "var/log/journal/0123.x"] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        fs::write(root.path().join("etc/machine-id"), "0123\n").unwrap();
        let socket = root.path().join("run/systemd/journal.x/socket");
        Machine { files: JournalFiles::of_socket(&socket).unwrap(), root }
    }

    impl Machine {
        fn write(&self, bytes: &[u8]) {
            fs::write(self.path(), bytes).unwrap();
        }

        fn path(&self) -> PathBuf {
            self.root.path().join("var/log/journal/0123.x/system.journal")
        }

        fn rotate(&self) {
            fs::rename(self.path(), self.path().with_file_name("system@1.journal")).unwrap();
        }

        fn contains(&self, ends: &Ends) -> Option<bool> {
            self.files.contains(ends, b"needle").unwrap()
        }
    }

    #[test]
    fn of_socket_of_no_journald_is_none() {
        assert!(JournalFiles::of_socket(Path::new("/tmp/socket")).is_none());
    }

    #[test]
    fn contains_without_file_is_unknown() {
        let machine = machine();
        let ends = machine.files.ends();
        assert!(ends.is_empty());
        assert_eq!(machine.contains(&ends), None);
    }

    #[test]
    fn contains_searches_behind_former_end_only() {
        let machine = machine();
        machine.write(&journal(b"old needle", 1, 1));
        let ends = machine.files.ends();
        assert_eq!(machine.contains(&ends), Some(false));
        machine.write(&journal(&[&[b'.'; 2 * CHUNK - 6 - 16][..], b"needle"].concat(), 1, 2));
        assert_eq!(machine.contains(&ends), Some(true));
    }

    #[test]
    fn contains_follows_one_rotation() {
        let machine = machine();
        machine.write(&journal(b"old", 1, 7));
        let ends = machine.files.ends();
        machine.rotate();
        assert_eq!(machine.contains(&ends), Some(false), "the new file is not there yet");
        machine.write(&journal(b"new", 8, 9));
        assert_eq!(machine.contains(&ends), Some(false));
        machine.write(&journal(b"new", 9, 9));
        assert_eq!(machine.contains(&ends), None, "there was a file in between");
        machine.write(&journal(b"new needle", 9, 9));
        assert_eq!(machine.contains(&ends), Some(true));
    }

    #[test]
    fn contains_gives_up_beyond_its_bound() {
        let machine = machine();
        machine.write(&journal(b"", 1, 1));
        let ends = machine.files.ends();
        machine.write(&journal(&vec![b'.'; 33 << 20], 1, 2));
        assert_eq!(machine.contains(&ends), None);
    }
}
