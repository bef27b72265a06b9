/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_STEPS_H
#define TAILCALLD_STEPS_H

#include "capture.h"
#include "route.h"
#include "vector.h"

/* Captures the arguments of a call by the steps of its recipe: memory that the kernel reads at
 * entry, memory that it writes when the call returns. With OF_INNER_ARGUMENTS, the arguments are
 * those in the memory behind one. */

#ifdef OF_INNER_ARGUMENTS
static __always_inline __u64 argument(const struct scratch *scratch, __u8 position)
{
	__u64 at = position - INNER_POSITION;

	barrier_var(at);
	return at < INNER_MEMBERS ? scratch->inner[at] : 0;
}
#else
static __always_inline __u64 argument(const struct scratch *scratch, __u8 position)
{
	__u64 at = position;

	barrier_var(at);
	return at < 6 ? scratch->event.args[at] : 0;
}
#endif

/* Returns the number of words of `size` bytes that hold so many bits. */
static __always_inline __u64 bits_count(__u64 bits, __u64 size)
{
	return size == 4 ? (bits + 31) / 32 : (bits + 63) / 64;
}

static __always_inline __u64 step_count(const struct scratch *scratch,
					const volatile struct step *step)
{
	__u64 count = argument(scratch, step->counter);

	switch (step->count) {
	case COUNT_INT:
		return (__s32)count < 0 ? 0 : (__u32)count;
	case COUNT_LONG:
		return count;
	case COUNT_BITS:
		return bits_count((__u32)count, step->size);
	case COUNT_PAGES:
		return (count >> PAGE_SHIFT) + !!(count & (PAGE_BYTES - 1));
	case COUNT_BITS_BUT_ONE:
		return (__u32)count ? bits_count((__u32)count - 1, step->size) : 0;
	default:
		return 1;
	}
}

static __always_inline bool is_vector(__u8 op)
{
	return op >= STEP_POINTERS;
}

static __always_inline void target_begin(struct scratch *scratch, const struct call *call,
					 const volatile struct step *step)
{
	volatile struct read_target *target = &scratch->target;

	target->address = argument(scratch, step->argument);
	target->count = step_count(scratch, step);
	/* More than any call moves, and small enough to multiply. */
	target->count = min_u64(target->count, 0x7fffffff);
	target->length = target->count * step->size + step->extra;
	target->room = step->most ? step->most : call->route->buffer_bytes;
	target->length_at = 0;
	target->element = step->by_result ? step->size : 0;
	if (step->count == COUNT_POINTED) {
		target->length_at = argument(scratch, step->counter);
		target->element = min_u64(user_long(target->length_at, sizeof(__u32)), 0xffff);
	} else {
		target->room =
			min_u64(target->room, is_vector(step->op) ? target->count : target->length);
	}
}

/* The vector operations are in the same order in both enums. */
static __always_inline __u8 vector_op(__u8 op)
{
	return op - STEP_POINTERS + DEFERRED_POINTERS;
}

static __always_inline __u8 deferred_op(__u8 op)
{
	if (is_vector(op))
		return vector_op(op);
	return op == STEP_TEXT      ? DEFERRED_TEXT
	       : op == STEP_SOME    ? DEFERRED_SOME
	       : op == STEP_LEFT    ? DEFERRED_LEFT
	       : op == STEP_ENTRIES ? DEFERRED_ENTRIES
				    : DEFERRED_BYTES;
}

static __always_inline void step_defer(struct scratch *scratch, const volatile struct step *step,
				       __u8 moment)
{
	const volatile struct read_target *target = &scratch->target;
	volatile struct deferred_read *read = deferred_room(scratch);

	if (!read)
		return;
	read->address = target->address;
	read->length_at = target->length_at;
	read->room = target->room;
	read->element = target->element;
	read->op = deferred_op(step->op);
	read->field = step->argument;
	read->extra = step->extra;
	read->moment = moment;
}

static __always_inline void step_at_entry(struct scratch *scratch, const volatile struct step *step)
{
	const volatile struct read_target *target = &scratch->target;
	struct capture_id of = {.field = step->argument};
	__u8 op = step->op;

	if (op == STEP_TEXT)
		emit_text(scratch, of.field, (const void *)target->address, TEXT_MAX_BYTES);
	else if (op == STEP_PROGRAM)
		emit_program(scratch, of.field, (const void *)target->address);
	if (op == STEP_TEXT || op == STEP_PROGRAM)
		text_note_absolute(scratch, of.field);
	else if (capture_bytes(scratch, of, target->address, target->room,
			       op == STEP_SOME ? 0 : target->length) &&
		 is_read_again(scratch))
		step_defer(scratch, step, MOMENT_REREAD);
}

/* Has a vector that the kernel fills read when the call returns. */
static __always_inline void vector_at_return(struct scratch *scratch,
					     const volatile struct step *step)
{
	if (!(scratch->wants & CALL_RESULT))
		return;
	if (step->op >= STEP_MESSAGE)
		name_rooms(&scratch->target, is_compat(scratch) ? 4 : 8);
	step_defer(scratch, step, MOMENT_RETURN);
}

/* Prepares the capture of a vector. At most one step of a recipe is a vector; `vectors` captures
 * it, last. */
static __always_inline void vector_at_entry(struct scratch *scratch, const struct call *call,
					    const volatile struct step *step)
{
	struct capture_id of = {.field = step->argument, .moment = MOMENT_ENTRY};

	target_begin(scratch, call, step);
	vector_begin(scratch, of, vector_op(step->op), scratch->target.address,
		     scratch->target.count);
	vector_shape(scratch, is_compat(scratch) ? 4 : 8,
		     step->op == STEP_POINTERS ? step->size : 0, call->route->buffer_bytes);
	scratch->vector.route = route_reference(call->bank, call->row);
	if (!(step->when & WHEN_RETURN))
		return;
	scratch->vector.left = 0; /* the buffers hold nothing yet */
	vector_at_return(scratch, step);
}

static __always_inline void step_capture(struct scratch *scratch, const struct call *call,
					 const volatile struct step *step, __u32 position)
{
	target_begin(scratch, call, step);
	if (!scratch->target.address)
		return;
	/* The kernel writes nothing where the caller has no room. */
	if (step->count == COUNT_POINTED && !scratch->target.element)
		return;
	if (is_vector(step->op)) {
		/* Of a ring of a 32-bit process, the structure is that of the other ABI. */
		if (!(scratch->event.flags & CALL_COMPAT))
			scratch->target.vector = position + 1;
		return;
	}
	if (step->when & WHEN_ENTRY)
		step_at_entry(scratch, step);
	if (step->when & WHEN_RETURN && scratch->wants & CALL_RESULT)
		step_defer(scratch, step, MOMENT_RETURN);
}

/* Captures all but a vector, which it prepares: then it returns true. */
static __always_inline bool steps_capture(struct scratch *scratch, const struct call *call,
					  const volatile struct step *steps)
{
	scratch->target.vector = 0;
	for (__u32 i = 0; i < STEPS_MAX; i++) {
		if (steps[i].op == STEP_END)
			break;
		step_capture(scratch, call, &steps[i], i);
	}
	__u64 at = scratch->target.vector - 1;
	barrier_var(at);
	if (at >= STEPS_MAX)
		return false;
	vector_at_entry(scratch, call, &steps[at]);
	return true;
}

#endif
