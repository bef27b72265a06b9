//! Paths that a call passes, as absolute ones.

use syscalls::{PathArgument, PathBase, Signature, Slot, Status, Value, signature};

use super::{Event, KernelPath, is_cwd, join};
use crate::handlers::Role;

/// Success of writing one path of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinedPath {
    /// The path is whole.
    Whole,
    /// The path lacks its begin, or did not fit at all.
    Truncated,
    /// No path is known: there is none, or its directory was renamed while it was read.
    Absent,
}

impl Event<'_> {
    /// Returns the paths that the call passes, in the order of its arguments.
    pub fn paths(&self) -> impl Iterator<Item = PathArgument> {
        syscalls::path_arguments(self.slot).filter(|_| self.names.are_wanted)
    }

    /// Appends one of them, absolute, if the call passes it as a relative one and all of it is known.
    pub fn append_resolved(&self, path: PathArgument, out: &mut Vec<u8>) -> bool {
        let is_relative = self.path_text(path.position).is_some_and(|text| !text.starts_with(b"/"));
        let begin = out.len();
        let is_whole = is_relative && self.append_path(path, out) == JoinedPath::Whole;
        out.truncate(if is_whole { out.len() } else { begin });
        is_whole
    }

    /// Appends one of them, absolute. Returns how much of it is known; appends nothing that is not.
    pub fn append_path(&self, path: PathArgument, out: &mut Vec<u8>) -> JoinedPath {
        let Some(text) = self.path_text(path.position) else { return JoinedPath::Absent };
        let begins_at_root = text.starts_with(b"/");
        if text.is_empty() && !self.takes_empty_path() {
            return JoinedPath::Absent;
        }
        let base = self.base(path.base);
        if !begins_at_root && base.is_none() {
            let is_lost = path.base != PathBase::Unknown;
            return if is_lost { JoinedPath::Truncated } else { JoinedPath::Absent };
        }
        if !join::append_absolute(text, base, out) {
            return JoinedPath::Absent;
        }
        let is_cut = !begins_at_root && base.is_some_and(|base| base.status.is_truncated());
        if is_cut { JoinedPath::Truncated } else { JoinedPath::Whole }
    }

    /// Appends the absolute path of the file that the call has executed, of a script that of its interpreter, as the
    /// process saw it. Returns whether all of it is known; appends nothing otherwise.
    pub fn append_executed(&self, out: &mut Vec<u8>) -> bool {
        let field = self.handler.field_with(Role::Interpreter);
        let interpreter = field.and_then(|field| self.captures.of(field).first());
        let begin = out.len();
        let is_known = match (interpreter.map(|capture| capture.value), self.paths().next()) {
            (Some(Value::Text(text)), _) => join::append_absolute(text, None, out),
            (_, Some(path)) => self.append_path(path, out) == JoinedPath::Whole,
            _ => false,
        };
        out.truncate(if is_known { out.len() } else { begin });
        is_known
    }

    /// Returns the directory that a relative path begins at.
    fn base(&self, base: PathBase) -> Option<&KernelPath<'_>> {
        match base {
            PathBase::Unknown => None,
            PathBase::Cwd => self.names.cwd.as_ref(),
            PathBase::Descriptor(position) => {
                let is_cwd = is_cwd(self.args.get(usize::from(position)).copied());
                if is_cwd { self.names.cwd.as_ref() } else { self.names.directory(position) }
            }
        }
    }

    /// Returns the captured text of a path argument, if all of it is known.
    fn path_text(&self, position: u8) -> Option<&[u8]> {
        let field = match self.handler.is_of_arguments() {
            true => position,
            false => self.handler.field_with(Role::Program)?,
        };
        let capture = self.captures.of(field).first()?;
        match (capture.value, capture.status) {
            (Value::Text(text), Status::Ok) => Some(text),
            _ => None,
        }
    }

    /// Returns whether the flags of the call allow an empty path, which means the descriptor itself.
    fn takes_empty_path(&self) -> bool {
        has_flag(self.slot, self.args, "AT_EMPTY_PATH")
    }
}

fn has_flag(slot: Slot, args: [u64; 6], flag: &str) -> bool {
    let parameters = signature(slot).map(Signature::parameters).unwrap_or_default();
    let bit = |kind: syscalls::Kind| kind.set().and_then(|set| set.value(flag));
    parameters
        .iter()
        .zip(args)
        .any(|(one, value)| bit(one.kind).is_some_and(|bit| value & bit != 0))
}
