//! The limit of open files: without a check, it ends a start somewhere in libbpf.

use anyhow::{Context as _, Result};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::error::Failure;

/// Files that a daemon needs open at most: some 60 maps, programs and links, the same number again while they are
/// loaded, and the clients of the control socket.
const NEEDED: u64 = 160;

/// Raises the limit of open files to what the daemon needs, as far as the hard limit permits.
///
/// # Errors
/// `Failure::Unavailable` if the hard limit is too low.
pub fn raise() -> Result<()> {
    let what = "failed to read or raise the limit of open files (RLIMIT_NOFILE)";
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).context(what)?;
    if soft >= NEEDED {
        return Ok(());
    }
    if hard < NEEDED {
        return Err(Failure::Unavailable(format!(
            "the limit of open files is {hard}, at least {NEEDED} are needed: set LimitNOFILE={NEEDED} or more \
             in a drop-in of the unit, or run `ulimit -n {NEEDED}` before"
        ))
        .into());
    }
    setrlimit(Resource::RLIMIT_NOFILE, NEEDED, hard).context(what)
}
