//! What becomes of the daemon and its table: started, reloaded, refused.

/// The daemon is attached and reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Started {
    /// Of the daemon.
    pub version: String,
    /// Release of the running kernel.
    pub kernel: String,
    /// Where the dispatcher hangs: `raw_tp/sys_enter`.
    pub attached: String,
    /// Why there.
    pub reason: String,
    /// Routes whose calls cannot be seen there.
    pub unattached_routes: Vec<String>,
    /// What no table sees.
    pub blind_spots: Vec<String>,
    /// Of the table.
    pub generation: u32,
    /// Slots that are routed.
    pub routes: u64,
}

/// A new table judges. The lists hold one route or group each, as text for people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// Of the new table.
    pub generation: u32,
    /// Routes that were not there before.
    pub added: Vec<String>,
    /// Routes that are another handler's now, or have other options.
    pub changed: Vec<String>,
    /// Routes that are gone.
    pub removed: Vec<String>,
    /// Routes whose calls cannot be seen where the dispatcher hangs.
    pub unattached_routes: Vec<String>,
}

impl Reloaded {
    /// Whether anything differs from the table before.
    pub fn says_something(&self) -> bool {
        !(self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty())
    }
}

/// A new configuration had faults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReloadRefused {
    /// Of the table that stays.
    pub generation: u32,
    /// `path:line:column: what is wrong`, each on one line.
    pub faults: Vec<String>,
}
