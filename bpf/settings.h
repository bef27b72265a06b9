/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_SETTINGS_H
#define TAILCALLD_SETTINGS_H

/* The settings that the daemon gives to the programs: routes, recipes, filters, tags and limits.
 * The skeleton turns all of it into Rust, as with event.h. */

#include "event.h"

/* Settings of one slot in one bank. A handler goes by these settings, not by the slot that it was
 * called through. */
struct route {
	__u32 generation;
	__u16 handler; /* 0: nothing is routed here */
	__u8 priority;
	__u8 variant; /* index of the slot's syscall in struct handler's list, or 0 */
	__u16 argv_bytes; /* `exec`: how many bytes of argv an event may carry */
	__u16 env; /* `exec`: the `env_names` of this bank that are recorded, a bit each */
	__u32 buffer_bytes; /* `args`: how many bytes of each buffer an event may carry */
	__u16 flags; /* enum call_flag */
	__u8 rule; /* number of the rule in its route, from 0 */
	__u8 ancestors; /* `exec`: how many ancestors of the process an event may carry */
	__u32 sample; /* number of calls out of 2^32 that are recorded; 0: all */
	__u16 filter; /* of HANDLER_FILTER: number of the filter, from 1 */
	__u8 limit; /* number of the limit that bounds it; 0: none */
	__u8 uid_limit; /* number of the limit of each user's events; 0: none */
	__u8 chain; /* number of the chain of further handlers, from 1; 0: none */
	__u8 known_by; /* enum known_by */
	__u8 reserved[2];
};

/* The further handlers of a route, by their numbers in `chain_programs`; 0 ends the list. */
struct chain {
	__u8 handlers[CHAIN_ROOM];
};

enum ring_size {
	RINGS_MAX = 32,
	RING_CPUS = 4096, /* that may have different rings; a power of two, see ring.h */
};

enum box_size {
	BOXES_MAX = 64, /* each takes two grace periods of the start, all at the same time */
	BOX_CALL_BYTES = 2048, /* of an event that a black box keeps; what is behind them is cut */
	BOX_RESULT_BYTES = 512, /* the same of a result, */
	BOX_RESULTS = 2, /* of which a box keeps so many for each call: those of calls that are
			  * overwritten already are among them */
};

/* A black box, see blackbox.h. */
struct black_box {
	__u64 cgroup; /* whose calls it has; 0: it is free */
	__u64 calls; /* that went into it */
	__u64 taken; /* calls that the daemon took out */
	__u64 reported; /* calls that were overwritten, of which a dump has reported */
};

/* Steps of `box_serve`. */
enum box_step {
	BOX_TAKE_CALL = 0, /* takes the oldest event out, to `box_element` */
	BOX_TAKE_RESULT = 1, /* takes the oldest result out */
	BOX_REPORT = 2, /* notes the number of calls of which a dump has reported */
	BOX_RELEASE = 3, /* offers the box to other cgroups */
};

/* The subject of a rule that records first times, if the kernel can tell it; see known.h. */
enum known_by {
	KNOWN_BY_NONE = 0,
	KNOWN_BY_UNIT = 1, /* the cgroup, of which the unit follows */
	KNOWN_BY_UID = 2,
};

enum known_size {
	KNOWN_CALLS = 16384, /* of a bank */
	KNOWN_SHIFT = 50, /* of the hash: leaves as many bits as KNOWN_CALLS has */
	KNOWN_PROBES = 4,
	/* Parts of a word, from the top: a bit that is set, the slot, the rule, the subject. */
	KNOWN_SET_SHIFT = 63,
	KNOWN_SLOT_SHIFT = 54, /* ABI_SLOTS fit above it */
	KNOWN_RULE_SHIFT = 46, /* a byte fits above it */
};

/* Reserved numbers of handlers. */
enum special_handler {
	HANDLER_NONE = 0, /* calls are not recorded */
	HANDLER_FILTER = 0xffff, /* the program `filter` selects the rule, and so the handler */
};

