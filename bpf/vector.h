/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_VECTOR_H
#define TAILCALLD_VECTOR_H

#include "capture.h"
#include "repeat.h"

/* Captures vectors of buffers, and messages, which contain one: the vector is one capture, and each
 * buffer another, in their order. So it does a vector of pointers to structures, as if these were
 * buffers. A round makes one capture; `vectors` and `result_vectors`
 * tail-call themselves for more rounds than the verifier can follow in one program. */

enum {
	VECTOR_MAX = 128, /* elements of a vector that are captured */
	MESSAGES_MAX = 8, /* messages of a vector that are captured: their rooms fit into a word */
	NAME_MAX_BYTES = 128, /* struct sockaddr_storage */
	CONTROL_MAX_BYTES = 256,
	VECTORS_MAX_BYTES = 12288, /* of all vectors and buffers of a call, with their headers */
	VECTOR_ROUNDS = 16, /* of a jump */
	VECTOR_JUMPS = 12, /* of a call */
};

#define NO_LIMIT (~0ULL)

/* What a round captures. */
enum vector_stage {
	VECTOR_END = 0, /* nothing is left to capture */
	VECTOR_MESSAGE = 1, /* struct msghdr */
	VECTOR_NAME = 2, /* the name that it points to */
	VECTOR_CONTROL = 3, /* its control data */
	VECTOR_ELEMENTS = 4, /* the vector */
	VECTOR_BUFFER = 5, /* the next buffer */
};

/* Reads a number of `width` bytes, the size of a pointer of the caller. */
static __always_inline __u64 user_long(__u64 at, __u64 width)
{
	__u64 value = 0;

	barrier_var(width);
	if (width <= sizeof(value))
		bpf_probe_read_user(&value, width, (const void *)at);
	return value;
}

/* Begins the capture of an argument at `address` with `count` elements. */
static __always_inline void vector_begin(struct scratch *scratch, struct capture_id of, __u8 op,
					 __u64 address, __u64 count)
{
	volatile struct vector *vector = &scratch->vector;

	vector->first = address;
	vector->message = address;
	vector->at = address;
	vector->count = count;
	vector->elements = count;
	vector->messages = op == DEFERRED_MESSAGES ? min_u64(count, MESSAGES_MAX) : 1;
	vector->budget = VECTORS_MAX_BYTES;
	vector->left = NO_LIMIT;
	vector->name_rooms = NO_LIMIT;
	vector->field = of.field;
	vector->moment = of.moment;
	vector->op = op;
	vector->has_lengths = false;
	vector->error = 0;
	vector->jumps = 0;
	vector->stage = op <= DEFERRED_VECTOR ? VECTOR_ELEMENTS
			: vector->messages    ? VECTOR_MESSAGE
					      : VECTOR_END;
}

/* Sets the shape of the elements: a pointer of `width` bytes and as wide a length or, if each
 * pointer leads to `fixed` bytes, the pointer alone. */
static __always_inline void vector_shape(struct scratch *scratch, __u32 width, __u16 fixed,
					 __u32 buffer_bytes)
{
	volatile struct vector *vector = &scratch->vector;

	vector->width = width;
	vector->fixed = fixed;
	vector->stride = fixed ? width : 2 * width;
	vector->buffer_bytes = fixed ? fixed : buffer_bytes;
}

/* Sets the `length_at` of messages to the rooms for the names of the first ones, a byte each, which
 * suffices for the longest name. The kernel writes no more, and replaces the room by the length of
 * the name, which may be larger. */
static __always_inline void name_rooms(volatile struct read_target *target, __u64 width)
{
	target->length_at = 0;
	for (__u32 i = 0; i < MESSAGES_MAX; i++) {
		if (i >= target->count)
			break;
		target->length_at |=
			min_u64(user_long(target->address + (1 + i * 8) * width, 4), NAME_MAX_BYTES)
			<< 8 * i;
	}
}

static __always_inline bool is_message(const struct scratch *scratch)
{
	return ((const volatile struct vector *)&scratch->vector)->op > DEFERRED_VECTOR;
}

