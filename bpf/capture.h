/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_CAPTURE_H
#define TAILCALLD_CAPTURE_H

#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include "continued.h"
#include "maps.h"
#include "probe_text.h"

/* Copies user memory into the scratch memory of an event, behind its earlier captures. A capture of
 * memory that cannot be read has that as its status. */

/* The field of the event that a capture belongs to. */
struct capture_id {
	__u8 field;
	__u8 part; /* enum capture_part */
	__u8 moment; /* enum capture_moment */
};

/* The smaller number. Without a branch, whose two ways the verifier would follow: the highest bit
 * is the borrow of a - b. */
static __always_inline __u64 min_u64(__u64 a, __u64 b)
{
	__u64 is_less = ((~a & b) | ((~a | b) & (a - b))) >> 63;

	return b ^ ((a ^ b) & -is_less);
}

/* Whether the event is of a 32-bit call. `call->compat` has the same value, but a branch on it
 * would make the verifier process all code between its two uses twice. */
static __always_inline bool is_compat(const struct scratch *scratch)
{
	return ((const volatile struct event *)&scratch->event)->slot / ABI_SLOTS == 1;
}

/* Begins an event's captures. */
static __always_inline void captures_begin(struct scratch *scratch)
{
	scratch->end = 0;
	scratch->count = 0;
	scratch->absolute = 0;
	scratch->ancestors = 0;
	scratch->pending.deferred_count = 0;
	scratch->pending.interpreter = 0;
}

/* Address for the header of the next capture, with its bytes behind it. NULL if the event is full,
 * which a handler that keeps to its budget never sees. */
static __always_inline __u8 *capture_room(struct scratch *scratch)
{
	__u64 end = scratch->end;

	if (end > CAPTURES_MAX_BYTES)
		return NULL;
	barrier_var(end); /* or clang adds before it compares, which the verifier refuses */
	return scratch->captures + end;
}

/* Begins the header at `room`; status, error and sizes follow. Fields are written one by one and
 * volatile: the verifier does not follow values in map memory, but in a variable on the stack each
 * combination would be a state of its own. */
static __always_inline volatile struct capture *capture_header(__u8 *room, struct capture_id of,
							       __u8 kind)
{
	volatile struct capture *capture = (volatile struct capture *)room;

	capture->field = of.field;
	capture->kind = kind;
	capture->part = of.part;
	capture->moment = of.moment;
	capture->path = 0;
	return capture;
}

/* Finishes a capture whose `stored` bytes are in place: zeroes its padding. `stored` is read back,
 * so that neither clang nor the verifier knows its origin. Clang would otherwise omit the test,
 * which verifiers up to 6.1 need; and the verifier of 5.10 would follow contradictory branches to
 * it and then refuse the address. */
static __always_inline void capture_end(struct scratch *scratch, __u8 *room,
					const volatile struct capture *capture)
{
	__u64 stored = capture->stored;

	if (stored > TEXT_MAX_BYTES)
		return;
	*(__u64 *)(room + CAPTURE_SIZE + stored) = 0;
	scratch->end += CAPTURE_SIZE + ((stored + 7) & ~7ULL);
	scratch->count++;
}

/* Captures a C string, of which the event keeps `keep` bytes at most. The string is read up to
 * TEXT_MAX_BYTES, so that its length is known. Returns the length that was read, which is more than
 * TEXT_MAX_BYTES for a longer string, or a negative errno. */
static __always_inline long capture_text(struct scratch *scratch, struct capture_id of,
					 const void *user, __u64 keep)
{
	__u8 *room = capture_room(scratch);

	if (!room)
		return 0;
	volatile struct capture *capture = capture_header(room, of, CAPTURE_TEXT);
	volatile __s64 *got = &scratch->got;

	/* One byte for the NUL and one more, to distinguish a string that just fits from a longer
	 * one. 0 is an empty string in Linux 6.12 and older, which do not count its NUL. */
	*got = bpf_probe_read_user_str(room + CAPTURE_SIZE, TEXT_MAX_BYTES + 2, user);
	if (*got > 0)
		*got -= 1;
	capture->error = *got < 0 ? -*got : 0;
	scratch->first = *got > 0 ? room[CAPTURE_SIZE] : 0;
	capture->length = *got < 0 ? 0 : *got;
	capture->stored = min_u64(capture->length, min_u64(keep, TEXT_MAX_BYTES));
	capture->status = *got < 0             ? CAPTURE_UNREADABLE
			  : (__u64)*got > keep ? CAPTURE_TRUNCATED
					       : CAPTURE_OK;
	if (*got > TEXT_MAX_BYTES)
		capture->length = 0;
	capture_end(scratch, room, capture);
	return *got;
}

