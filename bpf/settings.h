/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_SETTINGS_H
#define TAILCALLD_SETTINGS_H

/* What the daemon tells the programs: the routes, what is captured of a call, which calls are
 * wanted, and how many. The skeleton turns all of it into Rust, as it does with event.h. */

#include "event.h"

/* Settings of one slot in one bank. A handler believes these, not the way it was reached. */
struct route {
	__u32 generation;
	__u16 handler; /* 0: nothing is routed here */
	__u8 priority;
	__u8 variant; /* which of struct handler's syscalls this slot is; 0 if it names none */
	__u16 argv_bytes; /* `exec`: how many bytes of argv an event may carry */
	__u16 env; /* `exec`: which of this bank's `env_names` are recorded, a bit each */
	__u32 buffer_bytes; /* `args`: how many bytes of each buffer an event may carry */
	__u16 flags; /* enum call_flag */
	__u8 rule; /* which of its route's, from 0 */
	__u8 reserved;
	__u32 sample; /* of 2^32 calls, how many are recorded; 0: all */
	__u16 filter; /* of the handler HANDLER_FILTER: which, from 1 */
	__u8 limit; /* number of the limit that bounds it; 0: none */
	__u8 uid_limit; /* number of the limit of each user's events; 0: none */
};

/* Handlers whose numbers the object does not give. */
enum special_handler {
	HANDLER_NONE = 0, /* calls are not recorded */
	HANDLER_FILTER = 0xffff, /* `filter` decides which rule a call is for */
};

enum filter_size {
	FILTERS_MAX = 256, /* of one bank */
	TESTS_MAX = 2048, /* of one bank */
	TEXTS_MAX = 256, /* of one bank */
	TESTS_A_JUMP = 16, /* of a program, which then calls itself for more */
	TESTS_A_CALL = 64, /* that a call goes through at most */
	TEXTS_A_FILTER = 16,
	PATTERN_BYTES = 128,
	PATTERN_WORDS = PATTERN_BYTES / 8,
	FILTER_PATHS = 2, /* arguments of one filter that are texts */
	PATH_PARTS_MAX = 48, /* components of the path of an executable */
};

/* What a test is of: where the call's facts have it. */
enum fact {
	FACT_UID = 0,
	FACT_GID = 1,
	FACT_LOGINUID = 2,
	FACT_PLACE = 3, /* bits of the names that the cgroup has, see struct place */
	FACT_TREES = 4, /* bits of the processes that it descends from */
	FACT_TEXTS = 5, /* bits of the filter's texts that hold */
	FACT_ARGUMENT = 6, /* six of them */
	FACTS = 12,
};

enum test_op {
	TEST_WITHIN = 0, /* from `a` to `b` */
	TEST_ANY_BIT = 1, /* of `a` */
};

/* How much of a register an argument is. */
enum test_width {
	WIDTH_WHOLE = 0,
	WIDTH_UNSIGNED_32 = 1,
	WIDTH_SIGNED_32 = 2, /* made a whole one */
	WIDTH_SIGNED = 3,
};

/* Where a test leads to that is not another test of the bank. */
enum test_end {
	TEST_CHOOSES = 0x8000, /* plus the number of the rule's row in the bank */
	TEST_REFUSES = 0xffff, /* no rule is for this call */
};

/* One test of a filter. They only lead forward. */
struct test {
	__u8 fact; /* enum fact */
	__u8 op; /* enum test_op */
	__u8 width; /* enum test_width */
	__u8 reserved;
	__u16 yes; /* the next test of the bank, or enum test_end */
	__u16 no;
	__u64 a; /* of signed widths with the highest bit turned round, so that all compare alike */
	__u64 b;
};

/* Texts that patterns are compared with. */
enum text_kind {
	TEXT_COMM = 0,
	TEXT_PARENT_COMM = 1,
	TEXT_EXE = 2, /* path of the executable */
	TEXT_ARGUMENT = 3, /* FILTER_PATHS of them */
	TEXT_KINDS = 5,
};

/* Which part of a text a pattern tells. */
enum text_part {
	PART_ALL = 0,
	PART_BEGIN = 1,
	PART_END = 2,
};

/* A pattern. Its result is a bit, by its place in the filter's list. A text that cannot be read
 * holds any pattern: what is not known is never left out. */
struct text_test {
	__u8 kind; /* enum text_kind */
	__u8 part; /* enum text_part */
	__u8 is_negated;
	__u8 length; /* bytes of the pattern */
	__u32 reserved;
	__u64 words[PATTERN_WORDS]; /* its bytes, then zeros */
	__u64 masks[PATTERN_WORDS]; /* ones where it has bytes */
};