/* Goes on with the next message, if there is one. */
static __always_inline void vector_next_message(struct scratch *scratch)
{
	volatile struct vector *vector = &scratch->vector;

	vector->messages--;
	vector->message += 8 * vector->width;
	vector->name_rooms >>= 8;
	vector->stage = vector->messages ? VECTOR_MESSAGE : VECTOR_END;
}

/* Marks that some of the buffers are not captured. */
static __always_inline void vector_mark_rest(struct scratch *scratch)
{
	const volatile struct vector *vector = &scratch->vector;
	struct capture_id of = {
		.field = vector->field, .part = PART_REST, .moment = vector->moment};

	capture_number(scratch, of, vector->count, CAPTURE_OK);
}

static __always_inline void aim(struct scratch *scratch, __u8 part, __u64 address, __u64 room,
				__u64 length)
{
	volatile struct read_target *target = &scratch->target;

	target->address = address;
	target->room = room;
	target->length = length;
	scratch->vector.part = part;
}

/* Aims at memory that a member of a struct msghdr points to, if it is set. */
static __always_inline void aim_member(struct scratch *scratch, __u8 part, __u64 address,
				       __u64 length, __u64 most)
{
	if (address && length)
		aim(scratch, part, address, min_u64(length, most), length);
}

/* Name, vector and control data of a struct msghdr are each a pointer and a length of the same
 * width, but for that of the name, which has 32 bits. */
static __always_inline void aim_name(struct scratch *scratch)
{
	const volatile struct vector *vector = &scratch->vector;
	const __u64 at = vector->message;

	aim_member(scratch, PART_NAME, user_long(at, vector->width),
		   min_u64(user_long(at + vector->width, 4), vector->name_rooms & 0xff),
		   NAME_MAX_BYTES);
}

static __always_inline void aim_control(struct scratch *scratch)
{
	const volatile struct vector *vector = &scratch->vector;
	const __u64 at = vector->message, width = vector->width;

	aim_member(scratch, PART_CONTROL, user_long(at + 4 * width, width),
		   user_long(at + 5 * width, width), CONTROL_MAX_BYTES);
}

static __always_inline void aim_elements(struct scratch *scratch)
{
	volatile struct vector *vector = &scratch->vector;
	__u64 size = vector->stride;

	if (is_message(scratch)) {
		vector->at = user_long(vector->message + size, vector->width);
		vector->count = user_long(vector->message + size + vector->width, vector->width);
	}
	/* As many bytes as there are in all, or as a length can be. */
	aim(scratch, is_message(scratch) ? PART_VECTOR : PART_WHOLE, vector->at,
	    min_u64(min_u64(vector->count, VECTOR_MAX) * size, vector->budget & ~15ULL),
	    min_u64(vector->count, 65536) * size);
}

/* Aims at the next buffer: of the bytes that the call moved, as many as the route and the budget
 * allow. */
static __always_inline void aim_buffer(struct scratch *scratch)
{
	volatile struct vector *vector = &scratch->vector;
	__u64 address, length;

	if (!vector->count || !vector->left)
		return;
	if (vector->budget <= CAPTURE_SIZE) {
		vector_mark_rest(scratch);
		return;
	}
	address = user_long(vector->at, vector->width);
	length = vector->fixed;
	if (!length)
		length = user_long(vector->at + vector->width, vector->width);
	length = min_u64(length, vector->left);
	aim(scratch, PART_BUFFER, address,
	    min_u64(min_u64(length, vector->buffer_bytes), vector->budget - CAPTURE_SIZE), length);
}

/* Returns the size of the message at hand: of a vector, each has a length behind it. */
static __always_inline __u64 message_size(const volatile struct vector *vector)
{
	return (7 + (vector->op == DEFERRED_MESSAGES)) * vector->width;
}

static __always_inline void vector_aim(struct scratch *scratch)
{
	const volatile struct vector *vector = &scratch->vector;

	scratch->vector.part = PART_REST;
	switch (vector->stage) {
	case VECTOR_MESSAGE:
		aim(scratch, PART_WHOLE, vector->message, message_size(vector),
		    message_size(vector));
		break;
	case VECTOR_NAME:
		aim_name(scratch);
		break;
	case VECTOR_CONTROL:
		aim_control(scratch);
		break;
	case VECTOR_ELEMENTS:
		aim_elements(scratch);
		break;
	case VECTOR_BUFFER:
		aim_buffer(scratch);
		break;
	}
}

