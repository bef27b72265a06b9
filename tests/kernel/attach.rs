//! The way to attach that a kernel gets. All other tests run in that way, and in the one that
//! `TAILCALLD_TEST_ATTACH` names.

use tailcalld::load::Attach;

use crate::rig::privileged;

/// Preemptible raw tracepoint programs came with 7.2. The choice asks the kernel for a trait of
/// theirs, not for its number; here both must agree.
#[test]
fn the_choice_fits_the_kernel() {
    if !privileged() {
        return;
    }
    let names = nix::sys::utsname::uname().expect("uname");
    let release = names.release().to_string_lossy().into_owned();
    let mut numbers = release.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
    let version = (numbers.next().expect("major"), numbers.next().expect("minor"));
    let expected = if version >= (7, 2) { Attach::Tracepoint } else { Attach::RawTracepoint };
    assert_eq!(Attach::choose(), expected, "Linux {release}");
}
