//! A new configuration had faults, so the old table stays live.

use std::fmt::Write;

use super::{Kind, RecordBody};
use crate::output::fields::{Fields, lines};
use crate::output::key::Key;
use crate::output::scratch::Scratch;
use crate::output::sentence::items;

/// Faults of a configuration that was not applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReloadRefused {
    /// Generation of the table that stays live.
    pub generation: u32,
    /// Faults, each on one line: `path:line:column: message`.
    pub faults: Vec<String>,
}

impl RecordBody for ReloadRefused {
    const KIND: Kind = Kind { name: "reload_refused", id: "721c8c0188254a80987bc73224551a10" };

    fn priority(&self) -> u8 {
        3
    }

    fn fields(&self, _: &mut Scratch, out: &mut impl Fields) {
        out.unsigned(Key::Generation, self.generation.into());
        out.list(Key::Faults, lines(&self.faults));
    }

    fn sentence(&self, out: &mut String) {
        let _ = write!(out, "Reload refused, generation {} stays live: ", self.generation);
        items(&self.faults, "; ", out);
    }
}
