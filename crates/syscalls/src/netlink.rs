//! Messages of netlink sockets (`netlink.txt`): what follows the header of a message of each type, and the
//! attributes behind that. A malformed line is skipped; a test proves that there is none.

/// Parser of the file.
mod parse;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::Abi;
use super::constants::{ConstantSet, sets};
use super::structs::Structure;

/// Messages and attributes of one ABI.
#[derive(Debug, Default)]
pub struct Netlink {
    protocols: BTreeMap<u16, Protocol>,
    attributes: BTreeMap<&'static str, BTreeMap<u16, AttributeKind>>,
}

/// Protocol of a netlink socket.
#[derive(Debug)]
pub struct Protocol {
    /// Names of the types of its messages.
    pub types: &'static ConstantSet,
    rules: Vec<Rule>,
}

/// Line of the table: messages that are alike.
#[derive(Debug)]
struct Rule {
    /// Types; none stands for any.
    types: Vec<u16>,
    /// Presence of the flag `NLM_F_REQUEST`; `None` if it does not matter.
    is_request: Option<bool>,
    /// First byte of the body; `None` if it does not matter.
    family: Option<u8>,
    form: Form,
}

/// Form of a message.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// Names of the flags in its header.
    pub flags: &'static ConstantSet,
    /// Contents behind the header.
    pub body: Body,
}

/// Contents of a message behind its header.
#[derive(Debug, Clone, Copy)]
pub enum Body {
    /// Text.
    Text,
    /// Bytes without a known structure.
    Bytes,
    /// A structure, and attributes of a set behind it; `None` if there are no attributes.
    Structure(&'static Structure, Option<&'static str>),
}

/// Kind of the value of an attribute.
#[derive(Debug, Clone)]
pub enum AttributeKind {
    /// A value, in the only member of a structure.
    Value(Structure),
    /// A structure.
    Structure(&'static Structure),
    /// Text with a NUL at its end.
    String,
    /// An address of the family of the message.
    Address,
    /// Attributes of a set.
    Nested(&'static str),
    /// Numbered attributes, each of which contains attributes of a set.
    List(&'static str),
}

/// Returns the messages and attributes of `abi`.
pub fn netlink(abi: Abi) -> &'static Netlink {
    static TABLES: LazyLock<[Netlink; 2]> =
        LazyLock::new(|| Abi::BOTH.map(|abi| parse::parse(TEXT, abi)));
    let [native, compat] = &*TABLES;
    match abi {
        Abi::Compat => compat,
        _ => native,
    }
}

/// Set of attributes that have no names.
pub const NAMELESS: &str = "*";

pub(super) const TEXT: &str = include_str!("../tables/netlink.txt");

impl Netlink {
    /// Returns a protocol by its number.
    pub fn protocol(&self, number: u16) -> Option<&Protocol> {
        self.protocols.get(&number)
    }

    /// Returns the kind of the value of an attribute of that set.
    pub fn attribute(&self, set: &str, kind: u16) -> Option<&AttributeKind> {
        self.attributes.get(set)?.get(&kind)
    }
}

impl Protocol {
    /// Returns the form of a message by its type, its being a request, and the first byte of its body.
    pub fn form(&self, kind: u16, is_request: bool, family: Option<u8>) -> Option<Form> {
        let fits = |rule: &&Rule| {
            (rule.types.is_empty() || rule.types.contains(&kind))
                && rule.is_request.is_none_or(|one| one == is_request)
                && (rule.family.is_none() || rule.family == family)
        };
        self.rules.iter().find(fits).map(|rule| rule.form)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constant_set;

    #[test]
    fn parse_reads_every_line_of_file() {
        for abi in Abi::BOTH {
            let wrong = parse::malformed(TEXT, abi);
            assert_eq!(wrong, Vec::<&str>::new(), "{abi:?}");
        }
    }

    #[test]
    fn attributes_of_every_set_have_names() {
        for abi in Abi::BOTH {
            let table = netlink(abi);
            let behind = table.protocols.values().flat_map(|protocol| &protocol.rules);
            let behind = behind.filter_map(|rule| match rule.form.body {
                Body::Structure(_, set) => set,
                _ => None,
            });
            let within = table.attributes.values().flat_map(BTreeMap::values);
            let within = within.filter_map(|kind| match kind {
                AttributeKind::Nested(set) | AttributeKind::List(set) => Some(*set),
                _ => None,
            });
            for set in behind.chain(within).filter(|set| *set != NAMELESS) {
                assert!(constant_set(abi, set).is_some(), "{set}");
            }
        }
    }

    #[test]
    fn form_is_that_of_first_rule_that_fits() {
        let diag = netlink(Abi::Native).protocol(4).unwrap();
        let size = |kind, is_request, family| match diag.form(kind, is_request, Some(family)) {
            Some(Form { body: Body::Structure(layout, _), .. }) => layout.size(),
            _ => 0,
        };
        // A request for sockets of IPv4, a socket, and a request for those of AF_UNIX.
        assert_eq!((size(20, true, 2), size(20, false, 2), size(20, true, 1)), (56, 72, 24));
        // A type and a family that no rule has.
        assert_eq!((size(99, true, 2), size(20, true, 77)), (1, 1));
    }
}
