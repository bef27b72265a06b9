/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_VECTOR_H
#define TAILCALLD_VECTOR_H

#include "capture.h"

/* Captures vectors of buffers, and messages, which contain one: the vector is one capture, and each
 * buffer another, in their order. */

enum {
	VECTOR_MAX = 32, /* elements of a vector that are captured, as many as strace prints */
	BUFFERS_MAX = 8, /* buffers of a vector that are captured */
	MESSAGES_MAX = 2, /* messages of a vector that are captured */
	NAME_MAX_BYTES = 128, /* struct sockaddr_storage */
	CONTROL_MAX_BYTES = 256,
	BUFFERS_MAX_BYTES = 8192, /* of all buffers of a call */
};

#define NO_LIMIT (~0ULL)

/* Reads a number of `width` bytes, the size of a pointer of the caller. */
static __always_inline __u64 user_long(__u64 at, __u64 width)
{
	__u64 value = 0;

	barrier_var(width);
	if (width <= sizeof(value))
		bpf_probe_read_user(&value, width, (const void *)at);
	return value;
}

static __always_inline void vector_begin(struct scratch *scratch, __u8 field, __u8 moment,
					 __u32 buffer_bytes, bool compat)
{
	volatile struct vector *vector = &scratch->vector;

	vector->width = compat ? 4 : 8;
	vector->buffer_bytes = buffer_bytes;
	vector->budget = BUFFERS_MAX_BYTES;
	vector->left = NO_LIMIT;
	vector->name_rooms = NAME_MAX_BYTES | NAME_MAX_BYTES << 8;
	vector->field = field;
	vector->moment = moment;
	vector->has_lengths = false;
}

/* Returns the rooms for the names of the first two messages, a byte each, which suffices for the
 * longest name. The kernel writes no more, and replaces the room by the length of the name, which
 * may be larger. */
static __always_inline __u16 name_rooms(__u64 at, __u64 width)
{
	return min_u64(user_long(at + width, 4), NAME_MAX_BYTES) |
	       min_u64(user_long(at + 9 * width, 4), NAME_MAX_BYTES) << 8;
}

/* Captures `keep` of the `length` bytes of that part. */
static __always_inline long vector_part_capture(struct scratch *scratch, __u8 part, __u64 at,
						__u64 keep, __u64 length)
{
	const volatile struct vector *vector = &scratch->vector;
	struct capture_id of = {.field = vector->field, .part = part, .moment = vector->moment};

	return capture_bytes(scratch, of, at, keep, length);
}

/* Captures the next buffer: of the bytes that the call moved, as many as the route and the budget
 * allow. */
static __always_inline void vector_next_buffer(struct scratch *scratch)
{
	volatile struct vector *vector = &scratch->vector;
	volatile struct read_target *buffer = &scratch->target;

	buffer->address = user_long(vector->at, vector->width);
	buffer->length = user_long(vector->at + vector->width, vector->width);
	buffer->length = min_u64(buffer->length, vector->left);
	buffer->room = min_u64(buffer->length, vector->buffer_bytes);
	buffer->room = min_u64(buffer->room, vector->budget);
	vector_part_capture(scratch, PART_BUFFER, buffer->address, buffer->room, buffer->length);
	vector->at += 2 * vector->width;
	vector->left -= buffer->length;
	vector->budget -= buffer->room;
}

/* Captures a vector and its buffers. Returns a negative errno if the vector cannot be read. */
static __always_inline long vector_capture(struct scratch *scratch)
{
	volatile struct vector *vector = &scratch->vector;
	__u64 size = 2 * vector->width;
	__u64 count = vector->count;
	long error;

	error = vector_part_capture(scratch, vector->part, vector->at,
				    min_u64(count, VECTOR_MAX) * size,
				    min_u64(count, 65536) * size);
	if (error)
		return error;
	for (__u32 i = 0; i < BUFFERS_MAX; i++) {
		if (i >= vector->count || !vector->left)
			break;
		vector_next_buffer(scratch);
	}
	return 0;
}

/* Captures the memory that a member of a struct msghdr points to, if it is set. */
static __always_inline void message_part_capture(struct scratch *scratch, __u8 part, __u64 at,
						 __u64 length, __u64 most)
{
	if (at && length)
		vector_part_capture(scratch, part, at, min_u64(length, most), length);
}

/* Captures a struct msghdr, its name and its control data, and sets `vector` to its vector. Name,
 * vector and control data are each a pointer and a length of the same width, but for that of the
 * name, which has 32 bits. */
static __always_inline long message_capture(struct scratch *scratch, __u64 at)
{
	volatile struct vector *vector = &scratch->vector;
	const __u64 width = vector->width;
	long error = vector_part_capture(scratch, PART_WHOLE, at, 7 * width, 7 * width);

	if (error || !vector->left)
		return error;
	message_part_capture(scratch, PART_NAME, user_long(at, width),
			     min_u64(user_long(at + width, 4), vector->name_rooms & 0xff),
			     NAME_MAX_BYTES);
	message_part_capture(scratch, PART_CONTROL, user_long(at + 4 * width, width),
			     user_long(at + 5 * width, width), CONTROL_MAX_BYTES);
	vector->at = user_long(at + 2 * width, width);
	vector->count = user_long(at + 3 * width, width);
	return 0;
}

/* Captures a message or a vector. For a message only an unreadable struct msghdr is an error. */
static __always_inline long message_or_vector_capture(struct scratch *scratch, __u64 at)
{
	const volatile struct vector *vector = &scratch->vector;
	long error;

	if (vector->part == PART_VECTOR) {
		error = message_capture(scratch, at);
		if (error || !vector->left)
			return error;
	}
	error = vector_capture(scratch);
	return vector->part == PART_VECTOR ? 0 : error;
}

/* Captures a vector, a message, or a vector of struct mmsghdr, which is a message with the number
 * of bytes that the kernel moved. `target` has the address and the number of elements. Returns a
 * negative errno if nothing can be read. All three share the loops, because the verifier processes
 * each loop in the program. */
static __always_inline long vectors_capture(struct scratch *scratch, bool is_alone)
{
	volatile struct vector *vector = &scratch->vector;
	__u64 at = scratch->target.address;

	vector->part = is_alone ? PART_WHOLE : PART_VECTOR;
	vector->at = at;
	vector->count = scratch->target.count;
	vector->messages = is_alone ? 1 : vector->count;
	for (__u32 i = 0; i < MESSAGES_MAX; i++) {
		const __u64 width = vector->width;

		if (i >= vector->messages)
			break;
		if (vector->has_lengths)
			vector->left = user_long(at + 7 * width, 4);
		long error = message_or_vector_capture(scratch, at);
		if (error)
			return i ? 0 : error;
		at += 8 * width;
		vector->name_rooms >>= 8;
	}
	return 0;
}

#endif
