//! A call that was recorded as still running has ended.

use super::{Kind, RecordBody};
use crate::decode::Event;
use crate::output::arguments::Arguments;
use crate::output::event;
use crate::output::fields::Fields;
use crate::output::scratch::Scratch;
use crate::units::CgroupInfo;

/// End of a call whose event is recorded already. Time of entry and thread are those of that record.
#[derive(Debug, Clone, Copy)]
pub struct Ended<'a> {
    /// Event without the memory that was captured at entry.
    pub event: &'a Event<'a>,
    /// Unit and container of the task; `None` if its cgroup is not known.
    pub place: Option<&'a CgroupInfo>,
}

impl RecordBody for Ended<'_> {
    const KIND: Kind = Kind { name: "ended", id: "978d441ece014cf488e79e490b7fd7d8" };
    const IS_EVENT: bool = true;

    fn priority(&self) -> u8 {
        self.event.priority.clamp(3, 7)
    }

    fn fields(&self, scratch: &mut Scratch, out: &mut impl Fields) {
        event::write_fields(self.event, self.place, 0, scratch, out);
    }

    fn sentence(&self, out: &mut String) {
        event::write_end_sentence(self.event, self.place, &mut Arguments::default(), out);
    }

    fn message(&self, arguments: &mut Arguments, out: &mut String) {
        event::write_end_sentence(self.event, self.place, arguments, out);
    }
}
