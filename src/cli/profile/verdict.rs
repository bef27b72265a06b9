//! A drop-in and evidence in, what the drop-in would deny out. Pure.

use std::collections::BTreeSet;

use syscalls::{Abi, group};

use super::evidence::Evidence;

/// DropInSettings of a unit, as far as the check knows them. A list that begins with `~` denies.
#[derive(Debug, Default)]
struct DropInSettings<'t> {
    calls: Option<WordList<'t>>,
    families: Option<WordList<'t>>,
    architectures: Option<WordList<'t>>,
}

/// Words that are allowed, or denied.
#[derive(Debug, Default)]
struct WordList<'t> {
    denies: bool,
    words: BTreeSet<&'t str>,
}

/// Returns a line for each thing that the drop-in would deny.
pub fn denied(drop_in: &str, evidence: &Evidence) -> Vec<String> {
    let settings = DropInSettings::parse(drop_in);
    let mut denied = Vec::new();
    if let Some(list) = &settings.calls {
        let names = evidence.calls.keys().filter(|name| !list.allows_call(name));
        denied.extend(names.map(|name| format!("SystemCallFilter= would deny {name}")));
        let nameless = evidence.nameless.iter().filter(|_| !list.denies);
        denied.extend(nameless.map(|number| format!("SystemCallFilter= would deny {number}")));
    }
    if let Some(list) = &settings.families {
        let families = evidence.families.iter().filter(|family| !list.allows(family));
        denied.extend(families.map(|one| format!("RestrictAddressFamilies= would deny {one}")));
    }
    if let Some(list) = &settings.architectures {
        let abis = evidence.abis.iter().filter(|abi| !list.allows(architecture(abi)));
        denied.extend(abis.map(|abi| format!("SystemCallArchitectures= would deny {abi}")));
    }
    denied
}

/// Returns the word of `SystemCallArchitectures=` for an ABI.
fn architecture(abi: &str) -> &str {
    match abi {
        "i386" => "x86",
        abi if abi == Abi::Native.name() => "native",
        abi => abi,
    }
}

impl<'t> DropInSettings<'t> {
    fn parse(text: &'t str) -> Self {
        let mut settings = Self::default();
        for line in text.lines() {
            let Some((name, value)) = line.trim().split_once('=') else { continue };
            let list = match name.trim() {
                "SystemCallFilter" => &mut settings.calls,
                "RestrictAddressFamilies" => &mut settings.families,
                "SystemCallArchitectures" => &mut settings.architectures,
                _ => continue,
            };
            WordList::add(list, value.trim());
        }
        settings
    }
}

impl<'t> WordList<'t> {
    /// Adds the words of a line as systemd does: an empty one revokes, and the first decides which way the list is.
    fn add(list: &mut Option<Self>, value: &'t str) {
        if value.is_empty() {
            *list = None;
            return;
        }
        let (denies, value) = value.strip_prefix('~').map_or((false, value), |rest| (true, rest));
        let list = list.get_or_insert_with(|| Self { denies, words: BTreeSet::new() });
        // An error number behind a colon does not matter.
        let words = value.split_whitespace().filter_map(|word| word.split(':').next());
        for word in words.filter(|word| *word != "none").flat_map(expanded) {
            if list.denies == denies {
                list.words.insert(word);
            } else {
                list.words.remove(word);
            }
        }
    }

    fn allows(&self, word: &str) -> bool {
        self.words.contains(word) != self.denies
    }

    /// Returns whether a call is allowed: a list of what is allowed has those that every service needs.
    fn allows_call(&self, name: &str) -> bool {
        let is_needed = group("@default").is_some_and(|set| set.contains(name));
        self.allows(name) || (!self.denies && is_needed)
    }
}

/// Returns the members of a set, or the word itself.
fn expanded(word: &str) -> Vec<&str> {
    group(word).map_or_else(|| vec![word], |set| set.members().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::novel::ToldKey;

    #[test]
    fn denied_has_what_drop_in_does_not_allow() {
        let abi = Abi::Native.name();
        let of = |call| ToldKey { time_s: 7, key: format!("{abi}\t{call}") };
        let mut keys: Vec<_> = ["read", "chown", "mount", "exit_group"]
            .map(|name| of(format!("{name}\tunit=a.service")))
            .into();
        keys.push(of("socket\tunit=a.service\tfamily=AF_PACKET".to_owned()));
        let evidence = Evidence::of("a.service", &keys);
        for (drop_in, expected) in [
            ("", vec![]),
            ("SystemCallFilter=\n", vec![]),
            ("SystemCallFilter=read chown mount socket\n", vec![]),
            ("SystemCallFilter=@system-service mount\n", vec![]),
            (
                "SystemCallFilter=@system-service\nSystemCallFilter=~@chown\n",
                vec!["chown", "mount"],
            ),
            ("SystemCallFilter=~@mount @debug:EPERM\n", vec!["mount"]),
            ("RestrictAddressFamilies=AF_UNIX AF_INET\n", vec!["AF_PACKET"]),
            ("RestrictAddressFamilies=none\n", vec!["AF_PACKET"]),
            ("RestrictAddressFamilies=~AF_PACKET\n", vec!["AF_PACKET"]),
            ("SystemCallArchitectures=native\n", vec![]),
        ] {
            let lines = denied(drop_in, &evidence);
            let words = lines.iter().map(|line| line.rsplit(' ').next().unwrap());
            assert_eq!(words.collect::<Vec<_>>(), expected, "{drop_in}");
        }
    }
}
