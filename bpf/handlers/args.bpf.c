// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `args`: records any syscall with its six arguments as they were passed, and the memory that they
 * point to, by the syscall's recipe. */
#include "handler.h"
#include "steps.h"
#include "argv.h"
#include "probe_memory.h"

HANDLER(args) = {
	.name = "args",
	.summary = "any syscall: its arguments, as strace prints them",
	.messages = {"{syscall}({args})"},
};

/* Whether the call has no memory to read, at entry or at the return: then it needs no scratch
 * memory. */
static __always_inline bool is_plain(const struct call *call, const volatile struct recipe *recipe)
{
	return !recipe->at_entry &&
	       !(call->route->flags & CALL_RESULT && recipe->steps[0].op != STEP_END);
}

/* Leaves the event to the copying of argv, with the number of strings in the environment. */
static __always_inline void recipe_copy_argv(void *ctx, struct scratch *scratch,
					     const struct call *call,
					     const volatile struct recipe *recipe)
{
	scratch->argv.field = recipe->strings - 1;
	scratch->argv.count_field = recipe->strings - 1;
	scratch->argv.bytes_field = NO_FIELD;
	scratch->argv.env_field = recipe->environment - 1;
	scratch->argv.env_bits = 0;
	scratch->argv.environment = argument(scratch, recipe->environment - 1);
	argv_begin(ctx, scratch, call, argument(scratch, recipe->strings - 1));
}

TABLE_PROGRAM(handle_args)
{
	struct call call;
	struct scratch *scratch;

	if (!event_begin(ctx, &args_handler, &call))
		return 0;
	__u64 slot = call.slot;
	barrier_var(slot);
	const volatile struct recipe *recipe = &recipes[slot & (BANK_SLOTS - 1)];
	__u32 pointers = probe_pointers(slot);
	if (!pointers && is_plain(&call, recipe)) {
		emit_event(ctx, &call);
		return 0;
	}
	scratch = emit_begin(ctx, &call);
	if (!scratch)
		return 0;
	if (pointers)
		probe_memory_capture(scratch, slot);
	if (steps_capture(scratch, &call, recipe->steps)) {
		bpf_tail_call(ctx, &continuations, CONTINUE_VECTORS);
		vector_finish(scratch); /* the kernel allows no further jump */
	}
	if (recipe->inner) {
		scratch->vector.route = route_reference(call.bank, call.row);
		bpf_tail_call(ctx, &continuations, CONTINUE_INNER);
	}
	if (recipe->strings)
		recipe_copy_argv(ctx, scratch, &call, recipe);
	else
		emit_finish(ctx, scratch, &call);
	return 0;
}
