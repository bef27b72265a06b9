//! Rendering of a syscall's event: its fields and its sentence. Records use it; it knows no record.

mod ancestry;
mod capabilities;
mod captures;
mod chained;
mod fields;
mod files;
mod names;
mod outcome;
mod sentence;
mod values;
mod who;

pub use fields::write as write_fields;
pub use sentence::{argument, write as write_sentence, write_end as write_end_sentence};
pub use who::identity as write_process;
