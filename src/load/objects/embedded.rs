//! Objects of handlers that are part of this binary.

/// Names of the handlers, and their objects.
const ALL: [(&str, &[u8]); 1] =
    [("stack", include_bytes!(concat!(env!("OUT_DIR"), "/stack.bpf.o")))];

/// Returns the handlers with their objects.
pub fn all() -> impl Iterator<Item = (&'static str, &'static [u8])> {
    ALL.into_iter()
}

/// Returns the object of a handler; `None` if it is not part of this binary.
pub fn object(name: &str) -> Option<&'static [u8]> {
    ALL.into_iter().find(|(known, _)| *known == name).map(|(_, bytes)| bytes)
}
