/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_EVENT_H
#define TAILCALLD_EVENT_H

/*
 * The format of the records that the BPF programs put into the ring for the daemon. The skeleton
 * turns every type and constant here into Rust, so that nothing is defined twice. A change of
 * meaning raises EVENT_VERSION. Numbers are in the byte order of the machine: both ends are the
 * same machine.
 */

/* A bank is one whole table: a slot per native syscall number, then one per 32-bit number, then one
 * per operation of io_uring, then those of probes. The program array holds two banks, so that a
 * reload fills one while the other is live. */
enum table_size {
	ABI_SLOTS = 512, /* x86_64 stands at 472 in Linux 7.x; x32 numbers begin at 512 */
	URING_SLOTS = 128, /* operations of io_uring stand at 65 in Linux 7.3 */
	URING_SLOT = 2 * ABI_SLOTS, /* the first of them */
	/* Probes, as many of each kind as a table may have: functions, tracepoints, raw ones. */
	KPROBE_SLOTS = 256,
	TRACEPOINT_SLOTS = 64,
	RAW_TRACEPOINT_SLOTS = 64,
	PROBE_SLOT = URING_SLOT + URING_SLOTS, /* the first of them */
	TRACEPOINT_SLOT = PROBE_SLOT + KPROBE_SLOTS,
	RAW_TRACEPOINT_SLOT = TRACEPOINT_SLOT + TRACEPOINT_SLOTS,
	SLOTS = RAW_TRACEPOINT_SLOT + RAW_TRACEPOINT_SLOTS,
	PROBES = 512, /* a power of two, so that a mask makes an index of any number */
	BANK_SLOTS = 2048, /* a power of two, see route.h; those from SLOTS on stay empty */
	BANKS = 2,
	RULES_PER_BANK = 512, /* rules of routes with several, behind the slots */
	ROUTES_PER_BANK = BANK_SLOTS + RULES_PER_BANK,
	CHAINS_PER_BANK = 64,
	CHAIN_HANDLERS =
		10, /* handlers of a chain behind the first: each takes two of the 33 tail calls
		     * that the kernel allows, and 12 are left to filter, handler and names */
	CHAIN_ROOM = 16, /* a power of two */
	CHAINED_MAX = 128, /* different ones of both banks */
};

/* The kind of a program's attachment, which decides the layout of its context. */
enum attach_kind {
	ATTACH_RAW_TRACEPOINT = 0, /* raw_tp/sys_enter, sys_exit */
	ATTACH_TRACEPOINT = 1, /* tp/raw_syscalls/sys_enter, sys_exit */
	ATTACH_FUNCTION = 2, /* kprobe.multi, kretprobe.multi, kprobe.session: functions */
	ATTACH_FENTRY = 3, /* fentry: entry functions of syscalls */
};

/* The type of a record in the ring. Each begins with version, kind and size, and the time by which
 * the daemon orders the records of several rings. That time is taken before the record has its
 * place in the ring: so what is behind it happened later, whatever ring that is seen from. */
enum event_kind {
	EVENT_SYSCALL = 1, /* struct event, then captures */
	EVENT_CGROUP_CREATED = 2, /* struct cgroup_event */
	EVENT_CGROUP_REMOVED = 3, /* struct cgroup_event */
	EVENT_SELFTEST = 4, /* struct selftest_event */
	EVENT_RESULT = 5, /* struct result_event */
};

