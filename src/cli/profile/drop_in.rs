//! Evidence in, the text of a drop-in out, with the evidence for each line above it. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::iter;

use syscalls::{Abi, Group, group, groups};

use super::evidence::Evidence;
use crate::output::utc;

/// Set that systemd allows in any case.
const DEFAULT: &str = "@default";
/// Set of what an ordinary service may need: sets that are parts of it are allowed as a whole.
const ORDINARY: &str = "@system-service";
/// Sets that consist of others.
const COMPOSED: [&str; 4] = [DEFAULT, ORDINARY, "@known", "@privileged"];

/// Returns the drop-in.
pub fn drop_in(unit: &str, evidence: &Evidence) -> String {
    let mut text = String::new();
    let Evidence { calls, .. } = evidence;
    let ends = [calls.values().min(), calls.values().max()];
    let [first, last] = ends.map(|time| utc(time.copied().unwrap_or_default() * 1_000_000_000));
    let _ = write!(
        text,
        "# {unit}: {} system calls, the first new one at {first}, the last at {last}.\n\
         # Only calls that were routed with novel = \"unit\" are known. Whatever else the unit does is denied.\n\
         [Service]\n",
        calls.len(),
    );
    architectures(evidence, &mut text);
    filter(evidence, &mut text);
    families(evidence, &mut text);
    text
}

fn architectures(evidence: &Evidence, text: &mut String) {
    let compat = Abi::Compat.name();
    let has_compat = evidence.abis.contains(compat);
    let name = match compat {
        "i386" => " x86",
        "arm" => " arm",
        _ => "",
    };
    let all: Vec<_> = evidence.abis.iter().map(String::as_str).collect();
    let other = if has_compat { name } else { "" };
    let _ = write!(text, "# Calls of {}.\nSystemCallArchitectures=native{other}\n", all.join(", "));
}

fn filter(evidence: &Evidence, text: &mut String) {
    let mut sets: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut single = Vec::new();
    for name in evidence.calls.keys() {
        match set_of(name) {
            Some(set) => sets.entry(set.name).or_default().push(name),
            None => single.push(name.as_str()),
        }
    }
    for nameless in &evidence.nameless {
        let _ = writeln!(text, "# No filter has a name for {nameless}: it is denied.");
    }
    let _ = writeln!(
        text,
        "# Sets of systemd, each with the calls of it that were seen: older sets have fewer."
    );
    sets.entry(DEFAULT).or_default();
    for (set, used) in &sets {
        let words: Vec<_> = iter::once(set).chain(used).copied().collect();
        let _ = writeln!(text, "SystemCallFilter={}", words.join(" "));
    }
    if !single.is_empty() {
        let _ = write!(
            text,
            "# In no set that is allowed as a whole:\nSystemCallFilter={}\n",
            single.join(" ")
        );
    }
    text.push_str("SystemCallErrorNumber=EPERM\n");
}

/// Returns the smallest set that has a call and may be allowed as a whole.
fn set_of(name: &str) -> Option<&'static Group> {
    let default = group(DEFAULT).filter(|set| set.contains(name));
    let ordinary = group(ORDINARY)?;
    let is_harmless = |set: &&Group| set.members().all(|member| ordinary.contains(member));
    let sets = groups().filter(|set| !COMPOSED.contains(&set.name) && set.contains(name));
    default.or_else(|| sets.filter(is_harmless).min_by_key(|set| set.members().count()))
}

fn families(evidence: &Evidence, text: &mut String) {
    let known: BTreeSet<&str> = evidence.families.iter().map(String::as_str).collect();
    let known: Vec<_> = known.into_iter().collect();
    if evidence.has_unknown_family {
        text.push_str(
            "# Sockets were made, of families that are not known: route socket and socketpair with by = \"family\".\n",
        );
    } else if known.is_empty() {
        text.push_str(
            "# No socket was made, if socket was routed:\n#RestrictAddressFamilies=none\n",
        );
    } else {
        let _ = write!(
            text,
            "# Sockets of these families were made.\nRestrictAddressFamilies={}\n",
            known.join(" ")
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::verdict::denied;
    use super::*;
    use crate::pipeline::novel::ToldKey;

    fn evidence(keys: &[&str]) -> Evidence {
        let abi = Abi::Native.name();
        let key = |key: &&str| ToldKey { time_s: 7, key: format!("{abi}\t{key}") };
        Evidence::of("a.service", &keys.iter().map(key).collect::<Vec<_>>())
    }

    #[test]
    fn drop_in_has_sets_single_calls_and_families() {
        let evidence = evidence(&[
            "read\tunit=a.service",
            "openat\tunit=a.service\tpath=/etc",
            "brk\tunit=a.service",
            "mount\tunit=a.service",
            "socket\tunit=a.service\tfamily=AF_UNIX",
            "socket\tunit=a.service\tfamily=AF_INET",
            "reboot\tunit=b.service",
            "ptrace\texe=a.service",
        ]);
        let text = drop_in("a.service", &evidence);
        for line in [
            "SystemCallArchitectures=native",
            "SystemCallFilter=@default brk",
            "SystemCallFilter=@basic-io read",
            "SystemCallFilter=@file-system openat",
            "SystemCallFilter=@network-io socket",
            "SystemCallFilter=mount",
            "RestrictAddressFamilies=AF_INET AF_UNIX",
        ] {
            assert!(text.lines().any(|one| one == line), "{line}: {text}");
        }
        assert!(!text.contains("reboot") && !text.contains("ptrace"), "{text}");
        assert_eq!(denied(&text, &evidence), Vec::<String>::new());
    }

    #[test]
    fn every_call_that_has_a_name_is_allowed_by_the_drop_in_of_its_evidence() {
        let known = group("@known").unwrap();
        let native: Vec<_> =
            known.members().filter(|name| syscalls::number(Abi::Native, name).is_some()).collect();
        assert!(native.len() > 300);
        for name in native {
            let evidence = evidence(&[&format!("{name}\tunit=a.service")]);
            assert!(denied(&drop_in("a.service", &evidence), &evidence).is_empty(), "{name}");
        }
    }

    #[test]
    fn sockets_of_unknown_family_restrict_none() {
        let text = drop_in("a.service", &evidence(&["socket\tunit=a.service"]));
        assert!(!text.contains("\nRestrictAddressFamilies"), "{text}");
    }
}
