//! Events of devices: text of the kernel, or what udev makes of it, behind a header of its own.

use super::context::Context;
use super::several::Several;
use crate::notation::bytes::with_ellipsis;
use crate::notation::quote::quoted;
use crate::notation::structure::{Phase, with_layout};

/// Beginning of what udev sends.
const PREFIX: &[u8] = b"libudev\0";

/// Prints `"add@/devices/..."`, or `[{prefix="libudev", ...}, "ACTION=add\0..."]`.
pub fn uevent(context: &Context, bytes: &[u8], out: &mut String) {
    let layout = crate::structure(context.abi, "udev_monitor_netlink_header");
    let header = layout.filter(|_| bytes.starts_with(PREFIX));
    let mut list = Several::new(out);
    let mut text = Some(bytes);
    if let Some(layout) = header {
        let (own, rest) = bytes.split_at_checked(layout.size()).unwrap_or((bytes, &[]));
        with_layout(layout, own, Phase::Exit, list.item());
        // The ellipsis of a header that was cut stands within it.
        let is_whole = own.len() == layout.size() && (context.is_cut || !rest.is_empty());
        text = is_whole.then_some(rest);
    }
    if let Some(text) = text {
        with_ellipsis(context.is_cut, list.item(), |out| quoted(text, out));
    }
    list.close();
}
