//! A drop-in and evidence in, what the drop-in would deny out. Pure.

use std::collections::BTreeMap;

use syscalls::{Abi, group};

use super::evidence::Evidence;

/// Settings of a drop-in, as far as the check knows them. A list that begins with `~` denies.
#[derive(Debug, Default)]
pub struct DropInSettings<'t> {
    calls: Option<WordList<'t>>,
    families: Option<WordList<'t>>,
    architectures: Option<WordList<'t>>,
}

/// Words that are allowed, or denied, with the line of each.
#[derive(Debug, Default)]
struct WordList<'t> {
    denies: bool,
    words: BTreeMap<&'t str, usize>,
    /// Line that began the list.
    line: usize,
}

/// Line of a drop-in that denies something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denial {
    /// Name of the setting.
    pub setting: &'static str,
    /// Line, from 1: of a list of what is allowed, the first one.
    pub line: usize,
}

const FILTER: &str = "SystemCallFilter";
const FAMILIES: &str = "RestrictAddressFamilies";
const ARCHITECTURES: &str = "SystemCallArchitectures";

/// Returns a line for each thing that the drop-in would deny.
pub fn denied(drop_in: &str, evidence: &Evidence) -> Vec<String> {
    let settings = DropInSettings::parse(drop_in);
    let names = evidence.calls.keys().chain(&evidence.nameless);
    let calls = names.filter(|name| settings.denial_of_call(name).is_some());
    let families = evidence.families.iter();
    let families = families.filter(|family| settings.denial_of_family(family).is_some());
    let abis = evidence.abis.iter().filter(|abi| settings.denial_of_abi(abi).is_some());
    let lines = calls.map(|name| (FILTER, name));
    let lines = lines.chain(families.map(|family| (FAMILIES, family)));
    let lines = lines.chain(abis.map(|abi| (ARCHITECTURES, abi)));
    lines.map(|(setting, what)| format!("{setting}= would deny {what}")).collect()
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
    /// Reads the settings of a drop-in.
    pub fn parse(text: &'t str) -> Self {
        let mut settings = Self::default();
        for (line, text) in (1..).zip(text.lines()) {
            let Some((name, value)) = text.trim().split_once('=') else { continue };
            let list = match name.trim() {
                FILTER => &mut settings.calls,
                FAMILIES => &mut settings.families,
                ARCHITECTURES => &mut settings.architectures,
                _ => continue,
            };
            WordList::add(list, value.trim(), line);
        }
        settings
    }

    /// Returns the line that denies a call, which is a name, or `#` and a number. A list of what is allowed has those
    /// that every service needs.
    pub fn denial_of_call(&self, name: &str) -> Option<Denial> {
        let list = self.calls.as_ref()?;
        let is_needed = group("@default").is_some_and(|set| set.contains(name));
        list.denial(FILTER, name).filter(|_| list.denies || !is_needed)
    }

    /// Returns the line that denies sockets of a family.
    pub fn denial_of_family(&self, family: &str) -> Option<Denial> {
        self.families.as_ref()?.denial(FAMILIES, family)
    }

    /// Returns the line that denies the calls of an ABI.
    pub fn denial_of_abi(&self, abi: &str) -> Option<Denial> {
        self.architectures.as_ref()?.denial(ARCHITECTURES, architecture(abi))
    }

    /// Returns whether the families of sockets matter.
    pub fn restricts_families(&self) -> bool {
        self.families.is_some()
    }
}

impl<'t> WordList<'t> {
    /// Adds the words of a line as systemd does: an empty one revokes, and the first decides which way the list is.
    fn add(list: &mut Option<Self>, value: &'t str, line: usize) {
        if value.is_empty() {
            *list = None;
            return;
        }
        let (denies, value) = value.strip_prefix('~').map_or((false, value), |rest| (true, rest));
        let list = list.get_or_insert_with(|| Self { denies, words: BTreeMap::new(), line });
        // An error number behind a colon does not matter.
        let words = value.split_whitespace().filter_map(|word| word.split(':').next());
        for word in words.filter(|word| *word != "none").flat_map(expanded) {
            if list.denies == denies {
                list.words.insert(word, line);
            } else {
                list.words.remove(word);
            }
        }
    }

    fn denial(&self, setting: &'static str, word: &str) -> Option<Denial> {
        let listed = self.words.get(word);
        let line = if self.denies { *listed? } else { self.line };
        (self.denies || listed.is_none()).then_some(Denial { setting, line })
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
    #[test]
    fn denial_has_line_of_list_or_of_word() {
        let text = "[Service]\nSystemCallFilter=read\nSystemCallFilter=@mount\nRestrictAddressFamilies=~AF_INET\n\
                    RestrictAddressFamilies=~AF_PACKET\nSystemCallArchitectures=native\n";
        let settings = DropInSettings::parse(text);
        let place = |denial: Option<Denial>| denial.map(|denial| (denial.setting, denial.line));
        assert_eq!(place(settings.denial_of_call("ptrace")), Some((FILTER, 2)));
        assert_eq!(place(settings.denial_of_call("#509")), Some((FILTER, 2)));
        assert_eq!(place(settings.denial_of_call("mount")), None);
        assert_eq!(place(settings.denial_of_family("AF_PACKET")), Some((FAMILIES, 5)));
        assert_eq!(place(settings.denial_of_family("AF_UNIX")), None);
        assert_eq!(place(settings.denial_of_abi("i386")), Some((ARCHITECTURES, 6)));
        assert_eq!(place(settings.denial_of_abi(Abi::Native.name())), None);
    }
}
