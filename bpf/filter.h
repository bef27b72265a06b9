/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_FILTER_H
#define TAILCALLD_FILTER_H

#include "context.h"
#include "maps.h"
#include "task.h"

/*
 * Which rule of a route a call is for. A filter is tests that lead forward to one another, as in
 * classic BPF: each takes one fact of the call and leads to the next test, to a rule, or to none.
 * The facts that the filter needs are gathered before, texts only when a test asks for them.
 */

#define FACT_BIT(fact) (1U << (fact))

static __always_inline __u64 cgroup_bits(void)
{
	__u64 id = bpf_get_current_cgroup_id();
	const struct place *place = bpf_map_lookup_elem(&places, &id);

	return place ? place->bits : 0;
}

static __always_inline __u64 tree_bits(void)
{
	__u32 tgid = task_ids() >> 32;
	const __u64 *bits = bpf_map_lookup_elem(&tree_members, &tgid);

	return bits ? *bits : 0;
}

static __always_inline void facts_gather(void *ctx, struct filtering *filtering, bool compat,
					 const volatile struct filter *filter)
{
	__u64 user = task_user(task_cred());

	filtering->facts[FACT_UID] = (__u32)user;
	filtering->facts[FACT_GID] = user >> 32;
	if (filter->facts & FACT_BIT(FACT_LOGINUID))
		filtering->facts[FACT_LOGINUID] = task_loginuid();
	if (filter->facts & FACT_BIT(FACT_PLACE))
		filtering->facts[FACT_PLACE] = cgroup_bits();
	if (filter->facts & FACT_BIT(FACT_TREES))
		filtering->facts[FACT_TREES] = tree_bits();
	if (filter->arguments)
		call_args(ctx, compat, &filtering->facts[FACT_ARGUMENT]);
}

/* All widths are made to compare as whole unsigned numbers: signed ones with the highest bit turned
 * round. */
static __always_inline __u64 widened(__u64 value, __u8 width)
{
	const __u64 highest = 1ULL << 63;

	if (width == WIDTH_UNSIGNED_32)
		return (__u32)value;
	if (width == WIDTH_SIGNED_32)
		return (__u64)(__s64)(__s32)value ^ highest;
	return width == WIDTH_SIGNED ? value ^ highest : value;
}

static __always_inline bool test_holds(const volatile struct filtering *filtering,
				       const volatile struct test *test)
{
	__u64 fact = test->fact;

	barrier_var(fact);
	if (fact >= FACTS)
		return false;
	__u64 value = widened(filtering->facts[fact], test->width);
	return test->op == TEST_ANY_BIT ? (value & test->a) != 0
					: value >= test->a && value <= test->b;
}

/* Goes some tests on: to where they end, or where texts are needed that are not known. */
static __always_inline void tests_walk(volatile struct filtering *filtering, __u32 bank)
{
	for (__u32 i = 0; i < TESTS_A_JUMP; i++) {
		__u64 at = filtering->at;

		if (at >= TESTS_MAX)
			return;
		at += (bank & 1) * TESTS_MAX;
		barrier_var(at);
		if (at >= 2 * TESTS_MAX)
			return; /* not reached */
		const volatile struct test *test = &tests[at];
		if (test->fact == FACT_TEXTS && !filtering->texts_known) {
			filtering->wants_texts = true;
			return;
		}
		filtering->wants_texts = false;
		filtering->at = test_holds(filtering, test) ? test->yes : test->no;
	}
}

#endif