/* Parts of a call that a route records beyond its entry. */
enum call_flag {
	CALL_RESULT = 1, /* the result; in an event: a struct result_event follows */
	CALL_CHAIN = 2, /* captures of the further handlers of a chain; in an event: those that it
			 * lacks were not reached */
	CALL_AT_EXIT = 4, /* `sys_exit` handles its return: a call of the table before this one may
			     wait for it */
	CALL_RESULT_LOST =
		8, /* in an event: no struct result_event follows, though the route asks for one */
	CALL_MEMORY = 16, /* memory that cannot be read at entry is read again at the return; in an
			   * event: a struct result_event with captures follows */
	CALL_EXEC = 32, /* in a route: the call executes a program, which no exclusion hides */
	CALL_KEEP = 64, /* in a route: keep = "always", for which the ring has reserved room */
	CALL_NAMES = 128, /* paths of the executable and of directories; in an event: those that it
			   * lacks did not fit */
	CALL_FILES = 256, /* files behind descriptors; in an event: the same */
	CALL_CAPABILITIES = 512, /* effective capabilities of the task; in an event: the same */
	CALL_EXECUTION = 1024, /* with CALL_RESULT, of a call that executes a program: only its
				* success is asked for, which `task_exec` reports */
	CALL_REGISTERED = 2048, /* in an event of io_uring: the descriptor, `fd` of the entry, is
				 * the index of a file that is registered with the ring */
	CALL_REGISTERED_INPUT = 4096, /* the same of the input of splice and tee, `splice_fd` */
	CALL_COMPAT = 8192, /* in an event of io_uring: of a ring of a 32-bit process */
	CALL_EXECUTABLE = 16384, /* the identity of the file that the call has executed, at its
				  * return */
	CALL_BLACKBOX = 32768, /* in a route: keep = "blackbox", the event goes into the black box
				* of its cgroup */
};

/* How a call ended, in a struct result_event. */
enum call_end {
	CALL_RETURNED = 0,
	CALL_ENDED_WITH_TASK = 1, /* the task ended during the call, which has no result */
	CALL_NOT_EXECUTED = 2, /* of CALL_EXECUTION: the call has executed no program */
};

/* How the bytes of one argument were obtained. */
enum capture_status {
	CAPTURE_OK = 0,
	CAPTURE_TRUNCATED = 1, /* there was more: `length` bytes in all, 0 if unknown */
	CAPTURE_UNREADABLE = 2, /* user memory could not be read; `error` is the errno */
};

/* The part of an argument that a capture holds. */
enum capture_part {
	PART_WHOLE = 0, /* the memory that the argument points to */
	PART_NAME = 1, /* of a struct msghdr: the address */
	PART_VECTOR = 2, /* of a struct msghdr: the vector of buffers */
	PART_BUFFER = 3, /* one buffer of a vector, in their order */
	PART_CONTROL = 4, /* of a struct msghdr: the ancillary data */
	PART_AREA =
		5, /* of exec: all arguments in the memory of the new program, a NUL after each */
	PART_AREA_BOUNDS = 6, /* of exec, before that: a number, the bytes of arguments that the
			       * route keeps, and from bit 32 on how many arguments there are */
	PART_EXE = 7, /* path of the executable */
	PART_CWD = 8, /* path of the working directory */
	PART_ROOT = 9, /* path of the task's root, unless that is the root of its mounts */
	PART_DIRECTORY = 10, /* path behind a descriptor; `field` is the argument's position */
	PART_FILE = 11, /* file behind a descriptor; `field` is the argument's position, 6 the
			 * result */
	PART_REST = 12, /* of a vector: a number, the elements whose buffers are not captured; of a
			 * message that is not captured in full, 0 or more; of a directory, all
			 * entries, or as many as were counted */
	PART_MEMBER = 13, /* file behind a descriptor in the memory of the argument `field`, whose
			   * number is in `length` */
	PART_ANCESTOR = 14, /* path of the executable of an ancestor; `field` is its place, from 0
			     * for the parent */
};

/* The time at which a capture's bytes were read. */
enum capture_moment {
	MOMENT_ENTRY = 0,
	MOMENT_REREAD = 1, /* at the return, because the memory was unreadable at entry */
	MOMENT_RETURN = 2, /* at the return, because the kernel writes the memory during the call */
};

/* The shape of a capture's bytes. */
enum capture_kind {
	CAPTURE_NUMBER = 1, /* __u64 */
	CAPTURE_TEXT = 2, /* bytes of a C string, without its NUL */
	CAPTURE_BYTES = 3, /* a structure, as in memory */
	CAPTURE_PATH = 4, /* names of the kernel's path, the last one first, a NUL after each */
	CAPTURE_FILE = 5, /* struct open_file; then as CAPTURE_PATH, or, of a namespace, its type;
			   * of a socket struct open_socket, then the address of a UNIX socket */
	CAPTURE_CAPABILITIES = 6, /* __u64 of the effective ones, a bit each; of no argument */
	CAPTURE_EXECUTABLE = 7, /* struct executable of the program that was executed; of no
				 * argument */
	CAPTURE_CHAINED =
		8, /* what a further handler of a chain has captured, as sdk/tailcalld/handler.h
		    * has it: `field` is its position in the chain, from 1, `error` the number
		    * of its captures, `length` that of its sentence */
};

