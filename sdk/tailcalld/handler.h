/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_HANDLER_SDK_H
#define TAILCALLD_HANDLER_SDK_H

/*
 * A handler of your own for tailcalld(8): one C file, one declaration, one program.
 *
 *	#include <tailcalld/handler.h>
 *
 *	enum { DIRFD, FILENAME };
 *
 *	TAILCALLD_HANDLER(removed) = {
 *		.abi = TAILCALLD_ABI,
 *		.name = "removed",
 *		.summary = "unlinkat: the file that is removed",
 *		.syscalls = {"unlinkat"},
 *		.fields = {[DIRFD] = {"dirfd", TAILCALLD_DIRFD},
 *			   [FILENAME] = {"filename", TAILCALLD_TEXT}},
 *		.messages = {"Removing {filename}"},
 *	};
 *
 *	SEC("tailcalld")
 *	int handle(void *ctx)
 *	{
 *		struct tailcalld_call *call = tailcalld_call();
 *
 *		if (!call)
 *			return 0;
 *		tailcalld_number(call, DIRFD, call->args[0]);
 *		tailcalld_text(call, FILENAME, (const void *)call->args[1]);
 *		return tailcalld_next(ctx);
 *	}
 *
 *	char LICENSE[] SEC("license") = "GPL";
 *
 * Compile with `clang -O2 -g -target bpf -c removed.bpf.c` and install the object as
 * /etc/tailcalld/handlers/removed.bpf.o. docs/handlers.md is the tutorial.
 *
 * The daemon loads the program with the type that its table has, so `ctx` is not for use but in
 * tailcalld_next. Exclusions, filters, limits, counters and the record are the daemon's. A program
 *that does not end with tailcalld_next has failed: the event counts as lost, with the reason
 *"handler".
 */

/* For more of BPF than that header has, include vmlinux.h or linux/bpf.h, and bpf/bpf_helpers.h,
 * before this one. */
#ifndef __BPF_HELPERS__
#include "bpf.h"
#endif

enum tailcalld_limit {
	TAILCALLD_ABI = 1, /* version of all that this file declares */
	TAILCALLD_NAME_SIZE = 16, /* bytes, with a NUL, as all sizes of text here */
	TAILCALLD_SUMMARY_SIZE = 96,
	TAILCALLD_SYSCALLS = 16,
	TAILCALLD_SYSCALL_SIZE = 32,
	TAILCALLD_FIELDS = 16,
	TAILCALLD_MESSAGES = 8,
	TAILCALLD_MESSAGE_SIZE = 96,
	TAILCALLD_EVENT_SIZE = 32,
	TAILCALLD_DATA_BYTES = 4096, /* that one handler adds to a record at most */
	TAILCALLD_TEXT_BYTES = 4096, /* of a string that are read */
};

/* The kind of a field: how its value is printed. */
enum tailcalld_kind {
	TAILCALLD_TEXT = 1, /* a string */
	TAILCALLD_TEXTS = 2, /* one of several strings: capture the field once for each */
	TAILCALLD_UNSIGNED = 3,
	TAILCALLD_SIGNED = 4, /* an int */
	TAILCALLD_HEX = 5, /* a number or bytes, in hexadecimal */
	TAILCALLD_DIRFD = 6, /* an int, AT_FDCWD by name */
	TAILCALLD_USER_STACK = 13, /* struct bpf_stack_build_id, as bpf_get_stack writes them */
	TAILCALLD_LONG = 14, /* a signed number of 64 bits */
};

struct tailcalld_field {
	char name[TAILCALLD_NAME_SIZE]; /* a-z, 0-9 and _ */
	__u32 kind; /* enum tailcalld_kind; 0 ends the list */
};

