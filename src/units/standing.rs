//! How the kernel side stands to a cgroup: which of the names it has that somebody asks for, and how much of
//! its path is read. `bpf/cgroup_tags.h` reads one component after the other, as cgroups are born; here it is a
//! whole path. A test holds that both agree.

use super::container;
use super::name::unescape;
use crate::bpf::types::{path_state, tag_bit};
use crate::filter::NameKind;

/// `struct place` of `bpf/settings.h`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Of the names that it or one above it has.
    pub bits: u64,
    /// How far the unit is known.
    pub stage: Stage,
}

/// `enum path_state`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stage {
    /// In slices of the system.
    #[default]
    System,
    /// In a unit of the system.
    Unit,
    /// In a user's manager.
    Manager,
    /// In a unit of a user's manager.
    UserUnit,
}

impl Stage {
    /// As the programs know it.
    pub fn number(self) -> u32 {
        match self {
            Self::System => path_state::PATH_IN_SYSTEM.0,
            Self::Unit => path_state::PATH_IN_UNIT.0,
            Self::Manager => path_state::PATH_IN_MANAGER.0,
            Self::UserUnit => path_state::PATH_IN_USER_UNIT.0,
        }
    }
}

impl Standing {
    /// Of a path below our root; `bits` tells those of a name.
    pub fn of(path: &str, bits: impl Fn(NameKind, &str) -> u64) -> Self {
        let parts = path.split('/').filter(|part| !part.is_empty());
        parts.fold(Self::default(), |above, part| above.below(unescape(part), &bits))
    }

    fn below(self, part: &str, bits: impl Fn(NameKind, &str) -> u64) -> Self {
        let is_slice = part.ends_with(".slice");
        let (own, stage) = match self.stage {
            Stage::System if is_slice => (bits(NameKind::Slice, part), Stage::System),
            Stage::System => {
                let is_manager = part.starts_with("user@") && part.ends_with(".service");
                let own = bits(NameKind::Unit, part) | bits(NameKind::Excluded, part);
                (own, if is_manager { Stage::Manager } else { Stage::Unit })
            }
            Stage::Manager if !is_slice => (bits(NameKind::UserUnit, part), Stage::UserUnit),
            stage => (0, stage),
        };
        let container = u64::from(container::id(part).is_some());
        Self { bits: self.bits | own | container << tag_bit::TAG_CONTAINER.0, stage }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(kind: NameKind, name: &str) -> u64 {
        match (kind, name) {
            (NameKind::Slice, "system.slice") => 1,
            (NameKind::Unit, "nginx.service") => 2,
            (NameKind::UserUnit, "mail.service") => 4,
            (NameKind::Excluded, "rsyslog.service") => 8,
            _ => 0,
        }
    }

    #[test]
    fn names_count_where_units_have_theirs() {
        let container = 1_u64 << 63;
        let id = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9";
        let manager = "/user.slice/user-1000.slice/user@1000.service";
        for (path, expected, stage) in [
            ("/", 0, Stage::System),
            ("/system.slice", 1, Stage::System),
            ("/system.slice/nginx.service", 3, Stage::Unit),
            ("/system.slice/_nginx.service/worker", 3, Stage::Unit),
            ("/system.slice/rsyslog.service", 9, Stage::Unit),
            ("/docker/nginx.service", 0, Stage::Unit),
            ("/user.slice/system.slice", 1, Stage::System),
            (manager, 0, Stage::Manager),
            (&format!("{manager}/app.slice"), 0, Stage::Manager),
            (&format!("{manager}/app.slice/mail.service"), 4, Stage::UserUnit),
            (&format!("{manager}/nginx.service"), 0, Stage::UserUnit),
            (&format!("/system.slice/docker-{id}.scope"), 1 | container, Stage::Unit),
            (&format!("/system.slice/docker-{id}.scope/x"), 1 | container, Stage::Unit),
        ] {
            assert_eq!(Standing::of(path, bits), Standing { bits: expected, stage }, "{path}");
        }
    }
}
