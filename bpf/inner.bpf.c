// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `inner_args`: captures memory behind a second pointer, as that of a signal mask whose address is
 * in a structure, for the handler that has tail-called it, and submits the event. It reads members
 * of the structure as if they were the arguments of a call. It is not attached, and in no slot of
 * the table. */
#define OF_INNER_ARGUMENTS
#include "emit.h"
#include "steps.h"

/* Returns the inner arguments of this call; NULL if it has none. */
static __always_inline const volatile struct inner_arguments *inner_find(struct scratch *scratch)
{
	const volatile struct event *event = &scratch->event;
	__u64 slot = event->slot;
	barrier_var(slot);
	__u64 number = recipes[slot & (BANK_SLOTS - 1)].inner - 1;
	barrier_var(number);
	const volatile struct inner_choice *choice = &inner_choices[number & (INNER_CHOICES - 1)];
	__u64 at = choice->argument;
	barrier_var(at);
	__u64 chosen = at < 6 ? (event->args[at] & choice->mask) >> choice->shift : 0;

	if (chosen >= choice->count)
		return NULL;
	chosen += choice->first;
	barrier_var(chosen);
	return &inner_arguments[chosen & (INNER_ARGUMENTS - 1)];
}

/* Reads the inner arguments. Of memory that cannot be read, they are 0: nothing is captured. */
static __always_inline void inner_read(struct scratch *scratch,
				       const volatile struct inner_arguments *of)
{
	volatile __u64 *values = scratch->inner;
	__u64 at = of->argument;

	barrier_var(at);
	__u64 address = at < 6 ? scratch->event.args[at] : 0;
	for (__u32 i = 0; i < INNER_MEMBERS; i++)
		values[i] = user_long(address + of->offsets[i], of->widths[i]);
}

TABLE_PROGRAM(inner_args)
{
	struct scratch *scratch = scratch_continued();

	if (!scratch)
		return 0;
	struct call call = {.slot = scratch->event.slot};
	call.counters = stats_row(call.slot);
	if (!call.counters || !call_set_route(&call, scratch->vector.route))
		return 0; /* not reached: the handler was in that slot */
	const volatile struct inner_arguments *of = inner_find(scratch);
	if (of) {
		inner_read(scratch, of);
		if (steps_capture(scratch, &call, of->steps)) {
			bpf_tail_call(ctx, &continuations, CONTINUE_VECTORS);
			vector_finish(scratch); /* the kernel allows no further jump */
		}
	}
	emit_finish(ctx, scratch, &call);
	return 0;
}
