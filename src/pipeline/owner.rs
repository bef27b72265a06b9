//! Owners of events, who have a limit and a share each, so that nobody's flood costs others their records.

use crate::bpf::types::tag_layout;
use crate::decode::{Event, Header};

/// User to whom an event is charged; of root, the cgroup: its services and containers do not pay for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UserOwner {
    /// A user other than root. The ids of a user namespace belong to the user who made it.
    User(u32),
    /// A cgroup of root.
    Cgroup(u64),
}

/// Marks a cgroup in an encoded owner.
const IS_CGROUP: u64 = 1 << tag_layout::OWNER_CGROUP_BIT.0;

impl UserOwner {
    /// Returns the owner of an event.
    pub fn of(event: &Event<'_>) -> Self {
        Self::charged(event.charged_uid, event.cgroup)
    }

    /// Returns the owner of the event with this header.
    pub fn of_header(header: &Header) -> Self {
        Self::charged(header.charged_uid, header.cgroup)
    }

    fn charged(uid: u32, cgroup: u64) -> Self {
        match uid {
            0 => Self::Cgroup(cgroup & (IS_CGROUP - 1)),
            uid => Self::User(uid),
        }
    }

    /// Returns the number that `user_owner()` of `bpf/limit.h` has for the owner.
    pub fn encoded(self) -> u64 {
        match self {
            Self::User(uid) => uid.into(),
            Self::Cgroup(id) => id | IS_CGROUP,
        }
    }

    /// Returns the owner with that number.
    pub fn decode(encoded: u64) -> Self {
        match u32::try_from(encoded) {
            Ok(uid) => Self::User(uid),
            Err(_) => Self::Cgroup(encoded & (IS_CGROUP - 1)),
        }
    }
}
