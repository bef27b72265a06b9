//! Declarations of the handlers: name, summary, fields, messages. They are read from the
//! object's `.rodata.handlers`, and from objects of their own, so that a new handler needs no new Rust code.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use syscalls::Slot;

use crate::bpf::types;

/// All handlers: those of the object in this binary, by number from 1, and those in objects of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Handlers {
    built_in: Vec<Handler>,
    objects: Vec<HandlerObject>,
    refused: Vec<RefusedObject>,
    folder: PathBuf,
}

/// A handler in an object of its own. It stands in chains, behind a handler of the object in this binary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandlerObject {
    /// Declaration; its number is 0.
    pub handler: Handler,
    /// File of the object; empty if it is part of this binary.
    pub path: PathBuf,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Places of the fields, if its data is a structure; otherwise its captures name them.
    #[serde(default)]
    pub members: Vec<StructMember>,
}

/// Place of a field in a structure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StructMember {
    /// Offset, in bytes.
    pub offset: u32,
    /// Size, in bytes.
    pub size: u32,
    /// The member is an array of bytes, not a number.
    pub is_array: bool,
    /// Names of the values of an enumeration.
    pub names: Vec<(i64, String)>,
}

/// A file among the objects that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedObject {
    /// Name of the handler, by the name of the file.
    pub name: String,
    /// File.
    pub path: PathBuf,
    /// Reason, as a clause about the file.
    pub reason: String,
}

/// Identity of a handler's program: another version of the object has another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProgramKey {
    /// Name of the handler.
    pub name: String,
    /// SHA-256 of its object, in hexadecimal.
    pub sha256: String,
}

/// Name of the handler that records a call without its arguments. Chains of nothing but objects begin with it.
pub const CALL: &str = "call";

/// One handler's declaration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handler {
    /// Number in routes and events; 0 is never used there.
    pub id: u16,
    /// Name, as the configuration spells it; the BPF program is `handle_<name>`.
    pub name: String,
    /// One line for people.
    pub summary: String,
    /// The syscalls that it understands, and the only ones it may be wired to; a route's `variant`
    /// is the index. Empty: it takes any.
    pub syscalls: Vec<String>,
    /// Requests that unreadable memory is read again at the call's return, if that costs other calls nothing.
    pub exact: bool,
    /// Fields of its captures, by the index that an event carries.
    pub fields: Vec<Field>,
    /// Sentences, by the index that an event carries; `{field}` stands for a value.
    pub messages: Vec<String>,
}

/// One thing that a handler captures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Lower case, `[a-z0-9_]`, 15 bytes at most.
    pub name: String,
    /// Kind, which decides how the bytes are rendered.
    pub kind: FieldKind,
    /// Role, by which the daemon finds it whatever its name is.
    pub role: Role,
}

/// The roles of `enum field_role` in `bpf/event.h`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Nothing special.
    #[default]
    None,
    /// Path of the program that is executed.
    Program,
    /// Arguments of that program.
    Argv,
    /// Number of these arguments, recorded or not.
    ArgvCount,
    /// Length of these arguments together.
    ArgvBytes,
    /// Environment variables of that program.
    Env,
    /// Ancestors of the process, its parent first.
    Ancestors,
    /// Path of the program that interprets the one that is executed.
    Interpreter,
}

impl Role {
    /// Decodes an `enum field_role`; `None` for a role of a newer contract.
    pub fn from_wire(role: u32) -> Option<Self> {
        Some(match types::field_role(role) {
            types::field_role::ROLE_NONE => Self::None,
            types::field_role::ROLE_PROGRAM => Self::Program,
            types::field_role::ROLE_ARGV => Self::Argv,
            types::field_role::ROLE_ARGV_COUNT => Self::ArgvCount,
            types::field_role::ROLE_ARGV_BYTES => Self::ArgvBytes,
            types::field_role::ROLE_ENV => Self::Env,
            types::field_role::ROLE_ANCESTORS => Self::Ancestors,
            types::field_role::ROLE_INTERPRETER => Self::Interpreter,
            _ => return None,
        })
    }
}

/// The kinds of `enum field_kind` in `bpf/event.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // each is described in event.h
pub enum FieldKind {
    Text,
    Texts,
    Unsigned,
    Signed,
    Hex,
    Dirfd,
    AtFlags,
    Clock,
    TimerFlags,
    Times,
    Sigevent,
    Processes,
    UserStack,
    Long,
}