/* What a path of the kernel is, beside its names. */
enum path_flag {
	PATH_DELETED = 1, /* the file has no name any more */
	PATH_UNREACHABLE = 2, /* it ends above the task's root, or in other mounts */
	PATH_PSEUDO = 4, /* of a file that never had a path, such as a memfd */
};

/* The notation of a field in messages. crates/syscalls/src/notation renders each. */
enum field_kind {
	FIELD_TEXT = 1, /* a string or a path */
	FIELD_TEXTS = 2, /* one string of a vector; the capture repeats */
	FIELD_UNSIGNED = 3,
	FIELD_SIGNED = 4, /* an int */
	FIELD_HEX = 5,
	FIELD_DIRFD = 6, /* an int, AT_FDCWD by name */
	FIELD_AT_FLAGS = 7, /* AT_EMPTY_PATH and relatives */
	FIELD_CLOCK = 8, /* clockid_t */
	FIELD_TIMER_FLAGS = 9, /* TIMER_ABSTIME */
	FIELD_TIMES = 10, /* struct itimerspec, 64- or 32-bit by the capture's size */
	FIELD_SIGEVENT = 11, /* struct sigevent, 64- or 32-bit by the capture's size */
	FIELD_PROCESSES = 12, /* several struct ancestor */
	FIELD_USER_STACK = 13, /* several struct bpf_stack_build_id, innermost first */
	FIELD_LONG = 14, /* a signed number of 64 bits */
};

/* The role of a field that the daemon treats specially, whatever its name. */
enum field_role {
	ROLE_NONE = 0,
	ROLE_PROGRAM = 1, /* path of the program that is executed */
	ROLE_ARGV = 2, /* its arguments */
	ROLE_ARGV_COUNT = 3, /* their number, recorded or not */
	ROLE_ARGV_BYTES = 4, /* their length in all, recorded or not */
	ROLE_ENV = 5, /* its environment variables */
	ROLE_ANCESTORS = 6, /* the ancestors of the process, its parent first */
	ROLE_INTERPRETER = 7, /* path of the program that interprets the one that is executed */
};

enum wire_size {
	EVENT_VERSION = 8, /* here because BTF has no macros */
	COMM_SIZE = 16, /* TASK_COMM_LEN */
	CGROUP_NAME_SIZE = 256, /* NAME_MAX + 1 */
	EVENT_SIZE = 216,
	CAPTURE_SIZE = 16,
	RESULT_SIZE = 40,
	CAPTURES_MAX_BYTES =
		27648, /* all captures of one event: filename, largest argv, environment */
	TEXT_MAX_BYTES = 4096, /* PATH_MAX, and the most that one read returns */
	ARGV_MAX_BYTES = 16384, /* the largest budget that a route may set */
	ENV_MAX_BYTES = 4096, /* of the environment variables in one event, names included */
	ANCESTOR_SIZE = 32,
	OPEN_FILE_SIZE = 24,
	OPEN_SOCKET_SIZE = 72,
	EXECUTABLE_SIZE = 40,
	RESULT_POSITION = 6, /* in place of an argument's */
	INNER_POSITION =
		16, /* plus the position of an inner argument, see struct inner_arguments */
	ANCESTORS_MAX = 8, /* of one event */
	ENV_NAMES = 16, /* that all routes together may name, and that one event has */
	ENV_NAME_WORDS = 4, /* of a name and its `=`: 32 bytes */
	PENDING_CALLS = 16384, /* calls that wait for their result at the same time */
	EXCLUDED_FILES =
		8, /* executables whose processes are not recorded, replaced ones included */
};

/* The place of the time in a record. */
#define TIME_OFFSET(record) __builtin_offsetof(struct record, boottime_ns)