/* Captures the memory that was aimed at, if any. */
static __always_inline void vector_part_capture(struct scratch *scratch)
{
	const volatile struct vector *vector = &scratch->vector;
	const volatile struct read_target *target = &scratch->target;
	struct capture_id of = {
		.field = vector->field, .part = vector->part, .moment = vector->moment};

	scratch->got = 0;
	if (vector->part != PART_REST)
		capture_bytes(scratch, of, target->address, target->room, target->length);
}

/* Only if nothing at all can be read, the argument is unreadable. */
static __always_inline void vector_failed(struct scratch *scratch)
{
	volatile struct vector *vector = &scratch->vector;
	bool is_first = vector->stage == VECTOR_MESSAGE ? vector->message == vector->first
							: !is_message(scratch);

	vector->error = is_first;
	if (vector->stage == VECTOR_MESSAGE)
		vector->stage = VECTOR_END;
	else
		vector_next_message(scratch);
}

static __always_inline void vector_captured_message(struct scratch *scratch)
{
	volatile struct vector *vector = &scratch->vector;

	if (vector->has_lengths)
		vector->left = user_long(vector->message + 7 * vector->width, 4);
	if (vector->left)
		vector->stage = VECTOR_NAME;
	else
		vector_next_message(scratch);
}

static __always_inline void vector_captured_elements(struct scratch *scratch)
{
	volatile struct vector *vector = &scratch->vector;
	__u64 kept = scratch->target.room;

	vector->count = kept / vector->stride;
	vector->budget -= min_u64(vector->budget, kept + CAPTURE_SIZE);
	vector->stage = VECTOR_BUFFER;
}

static __always_inline void vector_captured_buffer(struct scratch *scratch)
{
	volatile struct vector *vector = &scratch->vector;
	const volatile struct read_target *target = &scratch->target;

	if (vector->part == PART_REST) {
		vector_next_message(scratch);
		return;
	}
	vector->at += vector->stride;
	vector->count--;
	vector->left -= target->length;
	vector->budget -= min_u64(vector->budget, CAPTURE_SIZE + ((target->room + 7) & ~7ULL));
}

/* Decides what the next round captures. */
static __always_inline void vector_advance(struct scratch *scratch)
{
	volatile struct vector *vector = &scratch->vector;

	switch (vector->stage) {
	case VECTOR_MESSAGE:
		scratch->got ? vector_failed(scratch) : vector_captured_message(scratch);
		break;
	case VECTOR_NAME:
		vector->stage = VECTOR_CONTROL;
		break;
	case VECTOR_CONTROL:
		vector->stage = VECTOR_ELEMENTS;
		break;
	case VECTOR_ELEMENTS:
		scratch->got ? vector_failed(scratch) : vector_captured_elements(scratch);
		break;
	case VECTOR_BUFFER:
		vector_captured_buffer(scratch);
		break;
	}
}

/* Captures the next part. Returns false at the end. */
static __always_inline bool vector_round(struct scratch *scratch)
{
	if (((volatile struct vector *)&scratch->vector)->stage == VECTOR_END)
		return false;
	vector_aim(scratch);
	vector_part_capture(scratch);
	vector_advance(scratch);
	return true;
}

/* Captures as much as one jump can. Returns whether another jump is needed and allowed. */
static __always_inline bool vector_continue(struct scratch *scratch)
{
	volatile struct vector *vector = &scratch->vector;

	REPEAT(VECTOR_ROUNDS, vector_round(scratch));
	vector->jumps++;
	return vector->stage != VECTOR_END && vector->jumps < VECTOR_JUMPS;
}

/* Ends the capture where no jump is left. */
static __always_inline void vector_finish(struct scratch *scratch)
{
	if (((volatile struct vector *)&scratch->vector)->stage != VECTOR_END)
		vector_mark_rest(scratch);
}

#endif
