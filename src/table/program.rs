//! Translates the program of a filter into the instructions and patterns of `bpf/settings.h`.

use super::numbers::IdMap;
use crate::bpf::types::{
    self, file_directory, filter_end, filter_size, insn_op, operand as Operand, operand_width,
    pattern_anchor, tag_bit, tag_size, text_kind,
};
use crate::config::Part;
use crate::filter::{
    FileBase, FileSource, Files, Insn, Next, Number, Op, Program, StringMatch, TextSource, Width,
};

/// Offsets of a program in its bank.
pub(super) struct BankOffsets<'a> {
    /// Index of its first instruction.
    pub insn: usize,
    /// Index of its first pattern.
    pub pattern: usize,
    /// Rows of the rules that it chooses from.
    pub rules: &'a [usize],
}

const PATHS: usize = filter_size::FILTER_PATHS.0 as usize;
const FILES: usize = filter_size::FILTER_FILES.0 as usize;
const PATTERN_WORDS: usize = filter_size::PATTERN_WORDS.0 as usize;

/// Converts an index. One beyond the bounds was refused before, see `Settings::check`.
fn narrow<T: TryFrom<usize> + Default>(number: usize) -> T {
    T::try_from(number).unwrap_or_default()
}

/// `struct filter`.
pub(super) fn filter(program: &Program, offsets: &BankOffsets<'_>) -> types::filter {
    let mut paths = [0; PATHS];
    paths.iter_mut().zip(&program.paths).for_each(|(to, position)| *to = *position);
    let operations = || program.insns.iter().map(|insn| &insn.op);
    let operands = operations().fold(0, |bits, operation| bits | operand_bit(operation));
    let is_argument = |operation: &Op| {
        matches!(operation, Op::Bits { .. } | Op::Within { number: Number::Argument { .. }, .. })
    };
    types::filter {
        first: next(program.first, offsets),
        patterns: narrow(offsets.pattern),
        pattern_count: narrow(program.patterns.len()),
        operands,
        arguments: u8::from(operations().any(is_argument) || has_text_argument(program)),
        text_kinds: texts(program),
        paths,
        files: files(&program.files),
        ..types::filter::default()
    }
}

const PATH_FILES: usize = (text_kind::TEXT_FD_PATH.0 - text_kind::TEXT_PATH.0) as usize;

/// `files` of `struct filter`: first the paths, then the descriptors.
fn files(files: &Files) -> [types::filter_file; FILES] {
    let mut rows = [types::filter_file::default(); FILES];
    let (paths, descriptors) = rows.split_at_mut(PATH_FILES);
    paths.iter_mut().zip(&files.paths).for_each(|(row, source)| *row = file(source));
    descriptors.iter_mut().zip(&files.descriptors).for_each(|(row, source)| *row = file(source));
    rows
}

/// `struct filter_file`.
fn file(source: &FileSource) -> types::filter_file {
    let from_one = |position: Option<u8>| position.map_or(0, |position| position + 1);
    types::filter_file {
        path: from_one(source.path),
        directory: match source.base {
            FileBase::Cwd => file_directory::DIRECTORY_CWD.0 as u8,
            FileBase::Descriptor(position) => from_one(Some(position)),
            FileBase::Unknown => file_directory::DIRECTORY_NONE.0 as u8,
        },
        flags: from_one(source.flags),
        reserved: 0,
    }
}

/// Returns whether patterns compare something that arguments name.
fn has_text_argument(program: &Program) -> bool {
    !program.paths.is_empty() || program.files != Files::default()
}

/// Returns the bits of the texts that the patterns of a program compare.
fn texts(program: &Program) -> u16 {
    let of = |of| match of {
        TextSource::Path => ones(program.files.paths.len()) << kind(of),
        TextSource::FdPath => ones(program.files.descriptors.len()) << kind(of),
        _ => 1 << kind(of),
    };
    program.patterns.iter().fold(0, |bits, text| bits | of(text.of))
}

/// Returns so many low bits.
fn ones(count: usize) -> u16 {
    (0..count).fold(0, |bits, _| bits << 1 | 1)
}

/// Returns the bit of an operand that the programs load only where a filter needs it.
fn operand_bit(operation: &Op) -> u8 {
    let operand = match operation {
        Op::Within { number: Number::Euid, .. } => Operand::OPERAND_EUID,
        Op::Within { number: Number::Egid, .. } => Operand::OPERAND_EGID,
        Op::Within { number: Number::Loginuid, .. } => Operand::OPERAND_LOGINUID,
        Op::Names { .. } | Op::Container { .. } => Operand::OPERAND_CGROUP_TAGS,
        Op::Trees { .. } => Operand::OPERAND_PROCESS_TREES,
        _ => return 0,
    };
    1 << operand.0
}

fn next(next: Next, offsets: &BankOffsets<'_>) -> u16 {
    let end = |end: filter_end| end.0 as usize;
    let row = |rule: usize| offsets.rules.get(rule).map(|row| end(filter_end::FILTER_ACCEPT) + row);
    narrow(match next {
        Next::Insn(at) => offsets.insn + at,
        Next::Accept(rule) => row(rule).unwrap_or(end(filter_end::FILTER_REJECT)),
        Next::Reject => end(filter_end::FILTER_REJECT),
    })
}