/* The declaration of a handler, the one variable of its object's section `.rodata.tailcalld`. */
struct tailcalld_handler {
	__u32 abi; /* TAILCALLD_ABI */
	char name[TAILCALLD_NAME_SIZE]; /* that of the file, up to `.bpf.o`: a-z, 0-9 and _ */
	char summary[TAILCALLD_SUMMARY_SIZE]; /* one line */
	/* The syscalls that it may be routed to. None: any. */
	char syscalls[TAILCALLD_SYSCALLS][TAILCALLD_SYSCALL_SIZE];
	/* The values that it captures, by number ... */
	struct tailcalld_field fields[TAILCALLD_FIELDS];
	/* ... or the name of the structure that its data is: then each member is a field. */
	char event[TAILCALLD_EVENT_SIZE];
	/* Sentences for the record, by the number that the program sets; `{field}` is replaced, and
	 * `{syscall}` by the name of the call. */
	char messages[TAILCALLD_MESSAGES][TAILCALLD_MESSAGE_SIZE];
};

#define TAILCALLD_HANDLER(id)                                                                      \
	const volatile struct tailcalld_handler id##_handler SEC(".rodata.tailcalld")

/* A captured value; `stored` bytes follow, padded to a multiple of 8. */
struct tailcalld_capture {
	__u8 field; /* index into `fields` */
	__u8 kind; /* 1: a number of 64 bits, 2: text, 3: bytes */
	__u8 status; /* 0: whole, 1: truncated, 2: unreadable */
	__u8 reserved[3]; /* zero */
	__u16 error; /* of an unreadable one: the errno */
	__u32 stored; /* bytes that follow */
	__u32 length; /* bytes in all; 0: unknown */
};

/* The call that is being handled, and the handler's part of its record. The memory belongs to this
 * CPU until tailcalld_next. */
struct tailcalld_call {
	__u64 args[6]; /* as passed */
	__u64 boottime_ns; /* CLOCK_BOOTTIME at entry */
	__u32 number; /* of the syscall, or of the operation of io_uring */
	__u32 abi; /* 0: the kernel's own, 1: 32-bit, 2: io_uring, 3 to 5: kprobe,
		    * tracepoint, raw_tracepoint, whose numbers mean nothing elsewhere */
	__u32 pid; /* thread group id, in the initial pid namespace like `tid` */
	__u32 tid;
	__u32 uid; /* real ids, in the initial user namespace */
	__u32 gid;
	__u32 used; /* bytes of `data`, a multiple of 8 */
	__u32 captures; /* in `data`; 0: it is the declared structure */
	__u32 message; /* number of the sentence */
	__u32 reserved; /* zero */
	__u8 data[TAILCALLD_DATA_BYTES];
	__u8 slack[sizeof(struct tailcalld_capture) + TAILCALLD_TEXT_BYTES + 8];
};

/* The daemon puts its own maps in the place of these two. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tailcalld_call);
} tailcalld_calls __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} tailcalld_after __weak SEC(".maps");

/* Returns the call; NULL, which does not happen, if there is none. */
static __always_inline struct tailcalld_call *tailcalld_call(void)
{
	__u32 zero = 0;

	return (struct tailcalld_call *)bpf_map_lookup_elem(&tailcalld_calls, &zero);
}

/* Gives the call back to the daemon: the last line of a handler, `return tailcalld_next(ctx);`. */
static __always_inline int tailcalld_next(void *ctx)
{
	bpf_tail_call(ctx, &tailcalld_after, 0);
	return 0;
}

/* Begins a capture. NULL if there is no room. Sizes are kept in memory and read back, because
 * verifiers follow what is in registers on each path. */
static __always_inline volatile struct tailcalld_capture *
tailcalld_begin(struct tailcalld_call *call, __u8 field, __u8 kind)
{
	__u64 used = *(volatile __u32 *)&call->used;

	if (used > TAILCALLD_DATA_BYTES - sizeof(struct tailcalld_capture))
		return NULL;
	barrier_var(used);
	volatile struct tailcalld_capture *capture =
		(volatile struct tailcalld_capture *)(call->data + used);
	capture->field = field;
	capture->kind = kind;
	capture->status = 0;
	capture->reserved[0] = capture->reserved[1] = capture->reserved[2] = 0;
	capture->error = 0;
	return capture;
}

