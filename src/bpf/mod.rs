//! The BPF object: its skeleton, the memory that is shared with its programs, and what libbpf-rs does
//! not offer of the kernel. This is the only module with `unsafe` code.
#![allow(unsafe_code)]

mod calls;
mod elements;
mod fentry;
mod mapping;
mod messages;
mod pins;
mod probe;
mod program_facts;
mod ring;
mod seccomp;
mod session;
mod shared;

mod skeleton {
    #![allow(clippy::all, missing_docs, missing_debug_implementations)]
    #![allow(clippy::undocumented_unsafe_blocks, clippy::wildcard_imports, clippy::ptr_as_ptr)]
    #![allow(clippy::unwrap_used, clippy::too_many_lines)]
    include!(concat!(env!("OUT_DIR"), "/tailcalld.skel.rs"));
}

pub use calls::{
    SELFTEST_CALLS, delete_element, duplicate, has_kprobe_multi, link_misses, make_maps, map_of,
    may_raw_tracepoints_sleep, open_perf_event, open_tracepoint, own, program_id, recursion_misses,
    selftest_call, set_program, unread_bytes, wait_for_grace,
};
pub use fentry::{attach_fentry, load_fentry, may_share_array};
pub use mapping::{ConstantFile, Mapping, WritableMapping};
pub use messages::take_messages;
pub use pins::{open_pin, pin};
pub use probe::{ProgramCopy, TracepointKey};
pub use program_facts::{ProgramFacts, program_facts};
pub use ring::{RecordState, RingMemory};
pub use seccomp::install_seccomp;
pub use session::attach_session;
pub use shared::{
    BOX_BYTES_PER_CALL, BUCKETS, Bank, BucketWords, CHAIN_HANDLERS, CHAINED_MAX, CHAINS_PER_BANK,
    ENV_NAME_WORDS, ENV_NAMES, EXCLUDED_CGROUPS, EXCLUDED_FILES, FILTERS_PER_BANK, INSNS_PER_BANK,
    JournalQuery, KNOWN_CALLS, LIMITS, OWNER_MASK, PATTERNS_PER_BANK, RULES_PER_BANK, Shared,
    TABLE_CHECK_ENTRIES, TreePass, hash_u64,
};
pub use skeleton::{OpenTailcalldSkel, TailcalldProgs, TailcalldSkel, TailcalldSkelBuilder, types};

/// Offset in the globals of the word that names the live bank, in bytes.
pub const LIVE_BASE: usize = std::mem::offset_of!(types::bss, live_base);

/// Namespaces that an event carries.
pub const NAMESPACES: usize = types::namespace::NAMESPACES.0 as usize;
