//! Second stage: one event as a whole, out of the record of its entry and, if there is one, that of its
//! exit.

use std::mem::{offset_of, size_of};

use syscalls::{Capture, Slot, SqeMember};

use super::captures::Captures;
use super::encoded_captures::{Decoded, Encoded};
use super::exit::Completion;
use super::list::List;
use super::reader::Reader;
use super::{
    Boxed, Chained, Credentials, Device, Error, Exe, Executed, Header, KernelPaths, NAMESPACES,
    OpenFiles, Outcome, Process, SyscallExit,
};
use crate::bpf::types::{self, call_flag};
use crate::handlers::{Handler, HandlerObject, Handlers};

const EVENT_SIZE: usize = size_of::<types::event>();
/// Flags of an event that say what its captures have.
const OF_CAPTURES: u32 =
    call_flag::CALL_NAMES.0 | call_flag::CALL_FILES.0 | call_flag::CALL_CAPABILITIES.0;
/// Flags of an event of `io_uring`, and the descriptors that are indices of registered files.
const REGISTERED: [(call_flag, SqeMember); 2] = [
    (call_flag::CALL_REGISTERED, SqeMember::Fd),
    (call_flag::CALL_REGISTERED_INPUT, SqeMember::SpliceFd),
];
const COMM_SIZE: usize = types::wire_size::COMM_SIZE.0 as usize;
const _: () = assert!(EVENT_SIZE == types::wire_size::EVENT_SIZE.0 as usize);

/// One syscall as it is delivered. Borrows the bytes of its records and the declaration of its handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<'a> {
    /// Handler that captured the call.
    pub handler: &'a Handler,
    /// Index of the handler's message that describes the call.
    pub message: u8,
    /// Number and ABI.
    pub slot: Slot,
    /// Generation of the table that routed the call.
    pub generation: u32,
    /// Index of the matched rule within its route.
    pub rule: u8,
    /// Syslog level, 3 to 7.
    pub priority: u8,
    /// Entry of the call: `CLOCK_BOOTTIME`, ns.
    pub boottime_ns: u64,
    /// cgroup v2 id.
    pub cgroup: u64,
    /// Thread group in the initial pid namespace.
    pub pid: u32,
    /// Thread in the initial pid namespace.
    pub tid: u32,
    /// Thread group of the parent in the initial pid namespace.
    pub ppid: u32,
    /// Real user id in the initial user namespace.
    pub uid: u32,
    /// Real group id in the initial user namespace.
    pub gid: u32,
    /// Effective and saved ids.
    pub credentials: Credentials,
    /// The rule asks for the capabilities, which did not fit.
    pub lacks_capabilities: bool,
    /// User id of the login; `u32::MAX` if none was set.
    pub loginuid: u32,
    /// Number of the login's session; `u32::MAX` if none was set.
    pub session: u32,
    /// User to whom limits and shares charge the event: the real user, or the maker of the outermost user namespace.
    pub charged_uid: u32,
    /// Name of the task: any bytes but NUL, 15 at most.
    pub comm: &'a [u8],
    /// Identity of the process beyond its number.
    pub process: Process,
    /// Six arguments as passed.
    pub args: [u64; 6],
    /// Captured memory, by field of the handler; by argument if the handler declares no fields.
    pub captures: Captures<'a>,
    /// Paths of the executable, the root and the directories that paths begin at.
    pub names: KernelPaths<'a>,
    /// Files behind the descriptors that the call passes and returns.
    pub files: OpenFiles<'a>,
    /// Captures of the further handlers of the chain.
    pub chained: Vec<Chained<'a>>,
    /// These handlers, as soon as the rule is known.
    pub chain: &'a [HandlerObject],
    /// The program that the call has executed, if the rule asks for its digest.
    pub executed: Option<Executed>,
    /// Names of the fields of which something was hidden; empty after decoding.
    pub redacted: Vec<&'a str>,
    /// Outcome of the call, if the rule asks for it.
    pub outcome: Option<Outcome>,
    /// Place in a dump of a black box, if the event comes from one.
    pub boxed: Option<Boxed<'a>>,
}

