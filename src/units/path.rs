//! Walk along a cgroup path, as systemd lays its tree out: slices nest, then comes the unit, and below
//! a user's manager the same once more. `bpf/cgroup_tags.h` makes the same steps, one for each new cgroup.

use crate::bpf::types::path_state;

/// State of a walk, `enum path_state` of `bpf/settings.h`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PathState {
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

/// ComponentRole of one component of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ComponentRole {
    /// A slice of the system.
    Slice,
    /// The unit of the system.
    Unit,
    /// The unit of a user's manager.
    UserUnit,
    /// A component that names none of them.
    Other,
}

impl PathState {
    /// Returns the number of the state in the BPF programs.
    pub fn number(self) -> u32 {
        match self {
            Self::System => path_state::PATH_IN_SYSTEM.0,
            Self::Unit => path_state::PATH_IN_UNIT.0,
            Self::Manager => path_state::PATH_IN_MANAGER.0,
            Self::UserUnit => path_state::PATH_IN_USER_UNIT.0,
        }
    }

    /// Returns whether a user's manager has made the cgroups here, by names that the user chooses.
    pub fn is_of_user(self) -> bool {
        matches!(self, Self::Manager | Self::UserUnit)
    }

    /// Returns the state below `component`, and the role of the component.
    fn step(self, component: &str) -> (Self, ComponentRole) {
        let is_slice = component.ends_with(".slice");
        let is_manager = component.starts_with("user@") && component.ends_with(".service");
        match self {
            Self::System if is_slice => (self, ComponentRole::Slice),
            Self::System if is_manager => (Self::Manager, ComponentRole::Unit),
            Self::System => (Self::Unit, ComponentRole::Unit),
            Self::Manager if !is_slice => (Self::UserUnit, ComponentRole::UserUnit),
            _ => (self, ComponentRole::Other),
        }
    }
}

/// Returns the state below a component of a path, the role of the component, and its name unescaped.
pub(super) fn step(state: PathState, component: &str) -> (PathState, ComponentRole, &str) {
    let component = unescape(component);
    let (below, role) = state.step(component);
    (below, role, component)
}

/// Returns the state below all components of a path.
pub(super) fn state(components: &[&str]) -> PathState {
    components.iter().fold(PathState::default(), |state, component| step(state, component).0)
}

/// Returns the components of a path below our root, each with its role.
pub(super) fn walk<'a>(components: &[&'a str]) -> impl Iterator<Item = (ComponentRole, &'a str)> {
    components.iter().scan(PathState::default(), |state, component| {
        let (below, role, component) = step(*state, component);
        *state = below;
        Some((role, component))
    })
}

/// Removes the `_` that systemd puts before a name that the kernel could take for a file of its own
/// (such as `cgroup.service`), or that begins with `_` itself.
fn unescape(component: &str) -> &str {
    component.strip_prefix('_').unwrap_or(component)
}
