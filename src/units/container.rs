//! Container of a cgroup path, by the layouts of container managers. A path
//! in, an id of 64 hexadecimal digits or a machine's name out.

/// Prefixes of the id in the name of a scope; nothing if cgroups are not systemd's. Those of
/// a container's monitor (`libpod-conmon-`, `crio-conmon-`) are not here: it runs outside.
const BEFORE_IDS: [&str; 8] = [
    "",
    "docker-",
    "cri-containerd-",
    "crio-",
    "libpod-",
    "libpod-payload-",
    "nerdctl-",
    "containerd-",
];

/// Prefixes and suffixes of the name of a machine, as systemd and LXC call their containers.
const AROUND_NAMES: [(&str, &str); 3] =
    [("machine-", ".scope"), ("systemd-nspawn@", ".service"), ("lxc.payload.", "")];

/// Prefix of a virtual machine of libvirt: its cgroup holds the emulator, which runs outside.
const EMULATOR: &str = "qemu-";

const ID_DIGITS: usize = 64;

/// Returns the innermost container of a path.
pub fn id(components: &[&str]) -> Option<String> {
    components.iter().rev().find_map(|part| identified(part).or_else(|| named(part)))
}

fn identified(part: &str) -> Option<String> {
    let bare = part.strip_suffix(".scope").unwrap_or(part);
    let known = BEFORE_IDS.iter().filter_map(|before| bare.strip_prefix(before));
    // runc gets SLICE:PREFIX:ID for systemd, and makes one cgroup of that where systemd is not asked.
    let mut ids = known.chain(bare.rsplit_once(':').map(|(_, id)| id));
    ids.find(|id| is_id(id)).map(str::to_owned)
}

fn is_id(text: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == ID_DIGITS && text.bytes().all(is_digit)
}

fn named(part: &str) -> Option<String> {
    let mut names = AROUND_NAMES
        .iter()
        .filter_map(|(before, after)| part.strip_prefix(before)?.strip_suffix(after));
    names.next().map(unescape).filter(|name| !name.is_empty() && !name.starts_with(EMULATOR))
}

/// Decodes a unit's name: systemd writes a byte that it must not have, and a dash within a part of it, as `\x2d`
/// (systemd.unit(5)).
fn unescape(name: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once("\\x") {
        bytes.extend_from_slice(before.as_bytes());
        let byte = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (byte, after.get(2..)) {
            (Some(byte), Some(after)) => {
                bytes.push(byte);
                rest = after;
            }
            _ => {
                bytes.extend_from_slice(b"\\x");
                rest = after;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use crate::units::components;

    const A: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9";
    const B: &str = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";

    /// A path with `A` and `B` for two ids.
    fn found(path: &str) -> Option<String> {
        super::id(&components(&path.replace('A', A).replace('B', B)))
    }

    #[test]
    fn id_of_container_managers_is_found() {
        for path in [
            "/docker/A",
            "/system.slice/docker-A.scope",
            "/user.slice/user-1000.slice/user@1000.service/app.slice/docker-A.scope",
            "/ecs/5b1e8a3c/A",
            "/system.slice/nerdctl-A.scope",
            "/machine.slice/libpod-A.scope",
            "/machine.slice/libpod-A.scope/container",
            "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-A.scope/container",
            "/libpod_parent/libpod-A",
            "/system.slice/web.service/libpod-payload-A",
            "/kubepods/burstable/pod1d0c1b2f-6a1e-4f43-9d3a-0d6b8f1b2c3d/A",
            "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1d0c1b2f.slice/crio-A.scope",
            "/kubepods.slice/kubepods-pod1d0c1b2f.slice/cri-containerd-A.scope",
            "/system.slice/containerd.service/kubepods-besteffort.slice:cri-containerd:A",
            "/system.slice:docker:A",
            // A container that divides its own cgroup further.
            "/system.slice/docker-A.scope/system.slice/nginx.service",
            // Within another: the inner one.
            "/system.slice/docker-B.scope/kubelet/kubepods/pod1d0c1b2f/A",
            "/lxc.payload.host/docker/A",
        ] {
            assert_eq!(found(path).as_deref(), Some(A), "{path}");
        }
    }

    #[test]
    fn id_of_machines_is_their_name() {
        for (path, name) in [
            (r"/machine.slice/machine-web\x2d1.scope", "web-1"),
            ("/machine.slice/machine-web.scope/init.scope", "web"),
            ("/machine.slice/systemd-nspawn@web.service/payload/system.slice/a.service", "web"),
            (r"/machine.slice/machine-lxc\x2d2410\x2dweb.scope", "lxc-2410-web"),
            ("/lxc.payload.web/system.slice/cron.service", "web"),
            (r"/machine.slice/machine-odd\xzz.scope", r"odd\xzz"),
            (r"/machine.slice/machine-end\x2.scope", r"end\x2"),
        ] {
            assert_eq!(found(path).as_deref(), Some(name), "{path}");
        }
    }

    #[test]
    fn id_of_other_cgroups_is_none() {
        for path in [
            "/",
            "/system.slice/docker.service",
            "/system.slice/containerd.service",
            // Its monitor runs outside.
            "/machine.slice/libpod-conmon-A.scope",
            "/kubepods.slice/crio-conmon-A.scope",
            "/lxc.monitor.web",
            r"/machine.slice/machine-qemu\x2d1\x2dweb.scope",
            "/machine.slice/machine-.scope",
            "/docker/0a1b2c3d",
            "/docker/A0",
            "/system.slice:docker:A0",
            "/system.slice:docker:0a1b2c3d",
            "/user.slice/user-1000.slice/session-3.scope",
            "/kubepods.slice/kubepods-besteffort.slice",
        ] {
            assert_eq!(found(path), None, "{path}");
        }
    }

    #[test]
    fn id_in_upper_case_is_none() {
        assert_eq!(super::id(&["docker", &A.to_uppercase()]), None);
    }
}
