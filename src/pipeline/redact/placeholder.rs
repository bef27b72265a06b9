//! Text in the place of a secret: its length shows a payload that was passed as one, its hash shows that two
//! secrets are equal.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

/// Random key of this run, so that nobody who reads the journal can compare the hash with those of guesses.
static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Appends `[redacted 23 bytes #1a2b3c4d]`. The hash includes the user: with the journal at hand, another user
/// could otherwise try guesses as arguments of a program of its own until the hashes are equal.
pub(super) fn placeholder(secret: &[u8], uid: u32, text: &mut Vec<u8>) {
    let unit: &[u8] = if secret.len() == 1 { b" byte #" } else { b" bytes #" };
    let hash = KEY.hash_one((uid, secret)) >> 32;
    text.extend_from_slice(b"[redacted ");
    text.extend_from_slice(itoa::Buffer::new().format(secret.len()).as_bytes());
    text.extend_from_slice(unit);
    text.extend((0..8).rev().map(|at| digit(hash >> (4 * at) & 15)));
    text.push(b']');
}

fn digit(nibble: u64) -> u8 {
    b"0123456789abcdef".get(nibble as usize).copied().unwrap_or(b'0')
}