/* Powers of two, so that a mask makes an index of any number. */
enum filter_size {
	FILTERS_PER_BANK = 256,
	INSNS_PER_BANK = 2048,
	INSNS_PER_JUMP = 16, /* that a program executes before it tail-calls itself */
	INSNS_PER_CALL = 64, /* that one call executes at most */
	PATTERNS_PER_BANK = 256,
	PATTERNS_PER_FILTER = 16,
	PATTERN_BYTES = 128,
	PATTERN_WORDS = PATTERN_BYTES / 8,
	FILTER_PATHS = 2, /* string arguments that one filter may match as they are passed */
	FILTER_FILES = 4, /* path arguments and descriptors of one call, two of each */
	PATH_PARTS_MAX = 48, /* components of the path of an executable or a directory */
	PATH_TEXT_MAX = 1024, /* bytes of a path argument that is resolved */
	PATH_TEXT_WORDS = 4, /* that one step looks at */
	PATH_TEXT_STEPS = 20, /* over all words, and one for each part that may be left out */
	PATH_TEXT_JUMPS = 3, /* of so many steps */
};

/* The value that an instruction of a filter compares. */
enum operand {
	OPERAND_UID = 0,
	OPERAND_GID = 1,
	OPERAND_EUID = 2, /* effective ids */
	OPERAND_EGID = 3,
	OPERAND_LOGINUID = 4,
	OPERAND_CGROUP_TAGS = 5, /* bits of the tags that the cgroup has, see struct cgroup_tags */
	OPERAND_PROCESS_TREES = 6, /* bits of the processes that it descends from */
	OPERAND_PATTERNS = 7, /* bits of the filter's patterns that match */
	OPERAND_ARGUMENT = 8, /* six of them */
	OPERANDS = 14,
};

enum insn_op {
	INSN_WITHIN = 0, /* from `a` to `b` */
	INSN_ANY_BIT = 1, /* of `a` */
};

/* The part of a register that an argument has, and its sign. */
enum operand_width {
	WIDTH_WHOLE = 0,
	WIDTH_UNSIGNED_32 = 1,
	WIDTH_SIGNED_32 = 2, /* sign-extended */
	WIDTH_SIGNED = 3,
};

/* Jump targets that are not another instruction of the bank. */
enum filter_end {
	FILTER_ACCEPT = 0x8000, /* plus the number of the rule in the bank */
	FILTER_REJECT = 0xffff, /* no rule applies to the call */
};

/* One instruction of a filter, as in classic BPF: a comparison, and two jump targets. Jumps only
 * lead forward. */
struct filter_insn {
	__u8 operand; /* enum operand */
	__u8 op; /* enum insn_op */
	__u8 width; /* enum operand_width */
	__u8 reserved;
	__u16 jt; /* the next instruction of the bank, or enum filter_end, if it holds */
	__u16 jf; /* the same if it does not */
	__u64 a; /* lowest value; of signed widths with the highest bit inverted */
	__u64 b;
};

/* Texts that patterns are compared with. */
enum text_kind {
	TEXT_COMM = 0,
	TEXT_PARENT_COMM = 1,
	TEXT_EXE = 2, /* path of the executable */
	TEXT_ARGUMENT = 3, /* FILTER_PATHS of them */
	TEXT_PATH = 5, /* two path arguments, absolute; patterns of both have this kind */
	TEXT_FD_PATH = 7, /* the files behind two descriptors, likewise */
	TEXT_KINDS = 9,
};

/* The end of the text that a pattern is anchored to. */
enum pattern_anchor {
	ANCHOR_BOTH = 0, /* the text is the pattern */
	ANCHOR_BEGIN = 1,
	ANCHOR_END = 2,
};

/* A pattern. Its result is a bit, by its position in the filter's list. A text that cannot be read
 * matches the patterns of rules that record: a call is not dropped because of an unknown text. */
