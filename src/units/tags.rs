//! Tags of a cgroup, as `bpf/cgroup_tags.h` sets them: the names that filters ask for, and whether it is a
//! container. The kernel side reads one component after the other, as cgroups are created; here it is a
//! whole path. A test holds that both agree.

use super::container;
use super::path::{ComponentRole, PathState, step};
use crate::bpf::types::tag_bit;
use crate::filter::NameKind;

/// `struct cgroup_tags` of `bpf/settings.h`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CgroupTags {
    /// Bits of the names that the cgroup or one above it has.
    pub bits: u64,
    /// State of the walk along the path.
    pub state: PathState,
}

impl CgroupTags {
    /// Returns the tags of a path below our root; `bits` returns those of a name.
    pub fn of(path: &str, bits: impl Fn(NameKind, &str) -> u64) -> Self {
        let components = path.split('/').filter(|component| !component.is_empty());
        components.fold(Self::default(), |above, component| above.below(component, &bits))
    }

    /// Returns the tags of a cgroup below one with these tags.
    pub(super) fn below(self, component: &str, bits: impl Fn(NameKind, &str) -> u64) -> Self {
        let (state, role, component) = step(self.state, component);
        let own = match role {
            ComponentRole::Slice => bits(NameKind::Slice, component),
            ComponentRole::Unit => {
                bits(NameKind::Unit, component) | bits(NameKind::Excluded, component)
            }
            ComponentRole::UserUnit => bits(NameKind::UserUnit, component),
            ComponentRole::Other => 0,
        };
        let container = if self.state.is_of_user() {
            tag_bit::TAG_CONTAINER_UNKNOWN // a user has chosen the name
        } else {
            tag_bit::TAG_CONTAINER
        };
        let is_container = u64::from(container::id(&[component]).is_some());
        Self { bits: self.bits | own | is_container << container.0, state }
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
    fn tags_have_names_at_the_level_of_units_only() {
        let (container, claimed) = (1_u64 << 63, 1_u64 << 61);
        let id = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9";
        let manager = "/user.slice/user-1000.slice/user@1000.service";
        for (path, expected, state) in [
            ("/", 0, PathState::System),
            ("/system.slice", 1, PathState::System),
            ("/system.slice/nginx.service", 3, PathState::Unit),
            ("/system.slice/_nginx.service/worker", 3, PathState::Unit),
            ("/system.slice/rsyslog.service", 9, PathState::Unit),
            ("/docker/nginx.service", 0, PathState::Unit),
            ("/user.slice/system.slice", 1, PathState::System),
            (manager, 0, PathState::Manager),
            (&format!("{manager}/app.slice"), 0, PathState::Manager),
            (&format!("{manager}/app.slice/mail.service"), 4, PathState::UserUnit),
            (&format!("{manager}/nginx.service"), 0, PathState::UserUnit),
            (&format!("/system.slice/docker-{id}.scope"), 1 | container, PathState::Unit),
            (&format!("/system.slice/docker-{id}.scope/x"), 1 | container, PathState::Unit),
            (&format!("{manager}/docker-{id}.scope/x"), claimed, PathState::UserUnit),
            (&format!("{manager}/app.slice/mail.service/{id}"), 4 | claimed, PathState::UserUnit),
        ] {
            assert_eq!(CgroupTags::of(path, bits), CgroupTags { bits: expected, state }, "{path}");
        }
    }
}