/* Ends a capture of which `got` bytes were read, or that failed with a negative errno. */
static __always_inline void tailcalld_end(struct tailcalld_call *call,
					  volatile struct tailcalld_capture *capture, long got)
{
	__u64 room = TAILCALLD_DATA_BYTES - sizeof(*capture) - *(volatile __u32 *)&call->used;

	capture->stored = got < 0 ? 0 : got;
	capture->length = capture->stored;
	if (got < 0) {
		capture->error = -got;
		capture->status = 2;
	} else if (capture->stored > room) {
		capture->stored = room;
		capture->status = 1;
	}
	__u64 stored = capture->stored;
	barrier_var(stored);
	if (stored > TAILCALLD_TEXT_BYTES)
		return;
	*(__u64 *)((__u8 *)capture + sizeof(*capture) + stored) = 0;
	call->used += sizeof(*capture) + ((stored + 7) & ~7ULL);
	call->captures++;
}

/* Captures a number. */
static __always_inline void tailcalld_number(struct tailcalld_call *call, __u8 field, __u64 value)
{
	volatile struct tailcalld_capture *capture = tailcalld_begin(call, field, 1);

	if (!capture)
		return;
	*(volatile __u64 *)(capture + 1) = value;
	tailcalld_end(call, capture, sizeof(value));
}

/* Captures a string in the memory of the process. Returns its length, or a negative errno. */
static __always_inline long tailcalld_text(struct tailcalld_call *call, __u8 field,
					   const void *user)
{
	volatile struct tailcalld_capture *capture = tailcalld_begin(call, field, 2);
	long got;

	if (!capture)
		return 0;
	got = bpf_probe_read_user_str((void *)(capture + 1), TAILCALLD_TEXT_BYTES, user);
	tailcalld_end(call, capture, got > 0 ? got - 1 : got);
	return got > 0 ? got - 1 : got;
}

/* Captures a string in the memory of the kernel. Returns its length, or a negative errno. */
static __always_inline long tailcalld_kernel_text(struct tailcalld_call *call, __u8 field,
						  const void *kernel)
{
	volatile struct tailcalld_capture *capture = tailcalld_begin(call, field, 2);
	long got;

	if (!capture)
		return 0;
	got = bpf_probe_read_kernel_str((void *)(capture + 1), TAILCALLD_TEXT_BYTES, kernel);
	tailcalld_end(call, capture, got > 0 ? got - 1 : got);
	return got > 0 ? got - 1 : got;
}

/* Captures bytes in the memory of the process, up to TAILCALLD_TEXT_BYTES. Returns 0, or a negative
 * errno. */
static __always_inline long tailcalld_bytes(struct tailcalld_call *call, __u8 field,
					    const void *user, __u64 size)
{
	volatile struct tailcalld_capture *capture = tailcalld_begin(call, field, 3);
	long error;

	if (!capture)
		return 0;
	barrier_var(size);
	if (size > TAILCALLD_TEXT_BYTES)
		size = TAILCALLD_TEXT_BYTES;
	error = bpf_probe_read_user((void *)(capture + 1), size, user);
	tailcalld_end(call, capture, error ? error : (long)size);
	return error;
}

/* Names the structure that `event` of the declaration means, so that the object has its type:
 * `TAILCALLD_EVENT(struct removed);`. */
#define TAILCALLD_EVENT(type) type *_tailcalld_event __weak

/* Takes the data for the structure that the declaration names: `struct removed *event =
 * tailcalld_event(call, struct removed);`. Its memory is what the handler before has left. */
#define tailcalld_event(call, type)                                                                \
	({                                                                                         \
		_Static_assert(sizeof(type) % 8 == 0, "pad the structure to a multiple of 8");     \
		_Static_assert(sizeof(type) <= TAILCALLD_DATA_BYTES,                               \
			       "the structure is too large");                                      \
		(call)->used = sizeof(type);                                                       \
		(type *)(call)->data;                                                              \
	})

#endif