struct pattern {
	__u8 kind; /* enum text_kind */
	__u8 anchor; /* enum pattern_anchor */
	__u8 is_negated;
	__u8 length; /* bytes of the pattern */
	__u8 holds_unknown; /* whether it matches a text that cannot be read */
	__u8 reserved[3];
	__u64 words[PATTERN_WORDS]; /* its bytes, then zeros */
	__u64 masks[PATTERN_WORDS]; /* ones where it has bytes */
};

enum file_directory {
	DIRECTORY_CWD = 0,
	DIRECTORY_NONE = 7, /* a text that is not absolute is no path */
};

/* A file that a call names: by a path, or by a descriptor alone. Positions of arguments count from
 * 1; 0: none. */
struct filter_file {
	__u8 path;
	__u8 directory; /* of the descriptor, or enum file_directory */
	__u8 flags; /* that may have AT_EMPTY_PATH */
	__u8 reserved;
};

/* A route's filter: its first instruction, and the operands that it needs. */
struct filter {
	__u16 first; /* instruction of the bank */
	__u16 patterns; /* the first of its patterns in the bank */
	__u8 pattern_count;
	__u8 operands; /* bits of those before OPERAND_ARGUMENT that cost a look-up */
	__u8 arguments; /* whether it looks at arguments */
	__u8 paths[FILTER_PATHS]; /* positions of the arguments that are texts */
	__u8 reserved;
	__u16 text_kinds; /* bits of enum text_kind */
	__u32 reserved_too;
	struct filter_file files[FILTER_FILES]; /* in the order of enum text_kind */
};

/* An environment variable that some route names. A string is that variable if it has these bytes
 * under the mask. */
struct env_name {
	__u64 bytes[ENV_NAME_WORDS]; /* the name, `=`, zeros */
	__u64 mask[ENV_NAME_WORDS]; /* ones where `bytes` has the name and `=` */
};

/* One whole table but for its programs, which stand in the map `syscalls`. There are two (a double
 * buffer): the daemon writes the idle one while the programs read the live one. */
struct bank {
	struct route
		routes[ROUTES_PER_BANK]; /* one a slot, then the rules that filters choose from */
	struct filter filters[FILTERS_PER_BANK];
	struct filter_insn insns[INSNS_PER_BANK];
	struct pattern patterns[PATTERNS_PER_BANK];
	struct env_name env_names[ENV_NAMES]; /* that its routes name */
	struct chain chains[CHAINS_PER_BANK];
};

/* The tags of a cgroup: the units and slices named by filters that it is in, a bit each. A bit
 * keeps its meaning while some table uses the name. */
struct cgroup_tags {
	__u64 bits; /* of its own name and of the cgroups above it */
	__u64 state; /* enum path_state */
};

enum tag_bit {
	TAG_NAMES = 60, /* so many names */
	TAG_NAMES_UNKNOWN = 60, /* of the operand alone: the cgroup may have any of the names */
	TAG_CONTAINER_UNKNOWN = 61, /* the cgroup may be a container: a user has named it, or, of
				     * the operand, the map lacks it */
	TAG_EXCLUDED = 62,
	TAG_CONTAINER = 63,
};

/* The position of a cgroup's path in systemd's tree of units. */
enum path_state {
	PATH_IN_SYSTEM = 0, /* the root, and slices of the system */
	PATH_IN_UNIT = 1, /* in a unit of the system */
	PATH_IN_MANAGER = 2, /* in a user's manager, and slices of its */
	PATH_IN_USER_UNIT = 3, /* in a unit of a user's manager */
};

/* The factor by which both sides hash: the golden ratio of 2^64, in halves, because BTF has 64-bit
 * enumerators only since clang 15. */
enum hash_factor {
	HASH_FACTOR_HIGH = 0x9e3779b9,
	HASH_FACTOR_LOW = 0x7f4a7c15,
};

/* The kind of a name. */
enum name_kind {
	NAME_UNIT = 0,
	NAME_SLICE = 1,
	NAME_USER_UNIT = 2,
	NAME_EXCLUDED = 3, /* unit of the system whose processes are not recorded */
};

