//! Notes of `check` on the file of the metrics: a folder that the service will not be able to write to.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::config::{MetricsFile, printable};

/// Folders of the drop-ins of the unit.
const DROP_INS: [&str; 3] = [
    "/etc/systemd/system/tailcalld.service.d",
    "/run/systemd/system/tailcalld.service.d",
    "/usr/lib/systemd/system/tailcalld.service.d",
];

/// Folders that the service may write to anyway.
const OWN: [&str; 2] = ["/run/tailcalld", "/var/lib/tailcalld"];

/// Bits of the mode that let the group and others write.
const BY_GROUP: u32 = 0o020;
const BY_OTHERS: u32 = 0o002;

/// Returns the notes.
pub(super) fn metrics_notes(file: &MetricsFile) -> Vec<String> {
    let folder = file.folder();
    let text = printable(&folder.to_string_lossy());
    let mut notes = Vec::new();
    match fs::metadata(folder) {
        Err(error) => notes.push(format!("[metrics] textfile: {text}: {error}")),
        Ok(about) if !about.is_dir() => {
            notes.push(format!("[metrics] textfile: {text} is not a directory"));
        }
        Ok(about) if !is_writable(about.uid(), about.gid(), about.mode()) => {
            notes.push(format!(
                "[metrics] textfile: the service, which has no CAP_DAC_OVERRIDE, may not write to {text}; run: chgrp \
                 root '{text}' && chmod g+w '{text}'"
            ));
        }
        Ok(_) => {}
    }
    if !is_permitted(folder, &DROP_INS.map(PathBuf::from)) {
        notes.push(format!(
            "[metrics] textfile: the sandbox of the service makes {text} read-only; run `systemctl edit tailcalld`, add \
             ReadWritePaths={text} below [Service], and restart it"
        ));
    }
    notes
}

/// Returns whether root without capabilities may write to a folder.
fn is_writable(uid: u32, gid: u32, mode: u32) -> bool {
    match (uid, gid) {
        (0, _) => mode & 0o200 != 0,
        (_, 0) => mode & BY_GROUP != 0,
        _ => mode & BY_OTHERS != 0,
    }
}

/// Returns whether the unit permits a folder, or one around it.
fn is_permitted(folder: &Path, drop_ins: &[PathBuf]) -> bool {
    if OWN.iter().any(|own| folder.starts_with(own)) {
        return true;
    }
    let entries =
        drop_ins.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
    let files =
        entries.map(|entry| entry.path()).filter(|path| path.extension() == Some("conf".as_ref()));
    files.filter_map(|path| fs::read_to_string(path).ok()).any(|text| permits(&text, folder))
}

fn permits(drop_in: &str, folder: &Path) -> bool {
    let values = drop_in.lines().filter_map(|line| line.trim().strip_prefix("ReadWritePaths="));
    let mut paths = values.flat_map(str::split_whitespace);
    paths.any(|path| folder.starts_with(path.trim_matches('"').trim_start_matches(['-', '+'])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_writable_follows_class_of_root() {
        for (uid, gid, mode, expected) in [
            (0, 0, 0o755, true),
            (0, 0, 0o555, false),
            (115, 115, 0o755, false),
            (115, 115, 0o777, true),
            (115, 0, 0o775, true),
            (115, 0, 0o757, false),
        ] {
            assert_eq!(is_writable(uid, gid, mode), expected, "{uid} {gid} {mode:o}");
        }
    }

    #[test]
    fn is_permitted_reads_drop_ins_of_unit() {
        let folder = tempfile::tempdir().unwrap();
        let drop_ins = [folder.path().to_owned(), "/nowhere".into()];
        let permitted = |path: &str| is_permitted(Path::new(path), &drop_ins);
        assert!(permitted("/run/tailcalld/a") && !permitted("/var/lib/prom"));
        let text = "[Service]\nReadWritePaths=/srv \"-/var/lib/prom\"\n";
        fs::write(folder.path().join("a.conf"), text).unwrap();
        assert!(permitted("/var/lib/prom/node") && permitted("/srv"));
        assert!(!permitted("/var/lib/prometheus") && !permitted("/var/lib"));
        fs::rename(folder.path().join("a.conf"), folder.path().join("a.conf.bak")).unwrap();
        assert!(!permitted("/srv"));
    }
}
