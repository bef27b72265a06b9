/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_SCRATCH_H
#define TAILCALLD_SCRATCH_H

#include "kernel.h"
#include "event.h"
#include "settings.h"

/* What a handler works on, in memory: what the map `scratches` holds for each CPU, and what is kept
 * of a call until it returns. */

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
	__u32 route; /* reference to the call's route */
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
struct read_target {
	__u64 address;
	__u64 count; /* elements */
	__u64 length; /* bytes in all */
	__u64 room; /* bytes that are kept at most; of a vector: elements */
	__u64 length_at;
	__u64 vector; /* of all arguments, which is one, from 1; 0: none */
};

/* How memory is read when the call returns. */
enum deferred_op {
	DEFERRED_TEXT = 1,
	DEFERRED_BYTES = 2,
	DEFERRED_PROGRAM = 3, /* of a program that was executed: as the new program has it */
	DEFERRED_AREA = 4, /* the same of its arguments */
	DEFERRED_SOME = 5, /* as much of `room` bytes as there is */
	DEFERRED_VECTOR = 6,
	DEFERRED_MESSAGE = 7,
	DEFERRED_MESSAGES = 8,
};

enum deferred_size {
	DEFERRED_MAX = 8, /* of one call */
};

/* Memory that is read when the call returns: because the kernel writes it, or because it was not
 * there at entry, and the kernel has brought it in since. */
struct deferred_read {
	__u64 address;
	__u64 length_at; /* address of 32 bits that tell how many bytes count; 0: nothing tells */
	__u16 room; /* bytes at most; of a vector: elements */
	__u16 element; /* bytes of one of those that the result counts; 0: it counts none */
	__u8 op; /* enum deferred_op */
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
	__u32 deferred_count;
	struct deferred_read deferred[DEFERRED_MAX];
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
	__u64 operands[OPERANDS];
	__u32 pc; /* the next instruction, or enum filter_end */
	__u32 slot;
	__u32 patterns_known;
	__u32 wants_patterns; /* an instruction asks for them */
	__u32 text_kind; /* the next to be looked at: enum text_kind */
	__u32 length; /* of the text at hand */
	__u32 is_readable;
	__u32 bank;
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
	struct read_target target;
	union {
		struct pending pending; /* being made */
		struct filtering filtering; /* before that */
	};
};
_Static_assert(sizeof(struct scratch) <= 32768, "a per-CPU value is 32 KiB at most");

enum {
	ID_DIGITS = 64,
	BEGIN_BYTES = 16, /* that are compared */
	END_BYTES = 8,
};

/* The name of a cgroup that is being looked at, and what was found about it. */
struct cgroup_name {
	struct tag_name name;
	__u64 length;
	__u64 end; /* its last END_BYTES bytes, zeros before a shorter one */
	__u64 after[2]; /* what follows the beginning at hand */
	__u8 digits[ID_DIGITS];
};

#endif