struct tag_name {
	__u64 kind; /* enum name_kind */
	__u8 text[CGROUP_NAME_SIZE]; /* the whole of it, then zeros */
};

enum tag_size {
	CGROUPS_MAX = 16384,
	TAG_NAMES_MAX = 256,
	EXCLUDED_CGROUPS = 256,
	EXCLUDED_PROBES = 8,
	TREES_MAX = 63, /* a bit each */
	TREE_UNKNOWN = 63, /* bit of a process that may be in any tree */
	TREE_MEMBERS_MAX = 32768, /* processes */
};

/* A process in process trees. Its pid alone is no identity: another process may get it. */
struct tree_process {
	__u64 start_ns; /* CLOCK_BOOTTIME; 0: of a root that is not found yet */
	__u64 bits; /* of its trees */
	__u64 pass; /* the last pass of `proc_tree_seed` that found the process */
};

/* Run time of the calls of a slot, see run_time.h. */
struct run_time {
	__u64 ns;
	__u64 calls;
};

/* A pass of `proc_tree_seed` over all processes. */
struct tree_pass {
	__u64 number; /* from 1 */
	__u64 mask; /* bits that members keep, and that descendants have from them */
	__u64 since_ns; /* start of the first process that `proc_tree_fork` may have missed */
	__u64 changes; /* of bits; counted by the program */
	__u64 unplaced; /* processes without room; counted by the program */
};

/* The events that a limit counts together. */
enum limit_per {
	PER_ROUTE = 0,
	PER_UID = 1, /* the user to whom the task is charged; each cgroup of root by itself */
	PER_CGROUP = 2,
	PER_PID = 3,
	PER_COMM = 4,
};

enum limit_size {
	LIMITS = 256, /* a limit's number is a byte */
	BUCKETS = 16384,
	BUCKETS_ALL = BUCKETS + LIMITS,
	BUCKET_PROBES = 8,
	LIMIT_NONE = 0,
};

/* Parts of a bucket's tag, from the top: the limit's number; the slot, if the limit holds for each
 * syscall by itself, else 0; the owner. */
enum tag_layout {
	TAG_NUMBER_SHIFT = 56,
	TAG_SLOT_SHIFT = 45, /* BANK_SLOTS fit above it */
	OWNER_CGROUP_BIT = 44, /* of PER_UID: a cgroup of root, not a user */
	OWNER_PID_BITS = 22, /* of PER_PID: PID_MAX_LIMIT of 64-bit kernels, the start above it */
};

/* A rate limit: a steady rate, and a burst above it. */
struct limit {
	__u64 interval_ns; /* from one event to the next */
	__u64 burst_ns; /* intervals of the events that may come at once, in all */
	__u32 per; /* enum limit_per */
	__u32 reserved;
};

/* The events that one limit counts together. */
struct bucket {
	__u64 tag; /* enum tag_layout; 0: free */
	__u64 spent_until; /* CLOCK_BOOTTIME up to which its tokens are spent, see limit.h */
	__u64 limited; /* events that were refused */
	__u8 comm[COMM_SIZE]; /* of the first task, for PER_COMM */
	__u64 lock; /* CPUs that hold it or try to: the one that reads 1 holds it */
	__u64 reserved[2];
};

/* A member of an entry in a submission queue (struct io_uring_sqe), or one of two. */
enum sqe_member {
	SQE_NONE = 0, /* the operation lacks the argument */
	SQE_FD = 1,
	SQE_OFF = 2,
	SQE_ADDR = 3,
	SQE_LEN = 4,
	SQE_FLAGS = 5, /* of the operation */
	SQE_BUFFER = 6,
	SQE_SPLICE_FD = 7,
	SQE_ADDR_LEN = 8,
	SQE_ADDR3 = 9,
	SQE_ADDR_OR_LEN = 10, /* `addr`, or `len` if that is 0 */
	SQE_OFF_OR_LEN = 11,
	SQE_MEMBERS = 16, /* a power of two */
};

