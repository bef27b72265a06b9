//! Bytes that journald may take up: its setting, or the default of a tenth of the file system and 4 GiB
//! (`src/libsystemd/sd-journal/journal-file.c` of systemd, 247 to 258).

use std::path::Path;

use nix::sys::statvfs::statvfs;

use super::configurations;

/// Bytes that journald may take up for all its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalRoom {
    /// Number of bytes.
    pub bytes: u64,
}

/// Default at most.
const MOST: u64 = 4 << 30;

/// Folders of the files with their setting, that on a disk first.
const FOLDERS: [(&str, &str); 2] =
    [("var/log/journal", "SystemMaxUse"), ("run/log/journal", "RuntimeMaxUse")];

impl JournalRoom {
    /// Returns that of this system's journald; `None` if it has no files.
    pub fn of_system() -> Option<Self> {
        Self::of(Path::new("/"))
    }

    fn of(root: &Path) -> Option<Self> {
        let (folder, key) = FOLDERS.iter().find(|(folder, _)| root.join(folder).is_dir())?;
        let system = statvfs(&root.join(folder)).ok()?;
        let size = system.blocks().saturating_mul(system.fragment_size());
        let bytes = setting(root, key).unwrap_or_else(|| (size / 10).min(MOST));
        Some(Self { bytes })
    }
}

/// Returns the last value of a setting; `None` if it is not set, or empty.
fn setting(root: &Path, key: &str) -> Option<u64> {
    let texts: Vec<_> = configurations(root).collect();
    let mut lines =
        texts.iter().flat_map(|text| text.lines()).filter_map(|line| line.split_once('='));
    let (_, value) = lines.rfind(|(name, _)| name.trim() == key)?;
    size(value.trim())
}

/// Parses a size: `500M`, `1.5G`, `1048576`. The units are powers of 1,024.
fn size(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let power = match unit {
        "" | "B" => 0,
        "K" => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        "P" => 5,
        _ => return None,
    };
    Some((number.parse::<f64>().ok()? * f64::from(1 << 10).powi(power)) as u64)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn room_is_setting_or_tenth_of_file_system() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, text).expect("written");
        };
        let bytes = || JournalRoom::of(root).map(|room| room.bytes);
        assert_eq!(bytes(), None);
        write("run/log/journal/x", "");
        write("etc/systemd/journald.conf", "[Journal]\n#RuntimeMaxUse=7M\nSystemMaxUse=1.5G\n");
        assert!(bytes().expect("a default") <= MOST);
        write("etc/systemd/journald.conf.d/a.conf", "[Journal]\nRuntimeMaxUse=20M\n");
        assert_eq!(bytes(), Some(20 << 20));
        write("var/log/journal/x", "");
        assert_eq!(bytes(), Some(3 << 29));
        write("run/systemd/journald.conf.d/b.conf", "[Journal]\nSystemMaxUse = 4096\n");
        assert_eq!(bytes(), Some(4096));
        write("run/systemd/journald.conf.d/b.conf", "[Journal]\nSystemMaxUse=lots\n");
        assert!(bytes().expect("a default") > 4096);
    }
}
