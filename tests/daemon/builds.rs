//! Builds of the daemon with other types: the binary with another hash of them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tailcalld::load::LAYOUT;

/// Writes the build whose types have this number, in place of any that is there. 0 is the real one.
pub fn write(build: u8, path: &Path) {
    let mut bytes = fs::read(env!("CARGO_BIN_EXE_tailcalld")).unwrap();
    if build > 0 {
        // An optimised build may compare eight bytes at a time.
        for half in LAYOUT.as_bytes().chunks(8) {
            replace_all(&mut bytes, half, &[b'a' + build; 8]);
        }
    }
    let _ = fs::remove_file(path);
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn replace_all(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    let finder = memchr::memmem::Finder::new(from);
    let mut at = 0;
    while let Some(found) = finder.find(&bytes[at..]) {
        bytes[at + found..at + found + to.len()].copy_from_slice(to);
        at += found + to.len();
    }
    assert!(at > 0, "the binary does not have its own stamp");
}