/// `struct filter_insn`.
pub(super) fn insn(insn: &Insn, offsets: &BankOffsets<'_>, ids: &IdMap) -> types::filter_insn {
    let (operand, op, width, a, b) = operation(&insn.op, ids);
    types::filter_insn {
        operand,
        op: op.0 as u8,
        width: width.0 as u8,
        reserved: 0,
        jt: next(insn.jt, offsets),
        jf: next(insn.jf, offsets),
        a,
        b,
    }
}

/// Returns operand, operation, width and the two numbers of an instruction.
fn operation(operation: &Op, ids: &IdMap) -> (u8, insn_op, operand_width, u64, u64) {
    let any_bit =
        |operand: u8, bits| (operand, insn_op::INSN_ANY_BIT, operand_width::WIDTH_WHOLE, bits, 0);
    let operand = |operand: Operand| operand.0 as u8;
    match operation {
        Op::Within { number, from, to } => {
            let (operand, width) = number_operand(*number);
            (operand, insn_op::INSN_WITHIN, width, *from, *to)
        }
        Op::Bits { position, bits } => any_bit(argument(*position), *bits),
        Op::Container { or_unknown } => {
            let unknown = unknown(*or_unknown, tag_bit::TAG_CONTAINER_UNKNOWN.0);
            let tags = 1 << tag_bit::TAG_CONTAINER.0 | unknown;
            any_bit(operand(Operand::OPERAND_CGROUP_TAGS), tags)
        }
        Op::Names { names, or_unknown } => {
            let bits = names.iter().filter_map(|name| ids.names.get(name));
            let unknown = unknown(*or_unknown, tag_bit::TAG_NAMES_UNKNOWN.0);
            any_bit(
                operand(Operand::OPERAND_CGROUP_TAGS),
                bits.fold(unknown, |bits, bit| bits | 1 << bit),
            )
        }
        Op::Trees { pids, or_unknown } => {
            let bits = pids.iter().filter_map(|pid| ids.trees.get(pid));
            let unknown = unknown(*or_unknown, tag_size::TREE_UNKNOWN.0);
            any_bit(
                operand(Operand::OPERAND_PROCESS_TREES),
                bits.fold(unknown, |bits, bit| bits | 1 << bit),
            )
        }
        Op::Patterns(texts) => any_bit(
            operand(Operand::OPERAND_PATTERNS),
            texts.iter().fold(0, |bits, at| bits | 1 << at),
        ),
    }
}

fn unknown(or_unknown: bool, bit: u32) -> u64 {
    if or_unknown { 1 << bit } else { 0 }
}

fn argument(position: u8) -> u8 {
    Operand::OPERAND_ARGUMENT.0 as u8 + position
}

fn number_operand(number: Number) -> (u8, operand_width) {
    let of = |operand: Operand| (operand.0 as u8, operand_width::WIDTH_WHOLE);
    match number {
        Number::Uid => of(Operand::OPERAND_UID),
        Number::Gid => of(Operand::OPERAND_GID),
        Number::Euid => of(Operand::OPERAND_EUID),
        Number::Egid => of(Operand::OPERAND_EGID),
        Number::Loginuid => of(Operand::OPERAND_LOGINUID),
        Number::Argument { position, width } => {
            let width = match width {
                Width::Whole => operand_width::WIDTH_WHOLE,
                Width::Unsigned32 => operand_width::WIDTH_UNSIGNED_32,
                Width::Signed32 => operand_width::WIDTH_SIGNED_32,
                Width::Signed => operand_width::WIDTH_SIGNED,
            };
            (argument(position), width)
        }
    }
}

/// `enum text_kind`.
fn kind(of: TextSource) -> u8 {
    match of {
        TextSource::Comm => text_kind::TEXT_COMM.0 as u8,
        TextSource::ParentComm => text_kind::TEXT_PARENT_COMM.0 as u8,
        TextSource::Exe => text_kind::TEXT_EXE.0 as u8,
        TextSource::Path => text_kind::TEXT_PATH.0 as u8,
        TextSource::FdPath => text_kind::TEXT_FD_PATH.0 as u8,
        TextSource::Argument(place) => text_kind::TEXT_ARGUMENT.0 as u8 + narrow::<u8>(place),
    }
}

/// `struct pattern`.
pub(super) fn pattern(text: &StringMatch) -> types::pattern {
    let ones = vec![u8::MAX; text.text.len()];
    let anchor = match text.part {
        Part::Whole => pattern_anchor::ANCHOR_BOTH,
        Part::Begin => pattern_anchor::ANCHOR_BEGIN,
        Part::End => pattern_anchor::ANCHOR_END,
    };
    types::pattern {
        kind: kind(text.of),
        anchor: anchor.0 as u8,
        is_negated: u8::from(text.is_negated),
        length: narrow(text.text.len()),
        holds_unknown: u8::from(text.holds_unknown),
        reserved: [0; 3],
        words: words(text.text.as_bytes()),
        masks: words(&ones),
    }
}

/// Zeros follow.
fn words(bytes: &[u8]) -> [u64; PATTERN_WORDS] {
    let mut words = [0; PATTERN_WORDS];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks(size_of::<u64>())) {
        let mut whole = [0; size_of::<u64>()];
        whole.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        *word = u64::from_ne_bytes(whole);
    }
    words
}
