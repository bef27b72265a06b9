//! A condition on an argument in, an instruction about a register out, by the signature of the syscall.

use std::ops::RangeInclusive;
use std::str::FromStr;

use nix::sys::signal::Signal;
use syscalls::{self, BitPattern, ConstantSet, Kind, Parameter};

use super::build::Builder;
use super::{Next, Number, Op, Width};
use crate::config::{self, Condition, Pattern, Word};

/// Constant for the current directory, in an argument that is a directory's descriptor.
pub const FDCWD: (&str, i128) = ("AT_FDCWD", -100);

/// Adds the instruction of one condition.
pub(super) fn test(
    builder: &mut Builder,
    condition: &Condition,
    yes: Next,
    no: Next,
) -> Result<Next, String> {
    let slot = builder.slot;
    let (position, parameter) = parameter(slot, &condition.argument)?;
    let argument = Argument { slot, position, parameter };
    match &condition.comparison {
        config::Comparison::Matches(pattern) => {
            argument.must_be_text()?;
            let of = builder.path(position);
            let patterns: &[Pattern] = std::slice::from_ref(pattern);
            Ok(builder.patterns(of, Some(patterns), yes, no))
        }
        config::Comparison::Masks { bits, is_negated } => {
            let (yes, no) = if *is_negated { (no, yes) } else { (yes, no) };
            argument.any_of(builder, bits, yes, no)
        }
        config::Comparison::Equals { value, is_negated } => {
            let (yes, no) = if *is_negated { (no, yes) } else { (yes, no) };
            if let Some(number) = argument.number(value) {
                return Ok(argument.has_number(builder, number, yes, no));
            }
            let value = argument.value(value)?;
            argument.compare(builder, value..=value, yes, no)
        }
        config::Comparison::Compares { range } => argument.compare(builder, range.clone(), yes, no),
    }
}

/// An argument of a syscall.
struct Argument {
    slot: syscalls::Slot,
    position: u8,
    parameter: Parameter,
}

/// Returns the names of the arguments of a syscall, as far as they are known.
pub fn arguments(slot: syscalls::Slot) -> Vec<&'static str> {
    let parameters = syscalls::signature(slot).map(syscalls::Signature::parameters);
    let names = parameters.into_iter().flatten().map(|parameter| parameter.name);
    names.filter(|name| *name != "-").collect()
}

/// Finds a parameter by name in the signature without cases.
fn parameter(slot: syscalls::Slot, name: &str) -> Result<(u8, Parameter), String> {
    let parameters = syscalls::signature(slot).map(syscalls::Signature::parameters);
    let Some(parameters) = parameters else {
        return Err(format!("the arguments of {slot} have no known names"));
    };
    let found = (0..).zip(parameters).find(|(_, parameter)| parameter.name == name);
    found.map(|(position, parameter)| (position, *parameter)).ok_or_else(|| {
        let names = arguments(slot);
        let has = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        format!("{slot} has no argument \"{name}\"; its arguments are {has}")
    })
}

impl Argument {
    fn must_be_text(&self) -> Result<(), String> {
        match self.parameter.kind {
            Kind::Path | Kind::String => Ok(()),
            _ => Err(format!(
                "argument \"{}\" of {} is not a string",
                self.parameter.name, self.slot
            )),
        }
    }

    /// Returns how the register of the argument compares. A pointer is as wide as a register.
    fn width(&self) -> Result<Width, String> {
        let abi = self.slot.abi();
        let register = syscalls::Width::Long.size(abi);
        let bytes = self.parameter.kind.width().map_or(register, |width| width.size(abi));
        let is_signed = matches!(
            self.parameter.kind,
            Kind::Signed(_) | Kind::Fd | Kind::Dirfd | Kind::Signal(_) | Kind::Status
        );
        match (bytes, is_signed) {
            (8, _) if register < 8 => {
                Err(format!("argument \"{}\" of {} takes two registers", self.name(), self.slot))
            }
            (8, true) => Ok(Width::Signed),
            (8, false) => Ok(Width::Whole),
            (_, true) => Ok(Width::Signed32),
            (_, false) => Ok(Width::Unsigned32),
        }
    }

