/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_SCRATCH_H
#define TAILCALLD_SCRATCH_H

#include "kernel.h"
#include "event.h"
#include "settings.h"

/* The memory that handlers work in: the value that the map `scratches` has for each CPU, and the
 * state that is kept of a call until it returns. */

/* The copying of the strings of a program: argv, then its environment. This state and the end of
 * the captures are in memory, not in variables, for the verifier's sake: it takes a value that is
 * loaded from a map as unknown, so that each round of a loop looks to it like the round before.
 * Counters in registers cost it 15,000 instructions a round in Linux 6.18, more than its limit in
 * all. */
struct argv_copy {
	__u64 at; /* address of the next pointer of the vector */
	__u64 count; /* strings so far */
	__u64 bytes; /* of all strings, without their NULs */
	__u64 budget; /* bytes that the event may still keep */
	__u64 environment; /* address of the environment's vector, which comes second; 0: none */
	__u32 width; /* of a pointer: 4 bytes in the 32-bit ABI */
	__u32 route; /* reference to the call's route */
	__u8 stage; /* enum argv_stage */
	__u8 in_environment; /* argv is finished */
	__u8 is_partial; /* some strings are not measured or not kept in full */
	__u8 unreadable; /* the vector has pointers that could not be read */
	__u8 is_uncounted; /* the vector has more pointers than are counted */
	__u8 string_unreadable; /* a string could not be read */
	__u8 field; /* of the arguments */
	__u8 count_field; /* of their number, emitted always if there is a `bytes_field` */
	__u8 bytes_field; /* of their length in all; NO_FIELD: none */
	__u8 env_field;
	__u8 live_bank; /* 0 or 1 */
	__u8 reserved[1];
	__u32 env_bits; /* the environment variables that the route names */
	__u32 matched; /* those of them that the current string is */
	__u32 kept; /* strings that were copied; of the environment, selected */
	__u32 copied; /* strings of `selected` */
	__u32 argv_bytes; /* the budget of the arguments, of the route */
	__u64 selected[ENV_NAMES]; /* addresses of the environment strings to copy */
	__u64 prefix[ENV_NAME_WORDS + 1]; /* of the current string, with a NUL */
};

/* The reading of a vector of buffers, in memory for the same reason. */
struct vector {
	__u64 first; /* address of the argument */
	__u64 elements; /* that it has */
	__u64 message; /* address of the message at hand */
	__u64 messages; /* to come, with that one; of a vector alone, 1 */
	__u64 at; /* address of the next element of the vector at hand */
	__u64 count; /* its elements to come */
	__u64 left; /* bytes that the call may still have moved */
	__u64 budget; /* bytes that the event may still keep */
	__u64 name_rooms; /* bytes that the names of the message at hand and of those after it have
			   * at most, a byte each */
	__u32 width; /* of a pointer */
	__u32 buffer_bytes; /* that the event keeps of each */
	__u32 route; /* reference to the call's route */
	__u8 stage; /* enum vector_stage */
	__u8 op; /* enum deferred_op */
	__u8 field; /* the field and */
	__u8 moment; /* the moment of all its captures */
	__u8 has_lengths; /* each message has the number of bytes that the kernel moved */
	__u8 part; /* of the round's capture; PART_REST: none */
	__u8 error; /* nothing could be read */
	__u8 jumps; /* so far */
	__u16 stride; /* bytes of an element */
	__u16 fixed; /* bytes that each pointer leads to; 0: the element has their number */
};

/* A pointer argument of the call, as the recipe describes it; in memory as well. */
struct read_target {
	__u64 address;
	__u64 count; /* elements */
	__u64 length; /* bytes in all */
	__u64 room; /* bytes that the event keeps at most; of a vector: elements */
	__u64 length_at;
	__u64 element; /* as in struct deferred_read */
	__u64 vector; /* position, from 1, of the argument that is a vector; 0: none */
};

/* The way to read memory when the call returns. */
enum deferred_op {
	DEFERRED_TEXT = 1,
	DEFERRED_BYTES = 2,
	DEFERRED_PROGRAM = 3, /* the path of a program, from the memory of the new program */
	DEFERRED_AREA = 4, /* its arguments, from the memory of the new program */
	DEFERRED_SOME = 5, /* as many of `room` bytes as can be read */
	DEFERRED_LEFT = 6, /* bytes that an interrupted call has written */
	DEFERRED_ENTRIES = 7, /* the first of a directory; all are counted */
	DEFERRED_POINTERS = 8,
	DEFERRED_VECTOR = 9,
	DEFERRED_MESSAGE = 10,
	DEFERRED_MESSAGES = 11,
	DEFERRED_FILE = 12, /* files behind new descriptors */
};

enum deferred_size {
	DEFERRED_MAX = 8, /* of one call */
};

