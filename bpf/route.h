/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_ROUTE_H
#define TAILCALLD_ROUTE_H

#include "context.h"
#include "stats.h"
#include "task.h"

/* A call, as its handler knows it after the prologue. */
struct call {
	__u32 slot;
	bool compat;
	__u32 bank; /* 0 or 1 */
	__u32 row; /* of the bank's `routes` */
	const volatile struct route *route;
	struct counters *counters;
	const struct mm_struct *mm; /* of the current task */
	__u64 exe_inode;
	/* The rest is known only of one that may become an event. */
	const struct cred *cred;
	__u64 boottime_ns;
	__u64 start_ns; /* of the process */
	__u64 cgroup;
};

/* Indices are hidden from clang and then masked, each where it is used: clang would leave out a
 * mask that it knows to change nothing, and the verifier knows less. */
static __always_inline const volatile struct bank *bank_at(__u64 bank)
{
	barrier_var(bank);
	return &banks[bank & (BANKS - 1)];
}

static __always_inline const volatile struct route *slot_route(__u64 bank, __u64 slot)
{
	barrier_var(slot);
	return &bank_at(bank)->routes[slot & (BANK_SLOTS - 1)];
}

/* A reference to a route in one word, for calls that go on in another program: bank and row. Never
 * 0. */
enum {
	REFERENCE_IS_SET = 1 << 31,
	REFERENCE_BANK_SHIFT = 16,
	REFERENCE_ROW = (1 << REFERENCE_BANK_SHIFT) - 1,
};

static __always_inline __u64 route_reference(__u32 bank, __u32 row)
{
	return (__u32)REFERENCE_IS_SET | bank << REFERENCE_BANK_SHIFT | row;
}

/* Finds the call's route again. False if there is none, which cannot happen. */
static __always_inline bool call_set_route(struct call *call, __u64 reference)
{
	__u64 row = reference & REFERENCE_ROW;

	barrier_var(row);
	if (row >= ROUTES_PER_BANK)
		return false;
	call->row = row;
	call->bank = reference >> REFERENCE_BANK_SHIFT & (BANKS - 1);
	call->route = &bank_at(call->bank)->routes[row];
	return true;
}

static __always_inline bool call_is_of_excluded_file(const struct call *call)
{
	for (int i = 0; i < EXCLUDED_FILES; i++) {
		__u64 excluded = excluded_files[i].inode;

		if (!excluded)
			return false;
		if (excluded == call->exe_inode &&
		    excluded_files[i].device == mm_exe_device(call->mm))
			return true;
	}
	return false;
}

/* Our own calls, and those that our output causes: recording them would cause more of them. */
static __always_inline bool call_is_excluded(const struct call *call)
{
	if (task_ids() >> 32 == self_tgid) {
		stats_count(call->counters, COUNTER_EXCLUDED_SELF);
		return true;
	}
	if (call_is_of_excluded_file(call)) {
		stats_count(call->counters, COUNTER_EXCLUDED_EXE);
		return true;
	}
	return false;
}

/* A filter has let this call through and counted it: the call goes on by the rule that the filter
 * chose. */
static __always_inline bool call_resume(struct call *call, __u64 chosen)
{
	call->counters->state.chosen = 0;
	return call_set_route(call, chosen);
}

/* The reference to the call's route goes through memory, so that the verifier looks at what follows
 * once, not once for each way to here. */
static __always_inline bool call_reload_route(struct call *call)
{
	call->counters->state.route = route_reference(call->bank, call->row);
	return call_set_route(call, *(volatile __u64 *)&call->counters->state.route);
}

/*
 * The prologue of every handler: true if the call is this handler's.
 *
 * The dispatcher read `live_base` a moment ago; a flip may have come in between. Only what the bank
 * that is live now says counts, so that each call is judged by exactly one generation: if its slot
 * belongs to another handler there, that one runs instead; if to none, the call was never routed.
 */
static __always_inline bool call_begin(void *ctx, __u32 handler, struct call *call)
{
	__u32 base = live_base;

	call->compat = task_in_compat_syscall();
	call->slot = call_slot(call_number(ctx), call->compat);
	call->counters = stats_row(call->slot);
	if (!call->counters)
		return false; /* not reached: the dispatcher has checked the number */
	call->mm = task_mm();
	call->exe_inode = mm_exe_inode(call->mm);
	if (call->counters->state.chosen)
		return call_resume(call, call->counters->state.chosen);
	call->bank = base / BANK_SLOTS;
	call->row = call->slot;
	call->route = slot_route(call->bank, call->slot);

	if (call->route->handler != handler) {
		bpf_tail_call(ctx, &syscalls, base + call->slot);
		if (call->route->handler) {
			stats_count(call->counters, COUNTER_SEEN);
			stats_count(call->counters, COUNTER_LOST_REROUTE);
		}
		return false;
	}
	stats_count(call->counters, COUNTER_SEEN);
	return !call_is_excluded(call);
}

#endif
