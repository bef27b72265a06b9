//! Temporary routes: files in the runtime directory that are read after the configuration, each until the time in its
//! name. `route-3-1796049143.toml` is the third, until that second since 1970 UTC. They end by themselves, whichever
//! daemon runs by then, and none outlives a boot.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::probes;

/// Temporary routes at once: more are not the work of a person.
const ROUTES_MAX: usize = 64;

/// Longest entry, in bytes.
const ENTRY_MAX: usize = 16 << 10;

const BEGIN: &str = "route-";
const END: &str = ".toml";

/// File of a temporary route.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RouteFile {
    /// Number, by which it is removed.
    pub number: u32,
    /// Time from which it counts no more, in seconds since 1970 UTC.
    pub until: u64,
    /// Configuration file.
    pub path: PathBuf,
}

impl RouteFile {
    /// Returns the route of a file in `folder`, if its name is that of one.
    fn of_name(folder: &Path, name: &str) -> Option<Self> {
        let (number, until) = name.strip_prefix(BEGIN)?.strip_suffix(END)?.split_once('-')?;
        let (number, until) = (number.parse().ok()?, until.parse().ok()?);
        Some(Self { number, until, path: folder.join(name) })
    }

    /// Returns the entry: what the file has below its table.
    ///
    /// # Errors
    /// Fails if the file cannot be read.
    pub fn entry(&self) -> io::Result<String> {
        let text = fs::read_to_string(&self.path)?;
        Ok(text.split_once('\n').unwrap_or_default().1.trim_end().to_owned())
    }
}

/// Returns the routes in a folder that count at `now`, in seconds since 1970 UTC, by their numbers. The files of the
/// others are removed.
pub fn live(folder: &Path, now: u64) -> Vec<RouteFile> {
    let (mut live, over): (Vec<_>, Vec<_>) =
        all(folder).into_iter().partition(|route| route.until > now);
    for route in over {
        if let Err(error) = fs::remove_file(&route.path) {
            tracing::debug!("failed to remove {}: {error}", route.path.display());
        }
    }
    live.sort();
    live
}

fn all(folder: &Path) -> Vec<RouteFile> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| RouteFile::of_name(folder, entry.file_name().to_str()?)).collect()
}

/// Adds a route until that time, in seconds since 1970 UTC. `entry` is a line of `[routes]` or `[probes]`.
///
/// # Errors
/// Fails if it is no line, there are too many, or the file cannot be written.
pub fn add(folder: &Path, entry: &str, until: u64) -> Result<RouteFile> {
    if entry.len() > ENTRY_MAX || entry.contains(char::is_control) {
        bail!("the entry is not one line of at most {ENTRY_MAX} bytes");
    }
    if matches!(entry.trim_start().bytes().next(), None | Some(b'#' | b'[')) {
        bail!("the entry routes nothing, expected one such as: openat = \"args\"");
    }
    let others = all(folder);
    if others.len() >= ROUTES_MAX {
        bail!(
            "there are {ROUTES_MAX} temporary routes already; remove one with `tailcalld route remove NUMBER`"
        );
    }
    let number = others.iter().map(|route| route.number).max().unwrap_or(0).saturating_add(1);
    let path = folder.join(format!("{BEGIN}{number}-{until}{END}"));
    let text = format!("{}\n{entry}\n", table_of(entry));
    let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    written
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("failed to write {}", path.display()))?;
    Ok(RouteFile { number, until, path })
}

/// Returns the table of the configuration that an entry belongs to.
pub fn table_of(entry: &str) -> &'static str {
    let key = entry.trim_start().trim_start_matches(['"', '\'']);
    if probes::parse(key).is_some() { "[probes]" } else { "[routes]" }
}

/// Removes the route of that number; returns `false` if there is none.
///
/// # Errors
/// Fails if the file cannot be removed.
pub fn remove(folder: &Path, number: u32) -> Result<bool> {
    let Some(route) = all(folder).into_iter().find(|route| route.number == number) else {
        return Ok(false);
    };
    match fs::remove_file(&route.path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("failed to remove {}", route.path.display()))
        }
        _ => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(routes: &[RouteFile]) -> Vec<u32> {
        routes.iter().map(|route| route.number).collect()
    }

    #[test]
    fn live_returns_routes_by_number_and_removes_those_that_are_over() {
        let folder = tempfile::tempdir().unwrap();
        let add = |entry, until| add(folder.path(), entry, until).unwrap();
        let first = add("openat = \"args\"", 20);
        let second = add("\"kprobe:vfs_unlink\" = \"args\"", 10);
        assert_eq!(numbers(&live(folder.path(), 9)), [1, 2]);
        assert_eq!(fs::read_to_string(&first.path).unwrap(), "[routes]\nopenat = \"args\"\n");
        assert_eq!(second.entry().unwrap(), "\"kprobe:vfs_unlink\" = \"args\"");
        assert!(fs::read_to_string(&second.path).unwrap().starts_with("[probes]\n"));
        assert_eq!(numbers(&live(folder.path(), 10)), [1]);
        assert!(!second.path.exists());
        assert!(live(folder.path(), 20).is_empty());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn live_takes_no_other_files() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["route-1.toml", "route-x-5.toml", "route-1-5", "table", ".route-1-5.toml"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        assert_eq!(live(folder.path(), 0), []);
        assert_eq!(live(folder.path(), 9), []);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 5);
    }

    #[test]
    fn add_refuses_what_is_no_entry() {
        let folder = tempfile::tempdir().unwrap();
        let long = "x".repeat(ENTRY_MAX + 1);
        for entry in ["read = \"args\"\n[ring]", &long, "", " ", "# read", " [ring]"] {
            assert!(add(folder.path(), entry, 1).is_err(), "{entry}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn remove_takes_one_route() {
        let folder = tempfile::tempdir().unwrap();
        add(folder.path(), "read = \"args\"", 5).unwrap();
        add(folder.path(), "write = \"args\"", 5).unwrap();
        assert!(remove(folder.path(), 1).unwrap());
        assert!(!remove(folder.path(), 1).unwrap());
        assert_eq!(numbers(&live(folder.path(), 1)), [2]);
    }
}
