//! Parser of `netlink.txt`.

use std::collections::BTreeMap;

use super::{AttributeKind, Body, Form, Netlink, Protocol, Rule, sets};
use crate::structs::{Structure, structure, value_of_kind};
use crate::{Abi, ConstantSet};

/// Column of what does not exist.
const NONE: &str = "-";

/// Lines that belong together.
enum Section {
    Messages(u16),
    Attributes(&'static str),
}

/// Parses the messages and attributes as `abi` has them.
pub fn parse(text: &'static str, abi: Abi) -> Netlink {
    parse_all(text, abi).0
}

/// Returns the lines that are malformed.
#[cfg(test)]
pub fn malformed(text: &'static str, abi: Abi) -> Vec<&'static str> {
    parse_all(text, abi).1
}

fn parse_all(text: &'static str, abi: Abi) -> (Netlink, Vec<&'static str>) {
    let (mut table, mut header, mut wrong) = (Netlink::default(), None, vec![]);
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let is_known = match (line.strip_prefix("    "), &header) {
            (None, _) => {
                header = table.begin(line, abi);
                header.is_some()
            }
            (Some(line), Some(Section::Messages(number))) => table.rule(*number, line, abi),
            (Some(line), Some(Section::Attributes(set))) => table.attribute_line(set, line, abi),
            (Some(_), None) => false,
        };
        if !is_known {
            wrong.push(line);
        }
    }
    (table, wrong)
}

impl Netlink {
    /// Parses a header.
    fn begin(&mut self, line: &'static str, abi: Abi) -> Option<Section> {
        let mut words = line.split(' ');
        match (words.next()?, words.next()?, words.next()) {
            ("messages", protocol, Some(set)) => {
                let number = sets(abi).get("netlink")?.value(protocol)?;
                let number = u16::try_from(number).ok()?;
                let protocol = Protocol { types: sets(abi).get(set)?, rules: vec![] };
                self.protocols.insert(number, protocol);
                Some(Section::Messages(number))
            }
            ("attributes", set, None) => {
                self.attributes.insert(set, BTreeMap::new());
                Some(Section::Attributes(set))
            }
            _ => None,
        }
    }

    /// Parses the line of a message; returns whether it is well-formed.
    fn rule(&mut self, protocol: u16, line: &'static str, abi: Abi) -> bool {
        let protocol = self.protocols.get_mut(&protocol);
        let rule = protocol.and_then(|one| Some((Rule::parse(line, one.types, abi)?, one)));
        rule.map(|(rule, protocol)| protocol.rules.push(rule)).is_some()
    }

    /// Parses the line of an attribute; returns whether it is well-formed.
    fn attribute_line(&mut self, set: &'static str, line: &'static str, abi: Abi) -> bool {
        let parsed = line.split_once(' ').and_then(|(name, kind)| {
            let number = sets(abi).get(set)?.value(name)?;
            Some((u16::try_from(number).ok()?, AttributeKind::parse(kind, abi)?))
        });
        let known = self.attributes.get_mut(set).zip(parsed);
        known.map(|(all, (number, kind))| all.insert(number, kind)).is_some()
    }
}

impl Rule {
    /// Parses `TYPE,TYPE FLAGS BODY ATTRIBUTES MARKS`.
    fn parse(line: &'static str, names: &ConstantSet, abi: Abi) -> Option<Self> {
        let mut words = line.split(' ');
        let types = match words.next()? {
            "*" => vec![],
            types => types.split(',').map(|name| number(names, name)).collect::<Option<_>>()?,
        };
        let flags = sets(abi).get(words.next()?)?;
        let (body, attributes) = (words.next()?, words.next()?);
        let body = match body {
            "text" => Body::Text,
            "bytes" => Body::Bytes,
            name => {
                let layout: &'static Structure = structure(abi, name)?;
                Body::Structure(layout, Some(attributes).filter(|set| *set != NONE))
            }
        };
        let (mut is_request, mut family) = (None, None);
        for mark in words {
            match mark {
                "request" => is_request = Some(true),
                "reply" => is_request = Some(false),
                _ => family = Some(u8::try_from(sets(abi).get("domain")?.value(mark)?).ok()?),
            }
        }
        Some(Self { types, is_request, family, form: Form { flags, body } })
    }
}

impl AttributeKind {
    fn parse(text: &'static str, abi: Abi) -> Option<Self> {
        Some(match text.split_once(':') {
            None if text == "string" => Self::String,
            None if text == "inetaddr" => Self::Address,
            Some(("struct", name)) => Self::Structure(structure(abi, name)?),
            Some(("nested", set)) => Self::Nested(set),
            Some(("list", set)) => Self::List(set),
            _ => Self::Value(value_of_kind(abi, text)?),
        })
    }
}

fn number(names: &ConstantSet, name: &str) -> Option<u16> {
    u16::try_from(names.value(name)?).ok()
}