impl<'a> Event<'a> {
    /// Decodes the event of `header`, whose bytes are `entry`. Without the `exit` of an open event its
    /// outcome is unknown.
    ///
    /// # Errors
    /// Fails if a record is not of this version or has captures that `handlers` do not declare. Never panics,
    /// whatever the bytes are.
    pub fn decode(
        header: &Header,
        entry: &'a [u8],
        exit: Option<&SyscallExit<'a>>,
        handlers: &'a Handlers,
    ) -> Result<Self, Error> {
        // The size is known from here on: no field is looked for beyond the end.
        let head: &[u8; EVENT_SIZE] = entry.first_chunk().ok_or(Error::TooShort(entry.len()))?;
        let reader = Reader(head);
        let id = reader.u16(offset_of!(types::event, handler))?;
        let handler = handlers.by_id(id).ok_or(Error::Handler(id))?;
        let count = reader.u16(offset_of!(types::event, captures))?;
        let Header { slot, generation, rule, boottime_ns, cgroup, charged_uid, pid, tid, .. } =
            *header;
        let flags = reader.u16(offset_of!(types::event, flags))?;
        let has = |flag: call_flag| u32::from(flags) & flag.0 != 0;
        let mut names = KernelPaths::new(has(call_flag::CALL_NAMES));
        let mut files = OpenFiles::new(has(call_flag::CALL_FILES));
        let mut credentials = credentials(&reader)?;
        let (mut executed, mut chained) = (None, Vec::new());
        let of_kernel = OfKernel {
            names: &mut names,
            files: &mut files,
            capabilities: &mut credentials.capabilities,
            executed: &mut executed,
            chained: &mut chained,
        };
        let captures = captures(entry, count, exit, handler, of_kernel)?;
        for (_, member) in REGISTERED.into_iter().filter(|(flag, _)| has(*flag)) {
            files.add_registered(slot, member);
        }
        let args = args(&reader)?;
        if let Some(cwd) = &names.cwd {
            files.add_cwd(slot, &args, cwd);
        }
        Ok(Self {
            handler,
            message: reader.u8(offset_of!(types::event, message))?,
            slot,
            generation,
            rule,
            priority: reader.u8(offset_of!(types::event, priority))?,
            boottime_ns,
            cgroup,
            pid,
            tid,
            ppid: reader.u32(offset_of!(types::event, ppid))?,
            uid: reader.u32(offset_of!(types::event, uid))?,
            gid: reader.u32(offset_of!(types::event, gid))?,
            lacks_capabilities: lacks_capabilities(flags, &credentials),
            credentials,
            loginuid: reader.u32(offset_of!(types::event, loginuid))?,
            session: reader.u32(offset_of!(types::event, session))?,
            charged_uid,
            comm: reader.until_nul(offset_of!(types::event, comm), COMM_SIZE)?,
            process: process(&reader)?,
            args,
            captures,
            names,
            files,
            chained,
            chain: &[],
            executed,
            redacted: Vec::new(),
            outcome: header.outcome(exit.map(|exit| exit.outcome)),
            boxed: None,
        })
    }

    /// Returns the record of an entry without its captures: the part that is kept of a call which is recorded
    /// before its exit.
    pub fn head(entry: &[u8]) -> Option<Box<[u8]>> {
        let mut head: [u8; EVENT_SIZE] = *entry.first_chunk()?;
        let count = offset_of!(types::event, captures);
        head.get_mut(count..count + size_of::<u16>())?.fill(0);
        let flags = offset_of!(types::event, flags);
        let value = Reader(&head).u16(flags).ok()? & !(OF_CAPTURES as u16);
        head.get_mut(flags..flags + size_of::<u16>())?.copy_from_slice(&value.to_ne_bytes());
        Some(Box::new(head))
    }

    /// Explains the captures of the further handlers by the chain of the event's rule.
    pub fn explain(&mut self, chain: &'a [HandlerObject]) {
        self.chain = chain;
        self.chained.iter_mut().for_each(|one| one.explain(chain));
    }

    /// Returns the handlers of the chain that were not reached, because the kernel allowed no further tail call or the
    /// event was full.
    pub fn unreached(&self) -> impl Iterator<Item = &'a HandlerObject> + '_ {
        let is_there = |position: u8| self.chained.iter().any(|one| one.position() == position);
        let chain = (1..).zip(self.chain);
        chain.filter(move |(position, _)| !is_there(*position)).map(|(_, object)| object)
    }

