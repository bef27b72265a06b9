// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `argv_walk`: goes along the strings of a program that is executed, for a handler that has
 * tail-called it, and submits the event. Not attached, and in no slot of the table. */
#include "argv.h"

static __always_inline void walk_round(struct scratch *emit)
{
	switch (((volatile struct walk *)&emit->walk)->stage) {
	case WALK_STRINGS:
		walk_string(emit);
		break;
	case WALK_REST:
	case WALK_COUNT:
		walk_count(emit);
		break;
	case WALK_ENV:
		walk_env(emit);
		break;
	case WALK_ENV_TAKE:
		walk_env_take(emit);
		break;
	}
}

static __always_inline void walk_submit(struct scratch *emit)
{
	struct call call = {.slot = emit->event.slot};
	__u64 at = emit->walk.route;

	call.counters = stats_row(call.slot);
	barrier_var(at);
	if (at >= ROUTES || !call.counters)
		return; /* not reached: the handler was in that slot */
	call.route = &routes[at];
	emit_submit(emit, &call);
}

SEC("raw_tp")
int argv_walk(void *ctx)
{
	__u32 zero = 0;
	struct scratch *emit = bpf_map_lookup_elem(&scratches, &zero);

	if (!emit)
		return 0;
	for (__u32 i = 0; i < WALK_ROUNDS; i++) {
		if (((volatile struct walk *)&emit->walk)->stage == WALK_END)
			break;
		walk_round(emit);
	}
	if (emit->walk.stage != WALK_END || walk_goes_on(emit)) {
		bpf_tail_call(ctx, &continuations, CONTINUE_ARGV);
		/* That was the last jump which the kernel allows. */
		emit->walk.unreadable = true;
		walk_goes_on(emit);
	}
	walk_submit(emit);
	return 0;
}