/* The arguments of an operation of io_uring, in the order of its signature. */
struct uring_arguments {
	__u8 of[6]; /* enum sqe_member */
};

/* The way in which an argument of a probe is found in the context of its program. */
enum probe_form {
	PROBE_NOTHING = 0, /* the probe lacks the argument */
	PROBE_UNSIGNED = 1, /* a number */
	PROBE_SIGNED = 2, /* a number, sign-extended */
	PROBE_PLACE = 3, /* memory in the context itself: its address */
	PROBE_OFFSET = 4, /* the same, at the offset in the lower half of a 32-bit word */
};

enum probe_size {
	PROBE_MARK =
		0x5b7a11d0, /* stands in `probe` for the slot, which each copy has its own of */
	PROBE_TEXT_BYTES = 1024, /* of a text that an event keeps */
	PROBE_STRUCTURE_BYTES = 256, /* of a structure */
};

struct probe_argument {
	__u16 offset; /* in the context */
	__u8 size; /* in bytes */
	__u8 form; /* enum probe_form */
};

/* The arguments of a probe. */
struct probe {
	__u32 pointers; /* arguments whose memory is captured, a bit each */
	__u16 structures[6]; /* bytes of the structure that it is; 0: a C string */
	struct probe_argument arguments[6];
};

/* The way to capture the memory of one argument. */
enum step_op {
	STEP_END = 0, /* nothing, and no step follows */
	STEP_TEXT = 1, /* a C string */
	STEP_PROGRAM = 2, /* the path of a program that is executed */
	STEP_BYTES = 3, /* elements of a known size */
	STEP_SOME = 4, /* as many of `size` bytes as are readable; their length is unknown */
	STEP_LEFT = 5, /* elements that the kernel writes if a signal interrupts the call */
	STEP_ENTRIES = 6, /* entries of a directory, whose length is at the offset `size` of each */
	STEP_POINTERS = 7, /* a vector of pointers, and `size` bytes behind each */
	STEP_VECTOR = 8, /* struct iovec, and the buffers */
	STEP_MESSAGE = 9, /* struct msghdr, and the memory that it points to */
	STEP_MESSAGES = 10, /* a vector of struct mmsghdr */
};

/* The number of elements that an argument points to. */
enum step_count {
	COUNT_ONE = 0,
	COUNT_INT = 1, /* 32 bits of another argument */
	COUNT_LONG = 2, /* another argument, whole */
	COUNT_POINTED = 3, /* the 32 bits that another argument points to, at the return */
	COUNT_BITS = 4, /* another argument has their number in bits */
	COUNT_BITS_BUT_ONE = 5, /* the same, and the kernel takes one bit less */
	COUNT_PAGES = 6, /* another argument has their number in bytes, a page each */
};

/* The time at which the memory is read. */
enum step_when {
	WHEN_ENTRY = 1, /* the kernel reads it */
	WHEN_RETURN = 2, /* the kernel writes it */
};

enum recipe_size {
	STEPS_MAX = 6, /* arguments of a call */
};

struct step {
	__u8 op; /* enum step_op */
	__u8 argument; /* position of the pointer */
	__u8 when; /* bits of enum step_when */
	__u8 count; /* enum step_count */
	__u8 counter; /* position of the argument that has the number */
	__u8 by_result; /* the result is the number of elements that the kernel wrote */
	__u16 size; /* bytes of one element */
	__u16 most; /* bytes that an event keeps at most, of a vector elements; 0: `buffer_bytes` */
	__u16 extra; /* bytes before the first element */
};

/* The memory that `args` captures of one syscall. Written by the loader, from the syscall's
 * signature. */
struct recipe {
	struct step steps[STEPS_MAX]; /* one a pointer */
	__u8 at_entry; /* whether a step reads memory at entry */
	__u8 strings; /* position, from 1, of a vector of strings; 0: none */
	__u8 environment; /* position, from 1, of one that is only counted; 0: none */
	__u8 inner; /* number of the choice between its inner arguments, from 1; 0: it has none */
};

