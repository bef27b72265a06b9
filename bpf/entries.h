/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_ENTRIES_H
#define TAILCALLD_ENTRIES_H

#include "capture.h"
#include "repeat.h"
#include "vector.h"

/*
 * Counts the entries of a directory that a call has written, of which the event has the first ones
 * only. Each has its length in bytes. They are read a chunk at a time; the state is in memory, in
 * that of vectors, which such a call does not have.
 */

enum {
	ENTRIES_PER_JUMP = 128,
	ENTRY_JUMPS = 24, /* of a call: all entries of 32 KiB, which may be 2,730 of 12 bytes */
};

/* Begins with the first entry of `length` bytes. */
static __always_inline void entries_begin(struct scratch *scratch, const struct deferred_read *read,
					  __u64 length)
{
	volatile struct vector *vector = &scratch->vector;

	vector->at = read->address;
	vector->left = length;
	vector->count = 0;
	vector->stride = read->element;
	vector->op = DEFERRED_ENTRIES;
	vector->field = read->field;
	vector->moment = read->moment;
	vector->error = 0;
	vector->jumps = 0;
	vector->stage = VECTOR_ELEMENTS;
}

static __always_inline bool entries_are_counted(const struct scratch *scratch)
{
	return ((const volatile struct vector *)&scratch->vector)->op == DEFERRED_ENTRIES;
}

/* Counts the entry at the place `budget` of the chunk at `room`. Returns false if its length is not
 * in the chunk. */
static __always_inline bool entry_count(struct scratch *scratch, const __u8 *room, __u64 size)
{
	volatile struct vector *vector = &scratch->vector;
	__u64 at = vector->budget + (vector->stride & 31);
	__u16 length;

	barrier_var(at);
	if (at > TEXT_MAX_BYTES || at + sizeof(length) > size)
		return false;
	length = *(const __u16 *)(room + at);
	vector->error = !length;
	vector->count++;
	vector->budget += length;
	return length;
}

/* Counts the entries of the next chunk. Returns whether there are more. */
static __always_inline bool entries_continue(struct scratch *scratch)
{
	volatile struct vector *vector = &scratch->vector;
	__u64 size = min_u64(vector->left, TEXT_MAX_BYTES);
	__u8 *room = capture_room(scratch);

	vector->budget = 0;
	if (!room || read_user(room, size, vector->at))
		return false;
	REPEAT(ENTRIES_PER_JUMP, entry_count(scratch, room, size));
	vector->at += vector->budget;
	vector->left -= min_u64(vector->budget, vector->left);
	vector->jumps++;
	return vector->left && vector->budget && !vector->error && vector->jumps < ENTRY_JUMPS;
}

/* Captures their number. */
static __always_inline void entries_finish(struct scratch *scratch)
{
	const volatile struct vector *vector = &scratch->vector;
	struct capture_id of = {
		.field = vector->field, .part = PART_REST, .moment = vector->moment};

	capture_number(scratch, of, vector->count,
		       vector->left || vector->error ? CAPTURE_TRUNCATED : CAPTURE_OK);
	scratch->vector.stage = VECTOR_END;
}

#endif