impl FieldKind {
    /// From `enum field_kind`; `None` for a kind of a newer contract.
    pub fn from_wire(kind: u32) -> Option<Self> {
        Some(match types::field_kind(kind) {
            types::field_kind::FIELD_TEXT => Self::Text,
            types::field_kind::FIELD_TEXTS => Self::Texts,
            types::field_kind::FIELD_UNSIGNED => Self::Unsigned,
            types::field_kind::FIELD_SIGNED => Self::Signed,
            types::field_kind::FIELD_HEX => Self::Hex,
            types::field_kind::FIELD_DIRFD => Self::Dirfd,
            types::field_kind::FIELD_AT_FLAGS => Self::AtFlags,
            types::field_kind::FIELD_CLOCK => Self::Clock,
            types::field_kind::FIELD_TIMER_FLAGS => Self::TimerFlags,
            types::field_kind::FIELD_TIMES => Self::Times,
            types::field_kind::FIELD_SIGEVENT => Self::Sigevent,
            types::field_kind::FIELD_PROCESSES => Self::Processes,
            types::field_kind::FIELD_USER_STACK => Self::UserStack,
            types::field_kind::FIELD_LONG => Self::Long,
            _ => return None,
        })
    }
}

impl Handler {
    /// Returns the position of a syscall in its list, 0 if it takes any; `None` if it does not understand the syscall.
    pub fn variant(&self, syscall: Slot) -> Option<u8> {
        if self.syscalls.is_empty() {
            return Some(0);
        }
        // A probe may have the name of a syscall, but has not its arguments.
        let name = syscall.name().filter(|_| !syscall.abi().is_probe())?;
        let position = self.syscalls.iter().position(|known| known == name)?;
        u8::try_from(position).ok()
    }

    /// Returns whether some field has that role.
    pub fn has(&self, role: Role) -> bool {
        self.field_with(role).is_some()
    }

    /// Returns the index of the field with that role; `None` if there is none.
    pub fn field_with(&self, role: Role) -> Option<u8> {
        let position = self.fields.iter().position(|field| field.role == role)?;
        u8::try_from(position).ok()
    }

    /// Returns whether the signature of the syscall says what is captured, not the handler: `args` captures the
    /// strings of a program that is executed as well.
    pub fn captures_any_syscall(&self) -> bool {
        self.messages.iter().any(|message| message.contains("{args}"))
    }

    /// Returns whether the signature of the syscall explains its captures.
    pub fn is_of_arguments(&self) -> bool {
        self.fields.is_empty() && self.name != CALL
    }

    /// Returns whether its calls are recorded: a handler without a message only counts.
    pub fn records(&self) -> bool {
        !self.messages.is_empty()
    }
}

impl HandlerObject {
    /// Returns the identity of its program.
    pub fn key(&self) -> ProgramKey {
        ProgramKey { name: self.handler.name.clone(), sha256: self.sha256.clone() }
    }
}

impl Handlers {
    /// Numbers the declarations from 1, in their order.
    pub fn new(declared: Vec<Handler>) -> Self {
        Self { built_in: declared, ..Self::default() }
    }

    /// Replaces the handlers in objects of their own. `folder` is where the administrator's belong.
    pub fn set_objects(
        &mut self,
        objects: Vec<HandlerObject>,
        refused: Vec<RefusedObject>,
        folder: PathBuf,
    ) {
        (self.objects, self.refused, self.folder) = (objects, refused, folder);
    }

    /// The folder of the administrator's objects; empty if none were looked for.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The handler of that name in this binary.
    pub fn named(&self, name: &str) -> Option<&Handler> {
        self.built_in.iter().find(|handler| handler.name == name)
    }

    /// The handler with that number.
    pub fn by_id(&self, id: u16) -> Option<&Handler> {
        self.built_in.get(usize::from(id).checked_sub(1)?)
    }

    /// All handlers in this binary, by number.
    pub fn iter(&self) -> impl Iterator<Item = &Handler> {
        self.built_in.iter()
    }

    /// All handlers in objects of their own, by name.
    pub fn objects(&self) -> impl Iterator<Item = &HandlerObject> {
        self.objects.iter()
    }

    /// The handler of that name in an object of its own.
    pub fn object(&self, name: &str) -> Option<&HandlerObject> {
        self.objects.iter().find(|object| object.handler.name == name)
    }

    /// Files among the objects that are none.
    pub fn refused(&self) -> impl Iterator<Item = &RefusedObject> {
        self.refused.iter()
    }
}