/* Finishes the capture of a text in the kernel's memory, of which `got` bytes were read, its NUL
 * among them. The event keeps `keep` of them at most. */
static __always_inline void kernel_text_end(struct scratch *scratch, __u8 *room,
					    volatile struct capture *capture, __u64 keep)
{
	volatile __s64 *got = &scratch->got;

	if (*got > 0)
		*got -= 1;
	capture->error = *got < 0 ? -*got : 0;
	capture->length = *got < 0 || (__u64)*got > keep ? 0 : *got;
	capture->stored = *got < 0 ? 0 : min_u64(*got, keep);
	capture->status = *got < 0             ? CAPTURE_UNREADABLE
			  : (__u64)*got > keep ? CAPTURE_TRUNCATED
					       : CAPTURE_OK;
	capture_end(scratch, room, capture);
}

/* Captures a text that an argument of a probe points to. */
static __always_inline void capture_probe_text(struct scratch *scratch, struct capture_id of,
					       const void *text)
{
	__u8 *room = capture_room(scratch);

	if (!room)
		return;
	volatile struct capture *capture = capture_header(room, of, CAPTURE_TEXT);

	scratch->got = probe_text_read(room + CAPTURE_SIZE, PROBE_TEXT_BYTES + 2, text);
	kernel_text_end(scratch, room, capture, PROBE_TEXT_BYTES);
}

/* Captures a path in the memory of the kernel. */
static __always_inline void capture_kernel_text(struct scratch *scratch, struct capture_id of,
						const char *text)
{
	__u8 *room = capture_room(scratch);

	if (!room)
		return;
	volatile struct capture *capture = capture_header(room, of, CAPTURE_TEXT);

	scratch->got = bpf_probe_read_kernel_str(room + CAPTURE_SIZE, TEXT_MAX_BYTES, text);
	kernel_text_end(scratch, room, capture, TEXT_MAX_BYTES);
}

/* Notes whether the text that was captured last, the argument at a position, is an absolute path.
 */
static __always_inline void text_note_absolute(struct scratch *scratch, __u8 position)
{
	scratch->absolute |= (scratch->first == '/') << (position & 7);
}

/* Measures a C string that the event does not keep. Returns as `capture_text`, in `got` as well. */
static __always_inline long text_length(struct scratch *scratch, const void *user)
{
	__u8 *room = capture_room(scratch);

	if (!room)
		return 0;
	scratch->got = bpf_probe_read_user_str(room, TEXT_MAX_BYTES + 2, user);
	if (scratch->got > 0)
		scratch->got -= 1;
	return scratch->got;
}

enum {
	PAGE_SHIFT = 12,
	PAGE_BYTES =
		1
		<< PAGE_SHIFT /* or a multiple of it: the unit in which memory is readable or not */
};

/* Reads user memory. `size` is tested here, where it is used, for the verifier. */
static __always_inline long read_user(void *to, __u64 size, __u64 user)
{
	barrier_var(size);
	if (size > TEXT_MAX_BYTES)
		return -1;
	return bpf_probe_read_user(to, size, (const void *)user);
}

/* Reads memory of the kernel likewise. */
static __always_inline long read_kernel(void *to, __u64 size, const void *from)
{
	barrier_var(size);
	if (size > TEXT_MAX_BYTES)
		return -1;
	return bpf_probe_read_kernel(to, size, from);
}

/* Captures the first `size` bytes of a structure in the kernel's memory. */
static __always_inline void capture_structure(struct scratch *scratch, struct capture_id of,
					      const void *structure, __u64 size)
{
	__u8 *room = capture_room(scratch);

	if (!room)
		return;
	volatile struct capture *capture = capture_header(room, of, CAPTURE_BYTES);
	volatile __s64 *error = &scratch->got;

	*error = read_kernel(room + CAPTURE_SIZE, size, structure);
	capture->error = -*error;
	capture->length = size;
	capture->stored = *error ? 0 : size;
	capture->status = *error ? CAPTURE_UNREADABLE : CAPTURE_OK;
	capture_end(scratch, room, capture);
}