/* Memory that is read when the call returns: because the kernel writes it, or because its page was
 * not resident at entry and the kernel has faulted it in since. */
struct deferred_read {
	__u64 address;
	__u64 length_at; /* address of a 32-bit length in bytes; 0: none; of messages, the rooms for
			  * their names, a byte each */
	__u16 room; /* bytes at most; of a vector: elements; of an area: bytes that the route keeps
		     */
	__u16 element; /* bytes of one element, if the result counts elements; of memory with a
			* `length_at`, its value at entry, which is the caller's room, up to 0xffff;
			* of an entry of a directory, the offset of its length; else 0 */
	__u8 op; /* enum deferred_op */
	__u8 field; /* of the capture */
	__u8 extra; /* bytes before the first element; of a vector, its `fixed` */
	__u8 moment; /* of the capture */
};

/* A call whose return is awaited. It belongs to the task, not to the thread's number, which changes
 * when a thread that is not the leader executes a program. Written by a handler, cleared at the
 * call's return or the task's end. */
struct pending {
	__u64 entry_ns; /* `boottime_ns` of its event; 0: the task has no pending call */
	__u32 tid;
	__u16 slot;
	__u8 in_table; /* stored in `pending_calls`, not in `pending_tasks` */
	__u8 is_kept; /* of a route of keep = "always" */
	__u64 mm; /* address of the mm_struct that the addresses below belong to */
	__u64 executions; /* of the task, at entry */
	__u8 is_execution; /* the success of an exec is awaited, from `task_exec` */
	__u8 interpreter; /* of an exec: the field of the program that interprets the script, from
			   * 1; 0: none */
	__u8 has_executable; /* of an exec: the identity of the file is wanted */
	__u8 box; /* number of the black box that has the event; 0: none */
	__u8 reserved[4];
	__u32 buffer_bytes; /* of the route */
	__u32 deferred_count;
	struct deferred_read deferred[DEFERRED_MAX];
};

/* The text of a path argument, in memory for the same reason as argv_copy. The places are in
 * `captures`, see enum text_place. */
struct path_text {
	__u32 at; /* the byte that is looked at; 0: the text is not read yet */
	__u32 end; /* of the text */
	__u32 piece; /* what is to be copied next */
	__u32 out; /* where it is copied to */
	__u32 levels; /* names of the directory that its `..` in front take away */
	__u32 renames; /* not 0: a directory was renamed meanwhile */
	__u64 found; /* slashes of the word there, bits of their bytes */
	__u8 is_absolute; /* it begins with a slash */
	__u8 jumps; /* that normalising it took */
	__u16 skip; /* bytes that mean nothing */
};

/* The way from a process up to its ancestors, in memory for the same reason. */
struct ancestor_walk {
	__u64 task; /* address of the task whose parent is next */
	__u64 left; /* ancestors that the event may still have */
};

/* The way through the executables of the ancestors, in memory for the same reason. */
struct ancestor_files {
	__u64 mm; /* address of the memory of the one at hand, and */
	__u64 executions; /* the number of programs that it has executed */
	__u32 next; /* its place, from 1 for the parent; 0: none was begun */
	__u8 parts; /* names that its path may still have */
	__u8 are_done;
};

enum name_size {
	DENTRY_BYTES = 160, /* of a dentry, up to the end of its short name */
	PATH_ROOM = 3840, /* of a path: one more name fits into TEXT_MAX_BYTES */
	ANCESTOR_PARTS_MAX = 16, /* of the path of an ancestor's executable */
};

/* The paths of a call that are still to be captured, in this order, a bit each. */
enum name_bit {
	NAMES_PLAN = 1, /* which they are is to be decided */
	NAME_EXE = 2,
	NAME_CWD = 4,
	NAME_ROOT = 8,
	NAME_DIRECTORY = 16, /* PATH_ARGUMENTS of them */
};

enum {
	DESCRIPTORS_PLAN = 255, /* in place of a descriptor's number: none was looked for yet */
};

/* The search for descriptors in the captured memory of a call, in memory for the same reason as
 * argv_copy. Places are bytes of the event's captures. */
struct member_search {
	__u64 bits; /* of a set, still to be looked at */
	__u32 bit; /* number of the first of them */
	__u32 captures; /* still to be looked at, with the one at hand */
	__u32 capture; /* where that begins, */
	__u32 at; /* its next element, */
	__u32 end; /* its end, */
	__u32 next; /* and, of control data, the next header */
	__u32 rights; /* end of the descriptors behind the one at hand */
	__u8 form; /* enum member_form; FORM_NONE: the capture is not looked into */
	__u8 place; /* number of the place that it is compared with */
	__u8 jumps; /* so far */
	__u8 count; /* descriptors so far, their */
	__u8 fields[DESCRIPTOR_MEMBERS]; /* captures */
	__s32 fds[DESCRIPTOR_MEMBERS]; /* and numbers */
};

