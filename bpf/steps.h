/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_STEPS_H
#define TAILCALLD_STEPS_H

#include "capture.h"
#include "route.h"
#include "vector.h"

/* The arguments of a call as its recipe tells to capture them: what the kernel reads at once, what
 * it writes when the call returns. */

static __always_inline __u64 argument(const struct scratch *emit, __u8 position)
{
	__u64 at = position;

	barrier_var(at);
	return at < 6 ? emit->event.args[at] : 0;
}

/* How many words hold so many bits. */
static __always_inline __u64 bits_count(__u64 bits, __u64 size)
{
	return size == 4 ? (bits + 31) / 32 : (bits + 63) / 64;
}

static __always_inline __u64 step_count(const struct scratch *emit,
					const volatile struct step *step)
{
	__u64 count = argument(emit, step->counter);

	switch (step->count) {
	case COUNT_INT:
		return (__s32)count < 0 ? 0 : (__u32)count;
	case COUNT_LONG:
		return count;
	case COUNT_BITS:
		return bits_count((__u32)count, step->size);
	default:
		return 1;
	}
}

static __always_inline bool is_vector(__u8 op)
{
	return op >= STEP_VECTOR;
}

static __always_inline void target_begin(struct scratch *emit, const struct call *call,
					 const volatile struct step *step)
{
	volatile struct target *target = &emit->target;

	target->address = argument(emit, step->argument);
	target->count = step_count(emit, step);
	/* More than any call moves, and little enough to multiply. */
	target->count = least(target->count, 0x7fffffff);
	target->length = target->count * step->size + step->extra;
	target->room = step->most ? step->most : call->route->buffer_bytes;
	target->length_at = 0;
	if (step->count == COUNT_POINTED)
		target->length_at = argument(emit, step->counter);
	else
		target->room =
			least(target->room, is_vector(step->op) ? target->count : target->length);
}

/* A vector's operations are in the order of those at the return. */
static __always_inline __u8 later_op(__u8 op)
{
	if (is_vector(op))
		return op - STEP_VECTOR + LATER_VECTOR;
	return op == STEP_TEXT ? LATER_TEXT : op == STEP_SOME ? LATER_SOME : LATER_BYTES;
}

static __always_inline void step_later(struct scratch *emit, const volatile struct step *step,
				       __u8 moment)
{
	const volatile struct target *target = &emit->target;
	volatile struct later *later = later_room(emit);

	if (!later)
		return;
	later->address = target->address;
	later->length_at = target->length_at;
	later->room = target->room;
	later->element = step->by_result ? step->size : 0;
	later->op = later_op(step->op);
	later->field = step->argument;
	later->extra = step->extra;
	later->moment = moment;
}

static __always_inline void step_at_entry(struct scratch *emit, const volatile struct step *step)
{
	const volatile struct target *target = &emit->target;
	struct subject of = {.field = step->argument};
	__u8 op = step->op;

	if (op == STEP_TEXT)
		emit_text(emit, of.field, (const void *)target->address, TEXT_MAX_BYTES);
	else if (op == STEP_PROGRAM)
		emit_program(emit, of.field, (const void *)target->address);
	else if (capture_bytes(emit, of, target->address, target->room,
			       op == STEP_SOME ? 0 : target->length) &&
		 is_read_again(emit))
		step_later(emit, step, MOMENT_AGAIN);
}

/* Of all steps at most one is a vector; it is taken last, so that the verifier sees the loops over
 * its buffers once. */
static __always_inline void vector_at_entry(struct scratch *emit, const struct call *call,
					    const volatile struct step *step)
{
	target_begin(emit, call, step);
	vector_begin(emit, step->argument, MOMENT_ENTRY, call->route->buffer_bytes,
		     is_compat(emit));
	if (step->when & WHEN_RETURN)
		emit->vector.left = 0; /* the buffers hold nothing yet */
	if (vectors_walk(emit, step->op == STEP_VECTOR) && is_read_again(emit))
		step_later(emit, step, MOMENT_AGAIN);
}

static __always_inline void take_step(struct scratch *emit, const struct call *call,
				      const volatile struct step *step, __u32 position)
{
	target_begin(emit, call, step);
	if (!emit->target.address)
		return;
	if (is_vector(step->op))
		emit->target.vector = position + 1;
	else if (step->when & WHEN_ENTRY)
		step_at_entry(emit, step);
	if (step->when & WHEN_RETURN && emit->wants & CALL_RESULT)
		step_later(emit, step, MOMENT_RETURN);
}

static __always_inline void take_steps(struct scratch *emit, const struct call *call,
				       const volatile struct recipe *recipe)
{
	emit->target.vector = 0;
	for (__u32 i = 0; i < STEPS_MAX; i++) {
		if (recipe->steps[i].op == STEP_END)
			break;
		take_step(emit, call, &recipe->steps[i], i);
	}
	__u64 at = emit->target.vector - 1;
	barrier_var(at);
	if (at < STEPS_MAX)
		vector_at_entry(emit, call, &recipe->steps[at]);
}

#endif