/* Captures `keep` bytes of memory, of `length` in all (0: unknown). If the next page is unreadable,
 * only the bytes before it. Returns 0, or a negative errno if nothing can be read. */
static __always_inline long capture_bytes(struct scratch *scratch, struct capture_id of, __u64 user,
					  __u64 keep, __u64 length)
{
	__u8 *room = capture_room(scratch);

	if (!room)
		return 0;
	volatile struct capture *capture = capture_header(room, of, CAPTURE_BYTES);
	volatile __s64 *error = &scratch->got;

	capture->stored = min_u64(keep, TEXT_MAX_BYTES);
	*error = read_user(room + CAPTURE_SIZE, capture->stored, user);
	if (*error) {
		capture->stored = min_u64(capture->stored, PAGE_BYTES - (user & (PAGE_BYTES - 1)));
		*error = read_user(room + CAPTURE_SIZE, capture->stored, user);
	}
	if (*error)
		capture->stored = 0;
	capture->error = -*error;
	capture->length = length <= 0xffffffff ? length : 0;
	capture->status = *error                      ? CAPTURE_UNREADABLE
			  : capture->stored != length ? CAPTURE_TRUNCATED
						      : CAPTURE_OK;
	capture_end(scratch, room, capture);
	return *error;
}

/* Returns an entry for memory that is read when the call returns; NULL if all are in use. */
static __always_inline volatile struct deferred_read *deferred_room(struct scratch *scratch)
{
	__u64 at = scratch->pending.deferred_count;

	barrier_var(at);
	if (at >= DEFERRED_MAX)
		return NULL;
	scratch->pending.deferred_count = at + 1;
	return &scratch->pending.deferred[at];
}

/* Whether memory that is unreadable at entry is read again at the return, when the kernel may have
 * faulted it in. */
static __always_inline bool is_read_again(const struct scratch *scratch)
{
	return scratch->wants & (CALL_RESULT | CALL_MEMORY);
}

static __always_inline void defer_reread(struct scratch *scratch, __u8 op, __u8 field, __u64 user,
					 __u16 size)
{
	volatile struct deferred_read *read =
		is_read_again(scratch) ? deferred_room(scratch) : NULL;

	if (!read)
		return;
	read->address = user;
	read->length_at = 0;
	read->room = size;
	read->element = 0;
	read->op = op;
	read->field = field;
	read->extra = 0;
	read->moment = MOMENT_REREAD;
}

static __always_inline void capture_number(struct scratch *scratch, struct capture_id of,
					   __u64 value, __u8 status)
{
	__u8 *room = capture_room(scratch);

	if (!room)
		return;
	volatile struct capture *capture = capture_header(room, of, CAPTURE_NUMBER);
	*(__u64 *)(room + CAPTURE_SIZE) = value;
	capture->status = status;
	capture->error = 0;
	capture->stored = sizeof(value);
	capture->length = sizeof(value);
	capture_end(scratch, room, capture);
}

static __always_inline void emit_number(struct scratch *scratch, __u8 field, __u64 value,
					__u8 status)
{
	capture_number(scratch, (struct capture_id){.field = field}, value, status);
}

/* Captures a C string at entry. Returns as `capture_text`. */
static __always_inline long emit_text(struct scratch *scratch, __u8 field, const void *user,
				      __u64 keep)
{
	long length = capture_text(scratch, (struct capture_id){.field = field}, user, keep);

	if (length < 0)
		defer_reread(scratch, DEFERRED_TEXT, field, (__u64)user, 0);
	return length;
}

/* Captures the path of a program that the call is to execute. After a successful call the memory at
 * `user` does not exist, so a deferred read takes the path from the new program. */
static __always_inline void emit_program(struct scratch *scratch, __u8 field, const void *user)
{
	if (capture_text(scratch, (struct capture_id){.field = field}, user, TEXT_MAX_BYTES) < 0)
		defer_reread(scratch, DEFERRED_PROGRAM, field, (__u64)user, 0);
}

/* Captures `size` bytes at entry. */
static __always_inline void emit_bytes(struct scratch *scratch, __u8 field, const void *user,
				       __u16 size)
{
	if (capture_bytes(scratch, (struct capture_id){.field = field}, (__u64)user, size, size))
		defer_reread(scratch, DEFERRED_BYTES, field, (__u64)user, size);
}

#endif
