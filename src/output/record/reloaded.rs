//! A new table is live.

use std::fmt::Write;

use super::{Kind, RecordBody};
use crate::output::fields::{Fields, lines};
use crate::output::key::Key;
use crate::output::scratch::Scratch;
use crate::output::sentence::{items, unattached};

/// Differences between the new table and the one before. The lists hold one route or group each, as text for
/// people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// Generation of the new table.
    pub generation: u32,
    /// New routes.
    pub added: Vec<String>,
    /// Routes with another handler or other options.
    pub changed: Vec<String>,
    /// Removed routes.
    pub removed: Vec<String>,
    /// Routes without a function in this kernel.
    pub unattached_routes: Vec<String>,
}

impl Reloaded {
    /// Returns true if anything differs from the table before.
    pub fn has_changes(&self) -> bool {
        !(self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty())
    }
}

impl RecordBody for Reloaded {
    const KIND: Kind = Kind { name: "reloaded", id: "8fb7b533292e4869979be20537d7ac8d" };

    fn priority(&self) -> u8 {
        5
    }

    fn fields(&self, _: &mut Scratch, out: &mut impl Fields) {
        out.unsigned(Key::Generation, self.generation.into());
        for (key, routes) in [
            (Key::Added, &self.added),
            (Key::Changed, &self.changed),
            (Key::Removed, &self.removed),
            (Key::UnattachedRoutes, &self.unattached_routes),
        ] {
            out.list(key, lines(routes));
        }
    }

    fn sentence(&self, out: &mut String) {
        let _ = write!(out, "Reloaded, generation {}: ", self.generation);
        let start = out.len();
        for (word, routes) in
            [("added ", &self.added), ("changed ", &self.changed), ("removed ", &self.removed)]
        {
            if !routes.is_empty() {
                out.push_str(if out.len() > start { "; " } else { "" });
                out.push_str(word);
                items(routes, ", ", out);
            }
        }
        out.push_str(if out.len() > start { "" } else { "no route changed" });
        unattached(&self.unattached_routes, out);
    }
}
