//! Messages of netlink sockets: headers, structures and attributes, as far as the bytes go. What is not known is
//! printed as bytes.

/// Values that are a list if there are several.
mod several;

/// Knowledge of the message around a part.
mod context;

/// Headers of messages.
mod header;

/// Contents behind headers.
mod body;

/// Attributes.
mod attributes;

/// Events of devices, which have no header.
mod uevent;

use super::bytes::with_ellipsis;
use super::quote::quoted;
use crate::Abi;
use context::{Context, remainder, rest};
use header::Header;
use several::Several;

/// Protocol whose messages have no header.
const UEVENT: u16 = 15;

/// Prints the bytes that a netlink socket with that protocol sent or received.
pub fn messages(protocol: Option<u16>, bytes: &[u8], is_cut: bool, abi: Abi, out: &mut String) {
    let context = Context { abi, protocol, family: 0, is_cut, depth: 0 };
    let is_known = match (protocol, Header::parse(bytes)) {
        (Some(UEVENT), _) => return uevent::uevent(&context, bytes, out),
        (Some(_), header) => header.is_some(),
        // The first number has to be the length of a message where the protocol is unknown.
        (None, header) => header.is_some_and(|one| one.is_plausible(bytes.len(), is_cut)),
    };
    if !is_known {
        return with_ellipsis(is_cut, out, |out| quoted(bytes, out));
    }
    several_messages(&context, bytes, out);
}

fn several_messages(context: &Context, mut bytes: &[u8], out: &mut String) {
    let mut list = Several::new(out);
    let mut context = *context;
    while let Some(header) = Header::parse(bytes) {
        let end = header.end(bytes.len());
        let own = bytes.get(..end).unwrap_or(bytes);
        body::message(&context.of_element(header.length, bytes), &header, own, list.item());
        context = context.behind_element(header.length, bytes);
        bytes = rest(bytes, header.length, Header::SIZE);
        if header.length < Header::SIZE {
            break;
        }
    }
    remainder(&context, bytes, &mut list);
    list.close();
}

#[cfg(test)]
mod tests;