/* The way from a file up to the root, in memory for the same reason as argv_copy. */
struct name_walk {
	__u32 route; /* reference to the call's route */
	__u32 todo; /* bits of enum name_bit */
	__u64 dentry; /* where the walk is: addresses */
	__u64 mount;
	__u64 mount_root;
	__u64 end_dentry; /* where it ends; 0: at the root of the mounts */
	__u64 end_mount;
	__u64 root_dentry; /* of the task */
	__u64 root_mount;
	__u64 task; /* addresses: the current one, and */
	__u64 fs; /* its working directory and root */
	__u64 at; /* bytes of the path so far */
	__u64 file; /* address of the open file that is described */
	__u8 descriptor; /* number of the next descriptor of the call, or DESCRIPTORS_PLAN, and, of
			  * this one, */
	__u8 field; /* the field and */
	__u8 part; /* enum capture_part, of the capture, */
	__u8 reserved[1];
	__s32 fd; /* and its number; below 0: none, but for AT_FDCWD */
	__u8 root_is_top; /* the task's root is the root of the mounts */
	__u8 is_done;
	__u8 status; /* of the capture */
	__u8 flags; /* of the capture */
	__u32 error; /* of the capture */
	__u8 head[DENTRY_BYTES]; /* a copy of a dentry, where the kernel has no typed pointers */
	union {
		struct member_search members;
		struct ancestor_files ancestors; /* when all other paths are captured */
	};
};

enum text_state {
	TEXT_UNKNOWN = 0, /* it cannot be read */
	TEXT_KNOWN = 1,
	TEXT_ABSENT = 2, /* the call has none */
};

/* A call that is being filtered. */
struct filtering {
	__u64 operands[OPERANDS];
	__u32 pc; /* the next instruction, or enum filter_end */
	__u32 slot;
	__u32 patterns_known;
	__u32 wants_patterns; /* an instruction asks for them */
	__u32 texts; /* bits of the texts still to match: enum text_kind */
	__u32 bank;
	__u32 text_at; /* where the current text stands in `captures`, */
	__u32 length; /* its length, */
	__u32 text_state; /* and enum text_state */
	__u32 flags; /* enum call_flag, of an operation of io_uring */
	struct path_text path;
	__u64 differing;
	__u64 window[PATTERN_WORDS]; /* the part of the text that is compared */
};

/* The memory in which a handler builds its event: the size of what it copies from user memory is
 * not known beforehand, and a ring reservation needs a constant. No other program overwrites it,
 * because the dispatcher is not entered twice on a CPU. The limit of a per-CPU value is 32 KiB in
 * every kernel. */
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
	__u16 count; /* captures so far */
	__u16 wants; /* enum call_flag, of the route */
	__u8 first; /* byte of the last text; 0: it has none */
	__u8 absolute; /* texts that begin with a slash, a bit each by their argument's position */
	__u8 jumps; /* tail calls since the dispatcher, that to the program at hand included */
	__u8 chained; /* of the route's chain: position of the handler that was called last, from 1
		       */
	__s64 got; /* result of the last read; in memory as well */
	__u64 ancestors; /* of `ancestor_tasks` */
	union {
		struct {
			union {
				struct argv_copy argv;
				__u64 inner[INNER_MEMBERS]; /* values of inner arguments */
			};
			union {
				struct vector vector;
				struct ancestor_walk ancestor_walk;
			};
			struct read_target target; /* not of calls that have ancestors */
		};
		struct {
			struct name_walk names; /* when all arguments are captured */
			__u64 ancestor_tasks[ANCESTORS_MAX]; /* addresses, before that as well */
		};
	};
	union {
		struct pending pending; /* while the event is built */
		struct filtering filtering; /* before it */
	};
};
_Static_assert(sizeof(struct scratch) <= 32768, "a per-CPU value is 32 KiB at most");
_Static_assert(__builtin_offsetof(struct scratch, ancestor_tasks) >=
		       __builtin_offsetof(struct scratch, ancestor_walk) +
			       sizeof(struct ancestor_walk),
	       "the walk to the ancestors and the copying of arguments leave them alone");

enum {
	ID_DIGITS = 64,
	BEGIN_BYTES = 16, /* of a name that are compared */
	END_BYTES = 8,
};

/* The name of a new cgroup, and the parts of it that are compared. */
struct cgroup_name {
	struct tag_name name;
	__u64 length;
	__u64 end; /* its last END_BYTES bytes, zeros before a shorter one */
	__u64 after[2]; /* the bytes after the prefix that was found */
	__u8 digits[ID_DIGITS];
};

#endif
