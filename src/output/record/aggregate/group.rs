//! Aggregates: what distinguishes one from another, and what it holds.

use std::time::Duration;

use syscalls::Slot;

use super::Summary;
use crate::config::Keep;

/// Events that are counted together: those of one rule, for one cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// Generation of the table that decided about the calls.
    pub generation: u32,
    /// Syscall and ABI of the calls.
    pub slot: Slot,
    /// The rule's place in its route.
    pub rule: u8,
    /// Reason for counting them together.
    pub cause: Cause,
}

/// Reason why events are counted instead of written one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The rule asks for it.
    Configured,
    /// The journal takes no more.
    Shed,
}

/// Settings that all aggregates of a group share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupInfo {
    /// For how long events are counted.
    pub every: Duration,
    /// Name of the handler.
    pub handler: String,
    /// Syslog level.
    pub priority: u8,
    /// Priority when the output limits are exceeded.
    pub keep: Keep,
}

/// Key that distinguishes the aggregates of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct GroupKey {
    /// The system's unit.
    pub unit: Option<String>,
    /// The unit of a user's own manager.
    pub user_unit: Option<String>,
    /// The task's name.
    pub comm: Vec<u8>,
    /// Real user.
    pub uid: u32,
    /// User to whom the events are charged.
    pub charged_uid: u32,
    /// Arguments, by name, as text.
    pub by: Vec<(String, String)>,
}

/// Owner of groups, who has a share of the room for them: a user to whom events are charged; of root, the processes
/// of one unit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GroupOwner {
    /// User to whom events are charged.
    pub uid: u32,
    /// The system's unit; only of root.
    pub unit: Option<String>,
}

impl GroupKey {
    /// Returns the owner of the group.
    pub fn owner(&self) -> GroupOwner {
        let uid = self.charged_uid;
        GroupOwner { uid, unit: self.unit.clone().filter(|_| uid == 0) }
    }
}

/// One record in the making, or made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregated {
    /// Group of the events.
    pub group: Group,
    /// Settings of the group.
    pub info: GroupInfo,
    /// `None`: all events of an owner for whose groups there was no room.
    pub key: Option<GroupKey>,
    /// Owner of events without a key; `None`: all owners for whom there was no room.
    pub owner: Option<GroupOwner>,
    /// Counts.
    pub summary: Summary,
}