    fn name(&self) -> &'static str {
        self.parameter.name
    }

    fn value(&self, word: &Word) -> Result<i128, String> {
        match word {
            Word::Number(number) => Ok(*number),
            Word::Name(name) if self.parameter.kind == Kind::Dirfd && name == FDCWD.0 => {
                Ok(FDCWD.1)
            }
            Word::Name(name) => {
                let value = self.parameter.kind.set().and_then(|set| set.value(name));
                let value = value.map(i128::from).or_else(|| self.signal(name));
                value.ok_or_else(|| {
                    let (argument, slot) = (self.name(), self.slot);
                    format!("argument \"{argument}\" of {slot} has no constant \"{name}\"")
                })
            }
        }
    }

    /// Returns the number of a signal, which is the same on all supported architectures.
    fn signal(&self, name: &str) -> Option<i128> {
        let signal =
            Signal::from_str(name).ok().filter(|_| matches!(self.parameter.kind, Kind::Signal(_)));
        signal.map(|signal| i128::from(signal as i32))
    }

    /// Returns the number that a name stands for, if only some of the argument's bits are that number.
    fn number(&self, word: &Word) -> Option<BitPattern> {
        let Word::Name(name) = word else { return None };
        self.parameter.kind.set()?.number_within(name)
    }

    /// Tests whether the argument has one of these flags or numbers.
    fn any_of(
        &self,
        builder: &mut Builder,
        words: &[Word],
        yes: Next,
        no: Next,
    ) -> Result<Next, String> {
        let (mut bits, mut next, mut is_empty) = (0, no, true);
        for word in words.iter().rev() {
            if let Some(number) = self.number(word) {
                next = self.has_number(builder, number, yes, next);
                is_empty = false;
                continue;
            }
            let value = self.value(word)?;
            bits |= u64::try_from(value)
                .map_err(|_| format!("{value} is no set of bits of \"{}\"", self.name()))?;
        }
        if bits == 0 && is_empty {
            return Err(format!("no bit of \"{}\" is tested, so it never matches", self.name()));
        }
        Ok(if bits == 0 { next } else { self.has_flag(builder, bits, yes, next) })
    }

    /// Tests whether the argument has that number in its bits: all of its ones, and none of its zeros.
    fn has_number(&self, builder: &mut Builder, number: BitPattern, yes: Next, no: Next) -> Next {
        let position = self.position;
        let ones = (0..64).map(|at| 1 << at).filter(|bit| number.value & bit != 0);
        let next = ones.fold(yes, |next, bits| builder.add(Op::Bits { position, bits }, next, no));
        match number.mask & !number.value {
            0 => next,
            bits => builder.add(Op::Bits { position, bits }, no, next),
        }
    }

    /// Tests whether the argument has one of these bits, and not as a part of a number.
    fn has_flag(&self, builder: &mut Builder, bits: u64, yes: Next, no: Next) -> Next {
        let position = self.position;
        let test = |builder: &mut Builder, bits| match bits {
            0 => no,
            bits => builder.add(Op::Bits { position, bits }, yes, no),
        };
        let numbers = self.parameter.kind.set().into_iter().flat_map(ConstantSet::numbers);
        let mut next = test(builder, bits);
        for number in numbers.filter(|number| number.mask & bits != 0) {
            let beside = test(builder, bits & !number.mask);
            next = self.has_number(builder, number, beside, next);
        }
        next
    }

    /// Tests whether the argument is in a range. A number that the kernel ignores is none of its value.
    fn compare(
        &self,
        builder: &mut Builder,
        range: RangeInclusive<i128>,
        yes: Next,
        no: Next,
    ) -> Result<Next, String> {
        let (from, to) = range.into_inner();
        let mut test = |from, to| -> Result<Next, String> {
            Ok(self.within(from, to)?.map_or(no, |what| builder.add(what, yes, no)))
        };
        let ignored = self.parameter.kind.set().and_then(ConstantSet::ignored);
        let Some(number) = ignored else { return test(from, to) };
        let (value, most) = (i128::from(number.value), i128::from(!number.mask & 0xffff_ffff));
        let plain = test(from, to)?;
        let beside = match (from.max(0), to.min(most)) {
            (from, to) if from > to => no,
            (from, to) => test(from + value, to + value)?,
        };
        Ok(self.has_number(builder, number, beside, plain))
    }

    /// Returns the operand of a range, cut to the values of the argument; `None` if none of them is in the range.
    fn within(&self, from: i128, to: i128) -> Result<Option<Op>, String> {
        let width = self.width()?;
        let (least, most) = width.range();
        let (from, to) = match self.parameter.kind {
            // -1 is no id: the call leaves the owner as it is. No range has it, only the value itself.
            Kind::Id(_) if (from, to) == (-1, -1) => (most, most),
            Kind::Id(_) => (from.max(least), to.min(most - 1)),
            _ => (from.max(least), to.min(most)),
        };
        if from > to {
            return Ok(None);
        }
        let number = Number::Argument { position: self.position, width };
        Ok(Some(Op::Within { number, from: width.key(from), to: width.key(to) }))
    }
}

impl Width {
    /// Returns the least and the greatest value.
    fn range(self) -> (i128, i128) {
        match self {
            Self::Whole => (0, u64::MAX.into()),
            Self::Unsigned32 => (0, u32::MAX.into()),
            Self::Signed32 => (i32::MIN.into(), i32::MAX.into()),
            Self::Signed => (i64::MIN.into(), i64::MAX.into()),
        }
    }

    /// Returns a value in that range as the kernel compares it: signed ones with the highest bit flipped.
    fn key(self, value: i128) -> u64 {
        let bits = value as u64;
        match self {
            Self::Whole | Self::Unsigned32 => bits,
            Self::Signed32 | Self::Signed => bits ^ 1 << 63,
        }
    }
}