    /// Returns the result of the call, if it is known.
    pub fn result(&self) -> Option<i64> {
        self.outcome?.result()
    }
}

fn args(reader: &Reader<'_>) -> Result<[u64; 6], Error> {
    let mut args = [0; 6];
    for (index, arg) in args.iter_mut().enumerate() {
        *arg = reader.u64(offset_of!(types::event, args) + index * size_of::<u64>())?;
    }
    Ok(args)
}

/// Returns whether the rule asks for capabilities that the event does not have.
fn lacks_capabilities(flags: u16, credentials: &Credentials) -> bool {
    u32::from(flags) & call_flag::CALL_CAPABILITIES.0 != 0 && credentials.capabilities.is_none()
}

fn credentials(reader: &Reader<'_>) -> Result<Credentials, Error> {
    Ok(Credentials {
        euid: reader.u32(offset_of!(types::event, euid))?,
        egid: reader.u32(offset_of!(types::event, egid))?,
        suid: reader.u32(offset_of!(types::event, suid))?,
        sgid: reader.u32(offset_of!(types::event, sgid))?,
        capabilities: None,
    })
}

fn process(reader: &Reader<'_>) -> Result<Process, Error> {
    let inode = reader.u64(offset_of!(types::event, exe_inode))?;
    let device = Device(reader.u32(offset_of!(types::event, exe_device))?);
    let tty = reader.u32(offset_of!(types::event, tty))?;
    let mut namespaces = [0; NAMESPACES];
    for (index, id) in namespaces.iter_mut().enumerate() {
        *id = reader.u32(offset_of!(types::event, namespaces) + index * size_of::<u32>())?;
    }
    Ok(Process {
        start_ns: reader.u64(offset_of!(types::event, start_ns))?,
        parent_start_ns: reader.u64(offset_of!(types::event, parent_start_ns))?,
        tty: (tty != 0).then_some(Device(tty)),
        exe: (inode != 0).then_some(Exe { device, inode }),
        namespaces,
    })
}

/// Values that captures have of the kernel, and not of the memory of the process.
struct OfKernel<'e, 'a> {
    names: &'e mut KernelPaths<'a>,
    files: &'e mut OpenFiles<'a>,
    capabilities: &'e mut Option<u64>,
    executed: &'e mut Option<Executed>,
    chained: &'e mut Vec<Chained<'a>>,
}

fn captures<'a>(
    entry: &'a [u8],
    count: u16,
    exit: Option<&SyscallExit<'a>>,
    handler: &Handler,
    of_kernel: OfKernel<'_, 'a>,
) -> Result<Captures<'a>, Error> {
    let OfKernel { names, files, capabilities, executed, chained } = of_kernel;
    let mut captures = List::new();
    for capture in Encoded::new(entry, EVENT_SIZE, count).decode() {
        match capture? {
            Decoded::Path(part, position, path) if names.add(part, position, path) => {}
            Decoded::Capabilities(bits) => *capabilities = Some(bits),
            Decoded::Chained(encoded) => chained.push(Chained::new(encoded)),
            other => {
                if let Some(capture) = other.memory(files)? {
                    captures.push(declared(capture, handler)?);
                }
            }
        }
    }
    if let Some(exit) = exit {
        let mut completion = Completion::new(&mut captures, handler);
        for capture in exit.captures.decode() {
            match capture? {
                Decoded::Executable(file) => {
                    *executed = Some(Executed { file, sha256: exit.sha256 });
                }
                other => {
                    if let Some(capture) = other.memory(files)? {
                        completion.add(declared(capture, handler)?);
                    }
                }
            }
        }
    }
    Ok(Captures::new(captures))
}

/// Returns `capture` if the handler declares its field, or no fields at all.
fn declared<'a>(capture: Capture<'a>, handler: &Handler) -> Result<Capture<'a>, Error> {
    let is_known = handler.fields.is_empty() || usize::from(capture.index) < handler.fields.len();
    if is_known { Ok(capture) } else { Err(Error::Capture(capture.index)) }
}
