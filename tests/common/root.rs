//! Tests that need root say so where they are run without, and fail under `CI=true`.

use std::io::Write as _;

/// Whether we are root.
pub fn privileged() -> bool {
    if nix::unistd::geteuid().is_root() {
        return true;
    }
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "this test needs root");
    // print! would be captured, and a skip would look like a success.
    std::io::stderr().write_all(b"SKIPPED: needs root\n").expect("standard error");
    false
}
