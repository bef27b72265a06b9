// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `argv_walk`: goes along the strings of a program that is executed, for a handler that has
 * tail-called it, and submits the event. Not attached, and in no slot of the table. */
#include "argv.h"

static __always_inline void walk_round(struct scratch *scratch)
{
	switch (((volatile struct walk *)&scratch->walk)->stage) {
	case WALK_STRINGS:
		walk_string(scratch);
		break;
	case WALK_REST:
	case WALK_COUNT:
		walk_count(scratch);
		break;
	case WALK_ENV:
		walk_env(scratch);
		break;
	case WALK_ENV_TAKE:
		walk_env_take(scratch);
		break;
	}
}

static __always_inline void walk_submit(struct scratch *scratch)
{
	struct call call = {.slot = scratch->event.slot};

	call.counters = stats_row(call.slot);
	if (!call.counters || !call_refer(&call, scratch->walk.route))
		return; /* not reached: the handler was in that slot */
	emit_submit(scratch, &call);
}

SEC("raw_tp")
int argv_walk(void *ctx)
{
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);

	if (!scratch)
		return 0;
	for (__u32 i = 0; i < WALK_ROUNDS; i++) {
		if (((volatile struct walk *)&scratch->walk)->stage == WALK_END)
			break;
		walk_round(scratch);
	}
	if (scratch->walk.stage != WALK_END || walk_goes_on(scratch)) {
		bpf_tail_call(ctx, &continuations, CONTINUE_ARGV);
		/* That was the last jump which the kernel allows. */
		scratch->walk.unreadable = true;
		walk_goes_on(scratch);
	}
	walk_submit(scratch);
	return 0;
}
