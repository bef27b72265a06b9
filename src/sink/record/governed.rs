//! A process answers our records with calls of its own.

/// Whose calls are throttled from now on, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Governed {
    /// Its number, in the initial pid namespace.
    pub pid: u32,
    /// When it began, ns since boot.
    pub start_ns: u64,
    /// Its name.
    pub comm: Vec<u8>,
    /// Its unit.
    pub unit: Option<String>,
    /// Its unit of a user's manager.
    pub user_unit: Option<String>,
    /// Its events a second before.
    pub before: u64,
    /// And while none of them was written.
    pub during: u64,
    /// How many a second are recorded from now on.
    pub left: u64,
}
