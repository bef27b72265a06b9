//! Unit, user unit and container of a cgroup path.

use super::path::{ComponentRole, state, walk};
use super::{CgroupInfo, container};

/// Suffixes of units that hold processes; slices hold other units.
const SUFFIXES: [&str; 5] = [".service", ".scope", ".socket", ".mount", ".swap"];

/// Bytes of a path in a record; a user can make paths of half a megabyte.
const PATH_MAX: usize = 4096;

/// Stands for components of a path that are left out. A cgroup may have this name, too: `is_cut` decides.
const CUT: &str = "...";

/// Reads unit, user unit and container off the components of a path; one that is empty has an unknown name.
pub fn info(components: &[&str]) -> CgroupInfo {
    let unit = name(components, ComponentRole::Unit);
    let user_unit = name(components, ComponentRole::UserUnit);
    let found = container::id(components);
    let is_claimed = state(components).is_of_user();
    let (container, claimed_container) = if is_claimed { (None, found) } else { (found, None) };
    let (cgroup, is_cut) = join(components);
    CgroupInfo { cgroup, is_cut, unit, user_unit, container, claimed_container }
}

/// Returns the component of that role, if it is the name of a unit.
fn name(components: &[&str], wanted: ComponentRole) -> Option<String> {
    let (_, name) = walk(components).find(|(role, _)| *role == wanted)?;
    SUFFIXES.iter().any(|suffix| name.ends_with(suffix)).then(|| name.to_owned())
}

/// Returns the path, without the middle if it is too long, and whether anything is left out.
fn join(components: &[&str]) -> (String, bool) {
    if components.is_empty() {
        return ("/".to_owned(), false);
    }
    let is_long = components.iter().map(|name| shown(name).len() + 1).sum::<usize>() > PATH_MAX;
    let head = if is_long { fitting(components.iter()) } else { components.len() };
    let below = components.get(head..).unwrap_or_default();
    let tail = below.len() - fitting(below.iter().rev());
    let mut path = String::new();
    let head = components.get(..head).unwrap_or_default();
    let tail = below.get(tail..).unwrap_or_default();
    for name in head.iter().chain(is_long.then_some(&CUT)).chain(tail) {
        path.push('/');
        path.push_str(shown(name));
    }
    (path, is_long || components.contains(&""))
}

/// Returns how many of the first names fit into half a path, with room for the mark of what is left out.
fn fitting<'a>(names: impl Iterator<Item = &'a &'a str>) -> usize {
    let room = (PATH_MAX - CUT.len() - 1) / 2;
    let lengths = names.scan(0, |length, name| {
        *length += shown(name).len() + 1;
        Some(*length)
    });
    lengths.take_while(|length| *length <= room).count()
}

fn shown(name: &str) -> &str {
    if name.is_empty() { CUT } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::components;

    fn units(path: &str) -> (Option<String>, Option<String>) {
        let info = info(&components(path));
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
    fn info_of_container_below_manager_is_a_claim() {
        let named = |path: &str| {
            let info = info(&components(path));
            (info.container, info.claimed_container)
        };
        assert_eq!(named("/machine.slice/machine-web.scope/payload"), (of("web"), None));
        let own = "/user.slice/user-1000.slice/user@1000.service/machine-web.scope/payload";
        assert_eq!(named(own), (None, of("web")));
    }

    #[test]
    fn info_without_unit() {
        assert_eq!(units("/"), (None, None));
        assert_eq!(units("/system.slice"), (None, None));
        assert_eq!(units("/docker/0123abc"), (None, None));
        assert_eq!(units("/x/nginx.service"), (None, None));
    }

    #[test]
    fn info_of_long_path_is_cut_in_the_middle() {
        let id = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9";
        let (name, leaf) = ("n".repeat(250), format!("docker-{id}.scope"));
        let mut components = vec!["user.slice", "user@1000.service", "app.slice", "x.service"];
        components.extend(vec![name.as_str(); 1_500]);
        components.push(&leaf);
        let info = info(&components);
        assert!(info.is_cut && (3_500..=4_096).contains(&info.cgroup.len()), "{}", info.cgroup);
        let begin = "/user.slice/user@1000.service/app.slice/x.service/nnn";
        assert!(info.cgroup.starts_with(begin) && info.cgroup.contains("nnn/.../nnn"));
        assert!(info.cgroup.ends_with(&leaf));
        assert_eq!((info.unit, info.user_unit), (of("user@1000.service"), of("x.service")));
        assert_eq!((info.container, info.claimed_container), (None, of(id)));
    }

    #[test]
    fn info_of_unknown_name_is_cut() {
        let info = info(&["system.slice", "x.service", "", "y"]);
        assert_eq!((info.cgroup.as_str(), info.is_cut), ("/system.slice/x.service/.../y", true));
        assert_eq!(info.unit, of("x.service"));
    }

    #[test]
    fn info_of_short_path_is_whole() {
        let components = vec!["n"; 2_048];
        assert!(!super::info(&components).is_cut);
        assert_eq!(super::info(&components).cgroup.len(), 4_096);
        assert!(super::info(&vec!["n"; 2_049]).is_cut);
    }
}
