/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_MAPS_H
#define TAILCALLD_MAPS_H

#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include "declaration.h"
#include "event.h"
#include "settings.h"

/* Every map and every global: who writes it, who reads it, why it has this size. Maps are weak and
 * globals external, so that each program file may include this; the linker makes them one. */

/* The table: two banks of programs. Written by the daemon, slot by slot, only in the bank that is
 * not live; read by the tail calls of the dispatcher and of handlers overtaken by a flip. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, TABLE_SLOTS);
	__type(key, __u32);
	__type(value, __u32);
} syscalls __weak SEC(".maps");

enum continuation {
	CONTINUE_WALK = 0, /* `walk` */
	CONTINUE_FILTER = 1, /* `filter_again` */
	CONTINUE_TEXTS = 2, /* `filter_texts` */
	CONTINUATIONS,
};

/* Programs that go on where a handler leaves off. Filled by the loader. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, CONTINUATIONS);
	__type(key, __u32);
	__type(value, __u32);
} continuations __weak SEC(".maps");

/* The programs of handlers by number, for calls that a filter has chosen a rule for. Filled by the
 * loader. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, HANDLERS_MAX);
	__type(key, __u32);
	__type(value, __u32);
} handlers __weak SEC(".maps");

/* What is known of the cgroups of the v2 hierarchy, by id. Written by the daemon for those that
 * were there before, by `cgroup_mkdir` for those that are born. Linux tells of each only once. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PLACES_MAX);
	__type(key, __u64);
	__type(value, struct place);
} places __weak SEC(".maps");

/* The names of units and slices that filters ask for, and their bits. Written by the daemon. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PLACE_NAMES_MAX);
	__type(key, struct place_name);
	__type(value, __u64);
} place_names __weak SEC(".maps");

/* The processes that descend from those that filters name, and the bits of these, by thread group.
 * Written by the daemon for those that were there before, by `tree_fork` for their children. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TREE_MEMBERS_MAX);
	__type(key, __u32);
	__type(value, __u64);
} tree_members __weak SEC(".maps");

/* The roots of these trees by their number in the daemon's pid namespace, and their bits. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TREES_MAX);
	__type(key, __u32);
	__type(value, __u64);
} tree_roots __weak SEC(".maps");

/* The books: BOOK_ROWS for each CPU, so that no two share a cache line and no count needs an
 * atomic. By slot within a bank, because a reload must not reset them. Written by handlers, read by
 * the daemon, through a mapping and never through bpf(2): while a task is in an update or a lookup
 * of most maps, the kernel runs no program of a classic tracepoint or a kprobe on its CPU
 * (bpf_prog_active), and it may be preempted there. max_entries is set before load. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, BOOK_ROWS);
	__type(key, __u32);
	__type(value, struct counters);
} books __weak SEC(".maps");

/* The events, and the only queue there is. The size here is replaced by `[ring] size`. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} events __weak SEC(".maps");

/* A walk along vectors of strings in user memory. It and the end of the captures stand in memory,
 * not in variables, for the verifier's sake: it takes what it loads from a map as unknown, so each
 * round of a loop looks like the one before; counting in registers cost it 15,000 instructions a
 * round in Linux 6.18 and too many in all. */
struct walk {
	__u64 at; /* address of the next pointer */
	__u64 count;
	__u64 bytes; /* of all strings, without their NULs */
	__u64 budget; /* bytes that may still be kept */
	__u64 environment; /* address of the vector behind this one; 0: none */
	__u32 width; /* of a pointer: 4 bytes in the 32-bit ABI */
	__u32 route; /* index of the call's route */
	__u8 stage; /* enum walk_stage */
	__u8 is_environment; /* of the two vectors, it is at the second */
	__u8 open_end; /* there is more than was measured */
	__u8 unreadable; /* there may be more than was counted */
	__u8 missing; /* a string could not be read */
	__u8 field; /* of the arguments, */
	__u8 count_field; /* of their number, which is told in any case if there is */
	__u8 bytes_field; /* one of their length */
	__u8 env_field;
	__u8 live_bank; /* 0 or 1 */
	__u8 reserved[2];
	__u32 asked; /* the environment variables that the route names, as bits */
	__u32 found; /* those of them that the string at hand is */
	__u32 kept; /* strings */
	__u32 taken; /* of the strings that are wanted */
	__u32 unused;
	__u64 wanted[ENV_NAMES]; /* their addresses */
	__u64 prefix[ENV_NAME_WORDS + 1]; /* of the string at hand, with a NUL */
};

