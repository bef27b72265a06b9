//! A routed syscall was entered.

use super::{Kind, RecordBody};
use crate::config::NovelSubject;
use crate::decode::Event;
use crate::output::arguments::Arguments;
use crate::output::event;
use crate::output::fields::Fields;
use crate::output::key::Key;
use crate::output::scratch::Scratch;
use crate::units::CgroupInfo;

/// Event of one syscall.
#[derive(Debug, Clone, Copy)]
pub struct Syscall<'a> {
    /// Event as the handler captured it.
    pub event: &'a Event<'a>,
    /// Unit and container of the task; `None` if its cgroup is not known.
    pub place: Option<&'a CgroupInfo>,
    /// Events of the same rule and owner that a limit refused since the last such record.
    pub suppressed: u64,
    /// A daemon that was killed may have written the event already.
    pub may_be_duplicate: bool,
    /// Subject that did this for the first time, if the rule records first times only.
    pub novel: Option<NovelSubject>,
}

impl RecordBody for Syscall<'_> {
    const KIND: Kind = Kind { name: "syscall", id: "397d4d90fa9b406c956a9759375c2e15" };
    const IS_EVENT: bool = true;

    fn priority(&self) -> u8 {
        self.event.priority.clamp(3, 7)
    }

    fn fields(&self, scratch: &mut Scratch, out: &mut impl Fields) {
        event::write_fields(self.event, self.place, self.suppressed, scratch, out);
        if self.may_be_duplicate {
            out.word(Key::MayBeDuplicate, "yes");
        }
        if let Some(subject) = self.novel {
            out.word(Key::Novel, subject.name());
        }
    }

    fn sentence(&self, out: &mut String) {
        event::write_sentence(self.event, self.place, &mut Arguments::default(), out);
    }

    /// Appends `MESSAGE`. Only the text of the template is cut: task, unit and result are always there.
    fn message(&self, arguments: &mut Arguments, out: &mut String) {
        event::write_sentence(self.event, self.place, arguments, out);
    }
}
