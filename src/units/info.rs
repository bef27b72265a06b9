//! Unit, user unit and container of a cgroup path.

use super::path::{ComponentRole, walk};
use super::{CgroupInfo, container};

/// Suffixes of units that hold processes; slices hold other units.
const SUFFIXES: [&str; 5] = [".service", ".scope", ".socket", ".mount", ".swap"];

/// Reads unit, user unit and container off the path.
pub fn info(cgroup: String) -> CgroupInfo {
    let unit = name(&cgroup, ComponentRole::Unit);
    let user_unit = name(&cgroup, ComponentRole::UserUnit);
    let container = container::id(&cgroup);
    CgroupInfo { unit, user_unit, container, cgroup }
}

/// Returns the component of that role, if it is the name of a unit.
fn name(cgroup: &str, wanted: ComponentRole) -> Option<String> {
    let (.., name) = walk(cgroup).find(|(_, role, _)| *role == wanted)?;
    SUFFIXES.iter().any(|suffix| name.ends_with(suffix)).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(path: &str) -> (Option<String>, Option<String>) {
        let info = info(path.to_owned());
        (info.unit, info.user_unit)
    }

    fn of(unit: &str) -> Option<String> {
        Some(unit.to_owned())
    }

    #[test]
    fn info_of_system_unit() {
        assert_eq!(units("/system.slice/nginx.service"), (of("nginx.service"), None));
        assert_eq!(units("/init.scope"), (of("init.scope"), None));
        let instance = "/system.slice/system-getty.slice/getty@tty1.service";
        assert_eq!(units(instance), (of("getty@tty1.service"), None));
        // A service that divides its own cgroup further.
        assert_eq!(units("/system.slice/docker.service/worker/3"), (of("docker.service"), None));
        assert_eq!(units("/system.slice/_cgroup.service"), (of("cgroup.service"), None));
    }

    #[test]
    fn info_of_user_unit() {
        let session = "/user.slice/user-1000.slice/session-3.scope";
        assert_eq!(units(session), (of("session-3.scope"), None));
        let own = "/user.slice/user-1000.slice/user@1000.service/app.slice/mail.service";
        assert_eq!(units(own), (of("user@1000.service"), of("mail.service")));
    }

    #[test]
    fn info_without_unit() {
        assert_eq!(units("/"), (None, None));
        assert_eq!(units("/system.slice"), (None, None));
        assert_eq!(units("/docker/0123abc"), (None, None));
        assert_eq!(units("/x/nginx.service"), (None, None));
    }
}
