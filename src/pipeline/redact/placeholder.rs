//! Text in the place of a secret: its length shows a payload that was passed as one, its hash shows that two
//! secrets are equal.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

/// Random key of this run, so that nobody who reads the journal can compare the hash with those of guesses.
static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Returns `[redacted 23 bytes #1a2b3c4d]`. The hash includes the user: with the journal at hand, another user
/// could otherwise try guesses as arguments of a program of its own until the hashes are equal.
pub(super) fn placeholder(secret: &[u8], uid: u32) -> Vec<u8> {
    let unit = if secret.len() == 1 { "byte" } else { "bytes" };
    let hash = KEY.hash_one((uid, secret)) >> 32;
    format!("[redacted {} {unit} #{hash:08x}]", secret.len()).into_bytes()
}
