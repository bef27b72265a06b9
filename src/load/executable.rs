//! Executable of the daemon in the store: only it understands its ring, if the next daemon has other types.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;

use crate::fd_store::FdStore;

/// Name in the store.
const NAME: &str = "executable";

/// Keeps the executable of this process, in place of that of a daemon whose set this one goes on with. The descriptor
/// stays that of this file when the package replaces it.
pub(super) fn keep(store: &FdStore) {
    let kept = store.take(NAME);
    if !store.is_open() {
        return;
    }
    match File::open("/proc/self/exe") {
        Ok(own) if kept.as_ref().is_some_and(|kept| is_same(kept, &own)) => {}
        Ok(own) => {
            store.remove(NAME);
            store.put_file(NAME, &own);
        }
        Err(error) => {
            tracing::warn!(
                "a daemon with other types cannot take over from this one: /proc/self/exe: {error}"
            );
        }
    }
}

fn is_same(kept: &OwnedFd, own: &File) -> bool {
    let identity = |file: &File| file.metadata().map(|about| (about.dev(), about.ino())).ok();
    let kept = kept.try_clone().map(File::from).ok();
    kept.is_some_and(|kept| identity(&kept).is_some() && identity(&kept) == identity(own))
}