/* In the order of their names, as /proc/PID/ns has them. */
enum namespace {
	NAMESPACE_CGROUP = 0,
	NAMESPACE_IPC = 1,
	NAMESPACE_MNT = 2,
	NAMESPACE_NET = 3,
	NAMESPACE_PID = 4, /* the task's own, not the one of its future children */
	NAMESPACE_USER = 5,
	NAMESPACE_UTS = 6,
	NAMESPACES,
};

/* One syscall, at entry. Captures follow, `captures` of them, each aligned to 8 bytes. */
struct event {
	__u16 version; /* EVENT_VERSION */
	__u16 kind; /* enum event_kind */
	__u32 size; /* bytes in all, captures included */
	__u64 boottime_ns; /* CLOCK_BOOTTIME at entry */
	__u64 cgroup; /* cgroup v2 id; 1 (the root) for every task on a v1 or hybrid host */
	__u32 generation; /* of the table that routed this call */
	__u16 slot; /* within a bank: number, plus ABI_SLOTS for the 32-bit ABI, operation plus
		     * URING_SLOT, or a probe */
	__u16 handler; /* struct handler's id */
	__u8 message; /* which of the handler's messages */
	__u8 priority; /* syslog level 3 to 7, from the route */
	__u16 captures;
	__u32 pid; /* thread group id, in the initial pid namespace like the next two */
	__u32 tid;
	__u32 ppid;
	__u32 uid; /* in the initial user namespace, real ids */
	__u32 gid;
	__u32 loginuid; /* 4294967295: not set */
	__u16 flags; /* enum call_flag */
	__u8 rule; /* number of the rule in its route, from 0 */
	__u8 reserved; /* zero */
	__u8 comm[COMM_SIZE]; /* any bytes up to a NUL: the task sets them itself */
	__u64 start_ns; /* CLOCK_BOOTTIME at which the process began */
	__u64 exe_inode; /* inode number of the executable, 0: the task has none */
	__u32 exe_device; /* super_block's s_dev */
	__u32 namespaces[NAMESPACES]; /* inode number by enum namespace; 0: the initial one */
	__u32 charged_uid; /* user to whom limits and shares charge the event, see owner.h */
	__u32 reserved_word; /* zero */
	__u32 euid; /* effective and saved ids, numbered like `uid` */
	__u32 egid;
	__u32 suid;
	__u32 sgid;
	__u32 session; /* of the login, as audit counts them; 4294967295: not set */
	__u32 tty; /* device of the controlling terminal, as in `s_dev`; 0: none */
	__u64 parent_start_ns; /* CLOCK_BOOTTIME at which the parent process began */
	__u64 args[6]; /* as passed; for the 32-bit ABI zero-extended */
};
_Static_assert(sizeof(struct event) == EVENT_SIZE, "the wire header has no padding");

/* One argument. `stored` bytes follow, zero-padded to a multiple of 8. */
struct capture {
	__u8 field; /* index into the handler's fields; for a handler without fields the argument's
		       position */
	__u8 kind; /* enum capture_kind */
	__u8 status; /* enum capture_status */
	__u8 part; /* enum capture_part */
	__u8 moment; /* enum capture_moment */
	__u8 path; /* enum path_flag, of a path; else 0 */
	__u16 error; /* errno, positive, of an unreadable one; else 0 */
	__u32 stored; /* bytes that follow, before padding */
	__u32 length; /* bytes in all where known; 0 if unknown */
};
_Static_assert(sizeof(struct capture) == CAPTURE_SIZE, "the capture header has no padding");

/* An ancestor of a process. */
struct ancestor {
	__u32 pid; /* thread group id, in the initial pid namespace */
	__u32 reserved; /* zero */
	__u64 start_ns; /* CLOCK_BOOTTIME at which it began */
	__u8 comm[COMM_SIZE]; /* name of its first thread */
};
_Static_assert(sizeof(struct ancestor) == ANCESTOR_SIZE, "an ancestor has no padding");

/* The file behind a descriptor. */
struct open_file {
	__u64 inode; /* number */
	__u32 magic; /* of its file system */
	__u32 device; /* of the node of a device, as in `s_dev`; else 0 */
	__u16 mode; /* type and permissions */
	__u16 reserved; /* zero */
	__u32 pid; /* of a pidfd: the process, in the initial pid namespace; 0: it has ended */
};
_Static_assert(sizeof(struct open_file) == OPEN_FILE_SIZE, "an open file has no padding");

