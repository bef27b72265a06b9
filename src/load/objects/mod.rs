//! Handlers in objects of their own: files in, declarations, and programs in the kernel out.

mod chained;
mod embedded;
mod event_struct;
mod folders;
mod loader;
mod manifest;

pub use chained::{ChainKey, ChainedPrograms};
pub use folders::{handlers_for, read_objects};
pub use loader::verify;