/* What a route's filter needs, and where it begins. */
struct filter {
	__u16 first; /* test of the bank */
	__u16 texts; /* the first of its texts in the bank */
	__u8 text_count;
	__u8 facts; /* bits of those before FACT_ARGUMENT, of which it is known only by looking */
	__u8 arguments; /* whether it looks at arguments */
	__u8 text_kinds; /* bits of enum text_kind */
	__u8 paths[FILTER_PATHS]; /* positions of the arguments that are texts */
	__u8 reserved[6];
};

/* What is known of a cgroup. Names have stable numbers while some table asks for them. */
struct place {
	__u64 bits; /* of the names that it or one above it has */
	__u64 stage; /* enum place_stage */
};

enum place_bit {
	PLACE_EXCLUDED = 62,
	PLACE_CONTAINER = 63,
	PLACE_NAMES = 62,
};

/* How far the path of a cgroup tells the unit, as systemd lays its tree out. */
enum place_stage {
	STAGE_SYSTEM = 0, /* the root, and slices of the system */
	STAGE_UNIT = 1, /* in a unit of the system */
	STAGE_MANAGER = 2, /* in a user's manager, and slices of its */
	STAGE_USER_UNIT = 3, /* in a unit of a user's manager */
};

/* Whose name it is. */
enum name_kind {
	NAME_UNIT = 0,
	NAME_SLICE = 1,
	NAME_USER_UNIT = 2,
	NAME_EXCLUDED = 3, /* unit of the system whose processes are not recorded */
};

struct place_name {
	__u64 kind; /* enum name_kind */
	__u8 text[CGROUP_NAME_SIZE]; /* the whole of it, then zeros */
};

enum place_size {
	PLACES_MAX = 16384, /* cgroups */
	PLACE_NAMES_MAX = 256,
	EXCLUDED_CGROUPS = 256,
	EXCLUDED_PROBES = 8,
	TREES_MAX = 64,
	TREE_MEMBERS_MAX = 32768, /* processes */
};

/* Whose events a limit counts together. */
enum limit_per {
	PER_ROUTE = 0,
	PER_UID = 1,
	PER_CGROUP = 2,
	PER_PID = 3,
	PER_COMM = 4,
};

enum limit_size {
	LIMITS = 256, /* a limit's number is a byte */
	BUCKETS = 4096,
	BUCKETS_ALL = BUCKETS + LIMITS,
	BUCKET_PROBES = 8,
	LIMIT_NONE = 0,
};

/* So many events in so much time. */
struct limit {
	__u64 interval_ns; /* from one event to the next */
	__u64 burst_ns; /* how long the intervals of events at once are together */
	__u32 per; /* enum limit_per */
	__u32 reserved;
};

/* The events that one limit counts together. */
struct bucket {
	__u64 tag; /* whose: the limit's number in the upper 16 bits; 0: nobody's */
	__u64 until; /* CLOCK_BOOTTIME to which its events are paid for */
	__u64 limited; /* events that it was too full for */
	__u8 comm[COMM_SIZE]; /* of PER_COMM */
	__u64 reserved[3];
};

/* An environment variable that some route asks for: a string is one if it has these bytes in these
 * places. */
struct env_name {
	__u64 bytes[ENV_NAME_WORDS]; /* the name, `=`, zeros */
	__u64 mask[ENV_NAME_WORDS]; /* ones where `bytes` has the name and `=` */
};

/* How the memory of one argument is captured. */
enum step_op {
	STEP_END = 0, /* nothing, and no step follows */
	STEP_TEXT = 1, /* a C string */
	STEP_PROGRAM = 2, /* the path of a program that is executed */
	STEP_BYTES = 3, /* elements of a known size */
	STEP_SOME = 4, /* as much of `size` bytes as there is: another argument tells what it is */
	STEP_VECTOR = 5, /* struct iovec, and the buffers */
	STEP_MESSAGE = 6, /* struct msghdr, and what it points to */
	STEP_MESSAGES = 7, /* a vector of struct mmsghdr */
};

/* How many elements an argument points to. */
enum step_count {
	COUNT_ONE = 0,
	COUNT_INT = 1, /* another argument tells, 32 bits of it */
	COUNT_LONG = 2, /* another argument tells, all of it */
	COUNT_POINTED = 3, /* the 32 bits that another argument points to tell, at the return */
	COUNT_BITS = 4, /* another argument tells the bits in them */
};

/* When a step is taken. */
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
	__u8 counter; /* position of the argument that tells how many */
	__u8 by_result; /* the result tells how many of them the kernel wrote */
	__u16 size; /* bytes of one element */
	__u16 most; /* bytes that are kept at most, of a vector elements; 0: `buffer_bytes` */
	__u16 extra; /* bytes before the first element */
};

/* What `args` captures of one syscall. Written by the loader, from the syscall's signature. */
struct recipe {
	struct step steps[STEPS_MAX]; /* one a pointer */
	__u8 at_entry; /* whether a step is taken at entry */
	__u8 strings; /* position, from 1, of a vector of strings; 0: none */
	__u8 environment; /* of one of which only the number is told */
	__u8 reserved;
};

#endif
