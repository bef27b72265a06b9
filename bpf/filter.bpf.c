// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * `filter`: in the slots of routes that are not for every call, or that have alternatives. It
 * counts the call, decides which rule it is for, and tail-calls the handler of that rule. Routes
 * without a filter have their handler in the slot, so that a filter costs only those who ask for
 * it.
 */
#include "filter.h"
#include "route.h"
#include "match.h"
#include "admit.h"

/* The filter of that route; NULL if there is none, which the daemon does not let happen. */
static __always_inline const volatile struct filter *filter_of(__u64 row)
{
	barrier_var(row);
	if (row >= TABLE_SLOTS)
		return NULL;
	/* One index, tested where it is used: what Linux 5.10 knows of a number it forgets when
	 * that is put onto the stack. */
	__u64 at = row / BANK_SLOTS * FILTERS_MAX + routes[row].filter - 1;
	barrier_var(at);
	if (at >= 2 * FILTERS_MAX)
		return NULL;
	return &filters[at];
}

/* The call goes to the handler of the rule, or ends here. */
static __always_inline void call_choose(void *ctx, struct counters *counters, __u32 end, __u32 bank)
{
	__u64 row = TABLE_SLOTS + (bank & 1) * RULES_MAX + (end - TEST_CHOOSES);

	barrier_var(row);
	if (end < TEST_CHOOSES || row >= ROUTES || !routes[row].handler) {
		stats_count(counters, COUNTER_FILTERED);
		return;
	}
	counters->state.chosen = row + 1;
	bpf_tail_call(ctx, &handlers, routes[row].handler);
	counters->state.chosen = 0;
	stats_count(counters, COUNTER_LOST_REROUTE);
}

static __always_inline void filter_go_on(void *ctx, struct scratch *scratch, __u32 slot)
{
	volatile struct filtering *filtering = &scratch->filtering;
	struct counters *counters = stats_row(slot);
	__u32 bank = filtering->row / BANK_SLOTS;

	if (!counters)
		return; /* not reached: it has counted the call */
	tests_walk(filtering, bank);
	if (filtering->at < TESTS_MAX) {
		bpf_tail_call(ctx, &continuations,
			      filtering->wants_texts ? CONTINUE_MATCH : CONTINUE_FILTER);
		stats_count(counters, COUNTER_LOST_REROUTE);
		return;
	}
	call_choose(ctx, counters, filtering->at, bank);
}

static __always_inline void filter_begin(void *ctx, struct scratch *scratch,
					 const struct call *call)
{
	const volatile struct filter *filter = filter_of(call->row);

	if (!filter) {
		stats_count(call->counters, COUNTER_FILTERED);
		return;
	}
	facts_gather(ctx, &scratch->filtering, call->compat, filter);
	scratch->filtering.row = call->row;
	scratch->filtering.at = filter->first;
	scratch->filtering.texts_known = false;
	scratch->filtering.wants_texts = false;
	scratch->filtering.text_kind = 0;
	scratch->filtering.facts[FACT_TEXTS] = 0;
	filter_go_on(ctx, scratch, call->slot);
}

SEC("raw_tp")
int filter(void *ctx)
{
	struct call call;
	__u32 zero = 0;

	if (!call_begin(ctx, HANDLER_FILTER, &call))
		return 0;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);
	if (!scratch)
		stats_count(call.counters, COUNTER_LOST_SCRATCH);
	else if (cgroup_is_excluded(bpf_get_current_cgroup_id()))
		stats_count(call.counters, COUNTER_EXCLUDED_UNIT);
	else
		filter_begin(ctx, scratch, &call);
	return 0;
}

/* `filter` once more: for a call whose texts are known by now, or that has more tests before it. */
SEC("raw_tp")
int filter_resume(void *ctx)
{
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);

	if (scratch)
		filter_go_on(ctx, scratch, scratch->filtering.row % BANK_SLOTS);
	return 0;
}

/* A program did not start. */
static __always_inline void lost_between(__u32 slot)
{
	struct counters *counters = stats_row(slot);

	if (counters)
		stats_count(counters, COUNTER_LOST_REROUTE);
}

/* Puts the text of that kind into the scratch memory. */
static __always_inline void text_learn(struct scratch *scratch, __u32 kind,
				       const volatile struct filter *filter)
{
	switch (kind) {
	case TEXT_COMM:
		text_comm(scratch);
		break;
	case TEXT_PARENT_COMM:
		text_parent_comm(scratch);
		break;
	case TEXT_EXE:
		text_exe(scratch);
		break;
	case TEXT_ARGUMENT:
		text_argument(scratch, filter->paths[0]);
		break;
	default:
		text_argument(scratch, filter->paths[1]);
	}
}

/* Finds out which of the filter's patterns hold, and goes back to it: one kind of text a jump, so
 * that the verifier goes through the comparisons once. */
SEC("raw_tp")
int filter_match(void *ctx)
{
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);
	const volatile struct filter *filter = scratch ? filter_of(scratch->filtering.row) : NULL;

	if (!filter)
		return 0;
	volatile struct filtering *filtering = &scratch->filtering;
	__u32 kind = filtering->text_kind;

	if (kind < TEXT_KINDS) {
		filtering->text_kind = kind + 1;
		if (filter->text_kinds & FACT_BIT(kind)) {
			text_learn(scratch, kind, filter);
			text_compare(scratch, kind, filtering->row / BANK_SLOTS, filter);
		}
		bpf_tail_call(ctx, &continuations, CONTINUE_MATCH);
	} else {
		filtering->texts_known = true;
		bpf_tail_call(ctx, &continuations, CONTINUE_FILTER);
	}
	lost_between(filtering->row % BANK_SLOTS);
	return 0;
}