enum inner_size {
	INNER_ARGUMENTS = 64, /* powers of two, so that a mask makes an index of any number */
	INNER_CHOICES = 16,
	INNER_MEMBERS = 6, /* as many as a call has arguments */
};

/* Inner arguments: members of a structure that an argument points to, which are pointers or say how
 * much these point to. Written by the loader, from signatures and layouts. */
struct inner_arguments {
	struct step steps[STEPS_MAX]; /* positions are those of members, plus INNER_POSITION */
	__u8 offsets[INNER_MEMBERS]; /* of the members in the structure */
	__u8 widths[INNER_MEMBERS]; /* in bytes; 0: none */
	__u8 argument; /* position of the argument */
	__u8 reserved;
};

/* The choice between the inner arguments of a syscall, by the value of one of its arguments: the
 * first of `count` entries if its masked bits are 0, and so on. */
struct inner_choice {
	__u32 mask;
	__u8 shift; /* of the masked bits */
	__u8 argument; /* position of the argument with the value */
	__u8 count;
	__u8 first;
};

/* A path argument, and the descriptor of the directory that a relative one begins at. */
struct path_argument {
	__u8 path; /* position of the argument, from 1; 0: none */
	__u8 directory; /* position of the descriptor, from 1; 0: the working directory */
};

enum descriptor_size {
	DESCRIPTOR_ARGUMENTS = 2, /* of one call */
	DESCRIPTOR_MEMBERS = 8, /* of its memory; those beyond have no files */
	DESCRIPTOR_PLACES = 3, /* of its memory where they are */
};

/* The form in which captured memory contains descriptors. */
enum member_form {
	FORM_NONE = 0, /* no place, and none follows */
	FORM_MEMBERS = 1, /* a member of each element */
	FORM_BITS = 2, /* the numbers of the bits that are set */
	FORM_RIGHTS = 3, /* those that control data passes, SCM_RIGHTS */
};

/* A place in the captured memory of a call where descriptors are. */
struct descriptor_place {
	__u8 field; /* of the captures */
	__u8 part; /* of the captures: enum capture_part */
	__u8 form; /* enum member_form */
	__u8 moments; /* of the captures: bits by enum capture_moment */
	__u8 size; /* bytes of an element; 0: there is one only */
	__u8 offset; /* of the member in an element */
	__u8 flags; /* offset of a word of which one bit of `mask` is set; 0 in `mask`: */
	__u8 mask; /* elements have the member in any case */
};

/* The descriptors of one syscall. Written by the loader, from the syscall's signature. */
struct descriptors_of_call {
	__u8 arguments[DESCRIPTOR_ARGUMENTS]; /* their positions, from 1; 0: none */
	__u8 is_result; /* a call may return a new one */
	__u8 directories; /* which may be AT_FDCWD instead, a bit each by their position, from 0 */
	__u8 moments; /* at which memory has some: bits by enum capture_moment */
	__u8 reserved[3];
	struct descriptor_place places[DESCRIPTOR_PLACES];
};

enum path_size {
	PATH_ARGUMENTS = 2, /* of one call */
};

/* The path arguments of a syscall. Written by the loader, from the syscall's signature. */
struct path_arguments {
	struct path_argument of[PATH_ARGUMENTS];
};

/* Structures of the kernel that an address can be made a pointer to, see task.h. */
#define FOR_CAST_TYPES(use)                                                                        \
	use(dentry) use(fdtable) use(file) use(files_struct) use(fs_struct) use(inode)             \
		use(mm_struct) use(mount) use(netlink_sock) use(ns_common) use(nsproxy) use(path)  \
			use(pid) use(proc_ns_operations) use(sock) use(socket) use(super_block)    \
				use(task_struct) use(unix_address) use(unix_sock) use(vfsmount)

#define CAST_NUMBER(type) CAST_##type,

enum cast {
	FOR_CAST_TYPES(CAST_NUMBER) CASTS
};

struct cast_type {
	char name[20];
	__u32 id; /* of the kernel; 0 if it has no such structure */
};

#endif
