//! Which unit a cgroup path belongs to, as systemd lays its tree out: slices nest, then comes the
//! unit, and below a user's manager the same once more.

use super::{CgroupInfo, container};

/// What a unit that holds processes may be; slices hold other units.
const SUFFIXES: [&str; 5] = [".service", ".scope", ".socket", ".mount", ".swap"];

/// Reads unit, user unit and container off the path.
pub fn place(cgroup: String) -> CgroupInfo {
    let mut rest = cgroup.split('/').filter(|part| !part.is_empty()).map(unescape);
    let unit = next_unit(&mut rest);
    let of_user = unit.as_deref().is_some_and(|unit| {
        unit.strip_prefix("user@").is_some_and(|rest| rest.ends_with(".service"))
    });
    let user_unit = if of_user { next_unit(&mut rest) } else { None };
    let container = container::id(&cgroup);
    CgroupInfo { unit, user_unit, container, cgroup }
}

fn next_unit<'a>(parts: &mut impl Iterator<Item = &'a str>) -> Option<String> {
    let first = parts.find(|part| !part.ends_with(".slice"))?;
    SUFFIXES.iter().any(|suffix| first.ends_with(suffix)).then(|| first.to_owned())
}

/// systemd puts `_` before a name that the kernel could take for a file of its own (such as
/// `cgroup.service`), or that begins with `_` itself.
pub(super) fn unescape(part: &str) -> &str {
    part.strip_prefix('_').unwrap_or(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(path: &str) -> (Option<String>, Option<String>) {
        let place = place(path.to_owned());
        (place.unit, place.user_unit)
    }

    fn of(unit: &str) -> Option<String> {
        Some(unit.to_owned())
    }

    #[test]
    fn units_of_the_system() {
        assert_eq!(units("/system.slice/nginx.service"), (of("nginx.service"), None));
        assert_eq!(units("/init.scope"), (of("init.scope"), None));
        let instance = "/system.slice/system-getty.slice/getty@tty1.service";
        assert_eq!(units(instance), (of("getty@tty1.service"), None));
        // A service that divides its own cgroup further.
        assert_eq!(units("/system.slice/docker.service/worker/3"), (of("docker.service"), None));
        assert_eq!(units("/system.slice/_cgroup.service"), (of("cgroup.service"), None));
    }

    #[test]
    fn units_of_users() {
        let session = "/user.slice/user-1000.slice/session-3.scope";
        assert_eq!(units(session), (of("session-3.scope"), None));
        let own = "/user.slice/user-1000.slice/user@1000.service/app.slice/mail.service";
        assert_eq!(units(own), (of("user@1000.service"), of("mail.service")));
    }

    #[test]
    fn no_units() {
        assert_eq!(units("/"), (None, None));
        assert_eq!(units("/system.slice"), (None, None));
        assert_eq!(units("/docker/0123abc"), (None, None));
        assert_eq!(units("/x/nginx.service"), (None, None));
    }
}
