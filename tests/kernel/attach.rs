//! The way to attach that a kernel gets. All other tests run in that way, and in the one that
//! `TAILCALLD_TEST_ATTACH` names.

use tailcalld::load::Attach;

use crate::rig::{kernel, privileged};

/// Preemptible raw tracepoint programs came with 7.2. The choice asks the kernel for a trait of
/// theirs, not for its number; here both must agree.
#[test]
fn the_choice_fits_the_kernel() {
    if !privileged() {
        return;
    }
    let expected = if kernel() >= (7, 2) { Attach::Tracepoint } else { Attach::RawTracepoint };
    assert_eq!(Attach::choose(), expected, "Linux {:?}", kernel());
}