/* A walk along a vector of buffers, in memory for the same reason. */
struct vector {
	__u64 at; /* address of the next element */
	__u64 count; /* elements to come */
	__u64 left; /* bytes that the call may still have moved */
	__u64 budget; /* bytes that may still be kept */
	__u64 messages; /* that each have a vector; of a vector alone, 1 */
	__u32 width; /* of a pointer */
	__u32 buffer_bytes; /* that are kept of each */
	__u8 field; /* as in a capture, */
	__u8 moment; /* which all of them have */
	__u8 tells; /* each message tells how many bytes were moved */
	__u8 part; /* PART_VECTOR if it is a message's, else PART_WHOLE */
	__u8 reserved[4];
};

/* A pointer argument of this call, as its recipe tells to follow it; in memory as well. */
struct target {
	__u64 address;
	__u64 count; /* elements */
	__u64 length; /* bytes in all */
	__u64 room; /* bytes that are kept at most; of a vector: elements */
	__u64 length_at;
	__u64 vector; /* of all arguments, which is one, from 1; 0: none */
};

/* How memory is read when the call returns. */
enum later_op {
	LATER_TEXT = 1,
	LATER_BYTES = 2,
	LATER_PROGRAM = 3, /* of a program that was executed: as the new program has it */
	LATER_AREA = 4, /* the same of its arguments */
	LATER_SOME = 5, /* as much of `room` bytes as there is */
	LATER_VECTOR = 6,
	LATER_MESSAGE = 7,
	LATER_MESSAGES = 8,
};

enum later_size {
	LATER_MAX = 8, /* of one call */
};

/* Memory that is read when the call returns: because the kernel writes it, or because it was not
 * there at entry, and the kernel has brought it in since. */
struct later {
	__u64 address;
	__u64 length_at; /* address of 32 bits that tell how many bytes count; 0: nothing tells */
	__u16 room; /* bytes at most; of a vector: elements */
	__u16 element; /* bytes of one of those that the result counts; 0: it counts none */
	__u8 op; /* enum later_op */
	__u8 field; /* of the capture */
	__u8 extra; /* bytes before the first element */
	__u8 moment; /* which it will have */
};

/* A call whose return is awaited. It belongs to the task, not to the thread's number, which changes
 * when a thread that is not the leader executes a program. Written by a handler, cleared at the
 * call's return or the task's end. */
struct pending {
	__u64 entry_ns; /* which of the thread's events it is; 0: nothing is awaited */
	__u32 tid;
	__u16 slot;
	__u16 in_table; /* in `pending_calls`, not with the task */
	__u64 mm; /* address of the memory that the addresses below mean */
	__u32 buffer_bytes; /* of the route */
	__u32 later_count;
	struct later laters[LATER_MAX];
};

/* A walk from the executable up to the root, in memory for the same reason as the walk above. */
struct path_walk {
	__u64 dentry;
	__u64 mount;
	__u32 start; /* of what is there, within its room */
	__u32 is_whole; /* it is at the root of all */
	__u32 is_cut; /* there is no room for more */
	__u32 reserved;
};

/* A call that is being filtered. */
struct filtering {
	__u64 facts[FACTS];
	__u32 at; /* the next test, or enum test_end */
	__u32 row; /* of the route */
	__u32 texts_known;
	__u32 wants_texts; /* a test asks for them */
	__u32 text_kind; /* the next to be looked at: enum text_kind */
	__u32 length; /* of the text at hand */
	__u32 is_readable;
	__u32 reserved;
	struct path_walk path;
	__u64 differing;
	__u64 window[PATTERN_WORDS]; /* the part of the text that is compared */
};

/* Where a handler builds its event: what it copies from user memory has no size known beforehand,
 * and a ring reservation needs one. A tail call cannot be interrupted by another on this CPU
 * because the dispatcher is not entered twice. Per-CPU values end at 32 KiB in every kernel. */
struct scratch {
	union {
		struct event event;
		struct {
			__u8 unused[EVENT_SIZE - RESULT_SIZE];
			struct result_event result;
		};
	};
	__u8 captures[CAPTURES_MAX_BYTES];
	__u8 slack[CAPTURE_SIZE + TEXT_MAX_BYTES + 16]; /* a capture may begin at the very end */
	__u64 end; /* bytes of captures so far */
	__u32 count; /* captures so far */
	__u32 wants; /* enum call_flag, of the route */
	__s64 got; /* what the last read came to; in memory as well */
	struct walk walk;
	struct vector vector;
	struct target target;
	union {
		struct pending pending; /* being made */
		struct filtering filtering; /* before that */
	};
};
_Static_assert(sizeof(struct scratch) <= 32768, "a per-CPU value is 32 KiB at most");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches __weak SEC(".maps");