enum open_socket_size {
	ADDRESS_BYTES = 16, /* of IPv6; of IPv4 the first four */
	PROTOCOL_BYTES = 16, /* of a protocol's name */
	SUN_PATH_BYTES = 108, /* of the address of a UNIX socket */
};

/* The socket behind a descriptor. */
struct open_socket {
	__u8 name[PROTOCOL_BYTES]; /* of the protocol: TCP, UNIX-STREAM, ...; NUL-terminated */
	__u16 family;
	__u16 protocol;
	__u16 port; /* of IPv4 and IPv6; 0: none */
	__u16 peer_port;
	__u32 port_id; /* of netlink; 0: none */
	__u32 reserved; /* zero */
	__u64 peer_inode; /* of a UNIX socket; 0: none */
	__u8 address[ADDRESS_BYTES];
	__u8 peer[ADDRESS_BYTES];
};
_Static_assert(sizeof(struct open_socket) == OPEN_SOCKET_SIZE, "an open socket has no padding");

/* The identity of a program's file, and of its content: each change of that is a change of the
 * time. */
struct executable {
	__u64 inode; /* number */
	__u64 size; /* bytes */
	__s64 ctime_s; /* time of the last change, since 1970 UTC: seconds, and */
	__u32 ctime_ns;
	__u32 device; /* super_block's s_dev */
	__u32 magic; /* of its file system */
	__u32 generation; /* of the inode: another one when the number is used again */
};
_Static_assert(sizeof(struct executable) == EXECUTABLE_SIZE, "an executable has no padding");

/* The end of a call whose entry an earlier event recorded. Captures follow, `captures` of them. */
struct result_event {
	__u16 version;
	__u16 kind;
	__u32 size;
	__u64 boottime_ns; /* CLOCK_BOOTTIME at the end */
	__u64 entry_ns; /* `boottime_ns` of the entry's event, and */
	__u32 tid; /* its `tid`: an exec may since have changed that of the thread */
	__u16 ended; /* enum call_end */
	__u16 captures;
	__s64 result; /* as the kernel returns it: a negative errno for a failure */
};
_Static_assert(sizeof(struct result_event) == RESULT_SIZE, "a result has no padding");
_Static_assert(TIME_OFFSET(result_event) == TIME_OFFSET(event), "all records begin alike");

/* The creation or removal of a cgroup of the v2 hierarchy. */
struct cgroup_event {
	__u16 version;
	__u16 kind;
	__u32 size;
	__u64 boottime_ns; /* CLOCK_BOOTTIME at the tracepoint */
	__u64 id;
	__u64 parent;
	__u8 name[CGROUP_NAME_SIZE]; /* last component, NUL-terminated */
};
_Static_assert(TIME_OFFSET(cgroup_event) == TIME_OFFSET(event), "all records begin alike");

/* A test call of the daemon itself that came through the dispatcher and the table. */
struct selftest_event {
	__u16 version;
	__u16 kind;
	__u32 size;
	__u64 boottime_ns; /* CLOCK_BOOTTIME at entry */
	__u64 nonce; /* the call's first argument */
};
_Static_assert(TIME_OFFSET(selftest_event) == TIME_OFFSET(event), "all records begin alike");

/* The process that the daemon asks `journal_open` about, and the answer. */
struct journal_query {
	__u64 start_ns; /* CLOCK_BOOTTIME at which the process began */
	__u32 tgid; /* in the initial pid namespace */
	__u32 is_open; /* set by the program */
};

/* The initial namespaces, those of the task 0. */
struct initial_namespaces {
	__u64 proxy; /* addresses: a task that has both is in the initial namespaces */
	__u64 user;
	__u32 ids[NAMESPACES]; /* inode numbers */
	__u32 reserved; /* zero */
};

/* Whether the consumer of the ring, the daemon, needs to be woken. */
enum consumer_state {
	CONSUMER_AWAKE = 0, /* it is reading the ring */
	CONSUMER_DOZING =
		1, /* it reads the ring again within 5 ms; wake it only when the backlog is large */
	CONSUMER_ASLEEP = 2, /* it sleeps until the next event wakes it */
};

#endif
