//! Calls as they were made, and their arguments with the memory that was captured for them.

use crate::{
    Abi, Capture, INNER_POSITION, Kind, Moment, Parameter, Part, Signature, Structure, Value,
    Written,
};

const AF_NETLINK: u16 = 16;
/// Result of a sleep that a signal has interrupted (`include/linux/errno.h` of the kernel).
const ERESTART_RESTARTBLOCK: i64 = 516;

/// A syscall as it was made: registers, captured memory and, once it has returned, its result.
#[derive(Debug, Clone, Copy)]
pub struct Call<'c> {
    /// ABI of the caller.
    pub abi: Abi,
    /// Six argument registers as the caller passed them.
    pub registers: [u64; 6],
    /// Captured memory of all arguments.
    pub captures: &'c [Capture<'c>],
    /// Value that the call returned; `None` if it is not known.
    pub result: Option<i64>,
    /// Socket behind the descriptor of the call; `None` if it is no socket or not known.
    pub socket: Option<Socket>,
}

/// Socket behind a descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Socket {
    /// A socket of netlink, by the number of its protocol; `None` if that is not known.
    Netlink(Option<u16>),
    /// Another socket.
    Other,
}

/// One argument of a call.
#[derive(Debug, Clone, Copy)]
pub struct Argument<'c> {
    /// Parameter of the signature.
    pub parameter: Parameter,
    /// Value that was passed.
    pub register: u64,
    /// Position among the parameters.
    position: u8,
    /// Index of the captures of the argument at position 0.
    base: u8,
    /// Parameters of the call, by position.
    parameters: &'static [Parameter],
    /// Values of the arguments, by position.
    values: [u64; 6],
    call: &'c Call<'c>,
}

impl<'c> Call<'c> {
    /// Returns the arguments of the call according to its signature.
    pub fn arguments(
        &'c self,
        signature: &'static Signature,
    ) -> impl Iterator<Item = Argument<'c>> {
        self.arguments_from(signature, self.registers, false)
    }

    /// Returns the arguments of the call, or with `in_memory` those that are in the memory behind an argument:
    /// of an inner call (`socketcall`), or of a structure. `values` are the numbers passed.
    pub fn arguments_from(
        &'c self,
        signature: &'static Signature,
        values: [u64; 6],
        in_memory: bool,
    ) -> impl Iterator<Item = Argument<'c>> {
        let parameters = signature.prototype(values).parameters();
        signature.with_positions(values).map(move |(position, parameter, register)| Argument {
            parameter,
            register,
            position,
            base: if in_memory { INNER_POSITION } else { 0 },
            parameters,
            values,
            call: self,
        })
    }
}

impl<'c> Argument<'c> {
    /// Returns the ABI of the call.
    pub fn abi(&self) -> Abi {
        self.call.abi
    }

    /// Returns the position of the register that the argument is in; `None` if it is in memory.
    pub fn position(&self) -> Option<u8> {
        (self.base == 0).then_some(self.position)
    }

    /// Returns the layout of the structure behind this argument, of which `bytes` were captured, and its members
    /// that are pointers or their lengths as arguments; `None` if it has no pointers.
    pub(crate) fn inner(
        &self,
        bytes: &[u8],
    ) -> Option<(&'static Structure, impl Iterator<Item = Self> + use<'c>)> {
        let pointers = self.parameter.pointers(self.abi())?;
        let (values, presence) = (pointers.values(bytes), pointers.presence(bytes));
        let inner = self.call.arguments_from(pointers.signature(), values, true);
        let is_present =
            move |one: &Self| presence.get(usize::from(one.position)).copied().unwrap_or_default();
        Some((pointers.layout(), inner.filter(is_present)))
    }

    /// Returns the index of its captures.
    pub fn index(&self) -> u8 {
        self.base.saturating_add(self.position)
    }

    /// Returns the value of the argument at `position`, as wide as the kernel takes it; 0 beyond the sixth.
    pub fn register_at(&self, position: u8) -> u64 {
        let at = usize::from(position);
        let n = self.values.get(at).copied().unwrap_or_default();
        let size = self.parameters.get(at).and_then(|one| one.kind.size(self.abi()));
        match size {
            Some(4) => n & 0xffff_ffff,
            _ => n,
        }
    }