/* Calls whose return is awaited. With each task, so that there is no table that could overflow.
 * Tracing programs may use it from Linux 5.13 on; not created where the kernel does not know it. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct pending);
} pending_tasks __weak SEC(".maps");

/* By the address of the task: on older kernels, and where the kernel has no memory for it at the
 * moment. That of Linux 7.x never has any on an x86 processor without cmpxchg16b (mm/slub.c,
 * kmalloc_nolock), as emulators may be. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PENDING_CALLS);
	__type(key, __u64);
	__type(value, struct pending);
} pending_calls __weak SEC(".maps");

/* Updated by the daemon only to wait, where membarrier(2) does not: bpf(2) promises that an update
 * of an array of maps returns after every program that ran when it began (kernel/bpf/syscall.c,
 * maybe_wait_bpf_programs). After a flip, nobody reads the old bank from then on. */
struct grace_inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
};

struct grace_inner grace_inner __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct grace_inner);
} grace __weak SEC(".maps");

/* First slot of the live bank: 0 or BANK_SLOTS. Written by the daemon: this word is the flip. */
extern volatile __u32 bank;

/* The settings of each slot, at the same index as its program. Written by the daemon, in the bank
 * that is not live; not through bpf(2), see `books`. */
extern volatile struct route routes[ROUTES];

/* What filters do, of each bank: they flip with the routes. Written by the daemon, in the bank that
 * is not live. */
extern volatile struct filter filters[2 * FILTERS_MAX];
extern volatile struct test tests[2 * TESTS_MAX];
extern volatile struct text_test text_tests[2 * TEXTS_MAX];

/* The limits by number. A number means the same for as long as a table that uses it is live. */
extern volatile struct limit limits[LIMITS];

/* Who has used how much of a limit, by a hash of who it is; behind them, for each limit one for all
 * who find no place there. Written by handlers, emptied by the daemon. */
extern volatile struct bucket buckets[BUCKETS_ALL];

/* Cgroups whose processes are not recorded, by a hash of their ids; 1 is one that is gone. Written
 * by the daemon and by `cgroup_mkdir`. */
extern volatile __u64 excluded_cgroups[EXCLUDED_CGROUPS];

/* Thread groups whose calls follow our own output, and how many. Written by the daemon. */
extern volatile __u32 governed[GOVERNED];
extern volatile __u32 governed_count;

/* Bits of the trees that are asked for, and how often `tree_seed` has changed what it found.
 * Written by the daemon before it runs that. */
extern volatile __u64 tree_asked;
extern volatile __u64 tree_changes;

/* Places, and members of trees, that found no room. */
extern volatile __u64 places_lost;
extern volatile __u64 trees_lost;

/* What `args` captures of each syscall, by slot within a bank. Set before load. */
extern const volatile struct recipe recipes[BANK_SLOTS];
/* The environment variables that routes ask for, of each bank: they flip with the routes. Written
 * by the daemon, in the bank that is not live. */
extern volatile struct env_name env_names[2 * ENV_NAMES];

/* enum consumer_state. The daemon writes it before it sleeps, the first event that it waits for
 * writes it back. */
extern volatile __u32 consumer;

/* enum attach_kind. Set before load, together with the programs' type: the branches that are not
 * taken are then unknown to the verifier, so one source serves each type. */
extern const volatile __u32 attach_kind;

/* The same of the program at the calls' return. */
extern const volatile __u32 return_kind;

/* Bytes in the ring from which on a dozing consumer is woken. Set before load. */
extern const volatile __u32 wake_bytes;

/* Our own thread group in the initial pid namespace. Written by `identify` before any attach. */
extern volatile __u32 self_tgid;

/* Executables whose processes are excluded. Written by the daemon; an inode of 0 ends the list. */
extern volatile struct file_id excluded_files[EXCLUDED_FILES];

/* What `identify` found for the file descriptor it was asked about. Read by the daemon. */
extern volatile struct file_id identified_file;

/* What is initial. Written by `identify` before any attach. */
extern volatile struct initial_namespaces initial_namespaces;

/* Cgroup events that found no room. Written by cgroups.bpf.c; the daemon reads the tree again. */
extern volatile __u64 cgroups_lost;

#endif
