// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `argv_copy`: copies the strings of a program that a call executes, for the handler that has
 * tail-called it, and submits the event. It is not attached, and in no slot of the table. */
#include "argv.h"
#include "repeat.h"

/* Returns whether more rounds are needed. */
static __always_inline bool argv_round(struct scratch *scratch)
{
	switch (((volatile struct argv_copy *)&scratch->argv)->stage) {
	case STAGE_COPY_ARGV:
		argv_copy_string(scratch);
		break;
	case STAGE_COUNT_ARGV:
	case STAGE_COUNT_ENV:
		argv_count_strings(scratch);
		break;
	case STAGE_FIND_ENV:
		env_find_string(scratch);
		break;
	case STAGE_COPY_ENV:
		env_copy_string(scratch);
		break;
	case STAGE_END:
		return false;
	}
	return true;
}

static __always_inline void argv_submit(void *ctx, struct scratch *scratch)
{
	struct call call = {.slot = scratch->event.slot};

	call.counters = stats_row(call.slot);
	if (!call.counters || !call_set_route(&call, scratch->argv.route))
		return; /* not reached: the handler was in that slot */
	emit_finish(ctx, scratch, &call);
}

TABLE_PROGRAM(argv_copy)
{
	struct scratch *scratch = scratch_continued();

	if (!scratch)
		return 0;
	REPEAT(ROUNDS_PER_JUMP, argv_round(scratch));
	if (scratch->argv.stage != STAGE_END || argv_next_vector(scratch)) {
		bpf_tail_call(ctx, &continuations, CONTINUE_ARGV);
		/* The kernel allows no further jump. */
		scratch->argv.is_uncounted = true;
		argv_next_vector(scratch);
	}
	argv_submit(ctx, scratch);
	return 0;
}
