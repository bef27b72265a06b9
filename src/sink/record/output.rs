//! What the output did.

/// The output takes records again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SinkBack {
    /// Which output: `journald`, `pipe`.
    pub output: &'static str,
    /// Since when it took nothing, ns since 1970 UTC.
    pub from_ns: u64,
    /// Until when.
    pub to_ns: u64,
    /// Events that the ring could not hold meanwhile. A record of the kind `lost` details them.
    pub lost: u64,
}