    /// Returns the memory that the kernel read.
    pub fn at_entry(&self) -> impl Iterator<Item = &'c Capture<'c>> + Clone {
        self.captures().filter(|capture| capture.moment != Moment::Return)
    }

    /// Returns the memory that the kernel wrote.
    pub fn at_return(&self) -> impl Iterator<Item = &'c Capture<'c>> + Clone {
        self.captures().filter(|capture| capture.moment == Moment::Return)
    }

    /// Returns the result of the call, if it is known.
    pub fn result(&self) -> Option<i64> {
        self.call.result
    }

    /// Returns the socket behind the descriptor of the call: as the call knows it, else of netlink if the family of
    /// an address is that.
    pub fn socket(&self) -> Option<Socket> {
        let is_address = |capture: &&Capture<'_>| match capture.part {
            Part::Name => capture.index == self.index(),
            Part::Whole => {
                let at = capture.index.checked_sub(self.base);
                let parameter = at.and_then(|at| self.parameters.get(usize::from(at)));
                parameter.is_some_and(|one| one.kind == Kind::Sockaddr)
            }
            _ => false,
        };
        let is_netlink = |capture: &Capture<'_>| match capture.value {
            Value::Bytes([a, b, ..]) => u16::from_ne_bytes([*a, *b]) == AF_NETLINK,
            _ => false,
        };
        let by_address = || self.call.captures.iter().filter(is_address).any(is_netlink);
        self.call.socket.or_else(|| by_address().then_some(Socket::Netlink(None)))
    }

    /// Returns whether the call, which succeeded, wrote the memory.
    pub fn is_written(&self) -> bool {
        let Some(memory) = self.parameter.memory else { return false };
        match memory.written {
            Written::Always => true,
            Written::Positive => self.result() != Some(0),
            Written::Fitting => !self.exceeds_capacity(),
            Written::Filled => self.result() != Some(0) && !self.exceeds_capacity(),
            Written::Interrupted => self.result() == Some(-ERESTART_RESTARTBLOCK),
            Written::Marked(position) => self.has_mark(position),
        }
    }

    /// Returns whether the number behind the argument at `position` is not 0 after the call.
    fn has_mark(&self, position: u8) -> bool {
        let index = self.base.saturating_add(position);
        let is_it = |one: &&Capture<'_>| one.index == index && one.moment == Moment::Return;
        let mark = self.call.captures.iter().find(is_it).map(|one| one.value);
        matches!(mark, Some(Value::Bytes(bytes)) if bytes.iter().take(4).any(|byte| *byte != 0))
    }

    /// Returns whether some memory of the argument could not be read.
    pub fn is_unreadable(&self) -> bool {
        let is_any_unreadable = |one: &Self| {
            one.parameter.memory.is_some()
                && one.captures().any(|capture| !capture.status.is_readable())
        };
        is_any_unreadable(self) || self.captured_inner().any(|one| is_any_unreadable(&one))
    }

    /// Returns the arguments in the structure behind this one, if that was captured.
    fn captured_inner(&self) -> impl Iterator<Item = Self> {
        let bytes = self.at_entry().find_map(|capture| match capture.value {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        });
        let inner = bytes.and_then(|bytes| self.inner(bytes));
        inner.into_iter().flat_map(|(_, inner)| inner)
    }

    /// Returns whether the argument has more memory than was captured.
    pub fn is_truncated(&self) -> bool {
        self.captures().any(|capture| self.is_cut(capture)) && !self.has_all_entries()
            || self.has_more_messages()
            || self.has_more_buffers()
            || self.has_more_strings()
    }

    /// Returns the memory of the argument.
    pub fn captures(&self) -> impl Iterator<Item = &'c Capture<'c>> + Clone + use<'c> {
        let is_own = self.shape();
        let index = self.index();
        let own = self.call.captures.iter().filter(move |one| one.index == index);
        own.filter(move |one| is_own != Some(!matches!(one.value, Value::Text(_))))
    }

    /// Returns whether the argument's captures are texts: if it is a string in some calls only, it was captured both
    /// as a text and as bytes. `None` if both may be its own.
    fn shape(&self) -> Option<bool> {
        let is_text =
            |one: &Capture<'_>| one.index == self.index() && matches!(one.value, Value::Text(_));
        match self.parameter.kind {
            Kind::Strings | Kind::Environment => None,
            Kind::Path | Kind::String => self.call.captures.iter().any(is_text).then_some(true),
            _ => Some(false),
        }
    }
}
