// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * `filter` is the program in the slots of routes that have conditions or several rules. It counts
 * the call, selects the rule that applies to it, and tail-calls the handler of that rule. Routes
 * without a filter have their handler in the slot, so only routes that use a filter pay for it.
 */
#include "filter.h"
#include "route.h"
#include "match.h"
#include "match_cache.h"
#include "admit.h"

/* Tail-calls the handler of the rule that the filter chose, or counts the call as filtered. */
static __always_inline void call_choose(void *ctx, struct counters *counters,
					const volatile struct filtering *filtering)
{
	__u32 end = filtering->pc, bank = filtering->bank;
	__u64 row = BANK_SLOTS + (end - FILTER_ACCEPT);

	barrier_var(row);
	if (end < FILTER_ACCEPT || row >= ROUTES_PER_BANK || !bank_at(bank)->routes[row].handler) {
		stats_count(counters, COUNTER_FILTERED);
		return;
	}
	counters->state.chosen = route_reference(bank, row);
	bpf_tail_call(ctx, &handlers, bank_at(bank)->routes[row].handler);
	counters->state.chosen = 0;
	stats_count(counters, COUNTER_LOST_REROUTE);
}

static __always_inline void filter_continue(void *ctx, struct scratch *scratch, __u32 slot)
{
	volatile struct filtering *filtering = &scratch->filtering;
	struct counters *counters = stats_row(slot);

	if (!counters)
		return; /* not reached: `filter` has counted the call in that row */
	insns_run(filtering);
	if (filtering->pc < INSNS_PER_BANK) {
		bpf_tail_call(ctx, &continuations,
			      filtering->wants_patterns ? text_program(filtering)
							: CONTINUE_FILTER);
		stats_count(counters, COUNTER_LOST_REROUTE);
		return;
	}
	call_choose(ctx, counters, filtering);
}

static __always_inline void filter_begin(void *ctx, struct scratch *scratch,
					 const struct call *call)
{
	volatile struct filtering *filtering = &scratch->filtering;

	scratch->jumps = JUMPS_TO_HANDLER;
	filtering->bank = call->bank;
	filtering->slot = call->slot;
	const volatile struct filter *filter = filter_of(filtering);
	if (!filter) {
		stats_count(call->counters, COUNTER_FILTERED);
		return;
	}
	operands_load(ctx, &scratch->filtering, call, filter);
	filtering->flags = is_slot_in_row(call->slot) ? call->current->flags : 0;
	filtering->pc = filter->first;
	filtering->patterns_known = false;
	filtering->wants_patterns = false;
	filtering->texts = filter->text_kinds;
	filtering->path.at = 0;
	filtering->operands[OPERAND_PATTERNS] = 0;
	match_find(scratch, call);
	filter_continue(ctx, scratch, filtering->slot);
}

TABLE_PROGRAM(filter)
{
	struct call call;

	if (!call_begin(ctx, HANDLER_FILTER, &call))
		return 0;
	call_settle(&call);
	struct scratch *scratch = scratch_of_cpu();
	if (!scratch)
		stats_count(call.counters, COUNTER_LOST_SCRATCH);
	else if (!(call.route->flags & CALL_EXEC) && cgroup_is_excluded(task_cgroup_id(call.task)))
		stats_count(call.counters, COUNTER_EXCLUDED_UNIT);
	else
		filter_begin(ctx, scratch, &call);
	return 0;
}

/* Continues `filter` for a call whose patterns have been matched, or whose filter has more
 * instructions than one jump executes. */
TABLE_PROGRAM(filter_resume)
{
	struct scratch *scratch = scratch_continued();

	if (scratch)
		filter_continue(ctx, scratch, scratch->filtering.slot);
	return 0;
}

/* Reads the text of that kind into the scratch memory. */
static __always_inline void text_read(struct scratch *scratch, const struct match_cache *cache,
				      __u32 text, const volatile struct filter *filter)
{
	switch (text) {
	case OPERAND_BIT(TEXT_COMM):
		text_comm(scratch, cache->key.comm);
		break;
	case OPERAND_BIT(TEXT_PARENT_COMM):
		text_comm(scratch, cache->key.parent_comm);
		break;
	case OPERAND_BIT(TEXT_ARGUMENT):
		text_argument(scratch, filter->paths[0]);
		break;
	case OPERAND_BIT(TEXT_ARGUMENT + 1):
		text_argument(scratch, filter->paths[1]);
		break;
	default:
		break; /* `filter_path` has */
	}
}

/* Matches the filter's patterns and returns to `filter_resume`: one text a jump, so that the
 * verifier processes the comparisons once. */
TABLE_PROGRAM(filter_match)
{
	struct scratch *scratch = scratch_continued();
	const volatile struct filter *filter = scratch ? filter_of(&scratch->filtering) : NULL;
	struct match_cache *cache = match_cache_of_cpu();

	if (!filter || !cache)
		return 0;
	volatile struct filtering *filtering = &scratch->filtering;
	__u32 texts = filtering->texts, text = texts & -texts;

	text_read(scratch, cache, text, filter);
	text_compare(scratch, pattern_kind(text), filter);
	filtering->texts = texts & ~text;
	match_store(scratch, cache, text);
	filtering->path.at = 0;
	filtering->patterns_known = texts == text;
	bpf_tail_call(ctx, &continuations, text_program(filtering));
	count_lost_reroute(filtering->slot);
	return 0;
}
