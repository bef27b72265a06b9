/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_ROUTE_H
#define TAILCALLD_ROUTE_H

#include "context.h"
#include "stats.h"
#include "task.h"

/* What a handler knows about the call once its prologue let it through. */
struct call {
	__u32 slot;
	bool compat;
	__u32 bank; /* which: 0 or 1 */
	__u32 row; /* of `routes` */
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
		stats_count(call->counters, COUNTER_EXCLUDED_SINK);
		return true;
	}
	return false;
}

/* A filter has let this call through, and counted it: by what that one decided goes on. */
static __always_inline bool call_resume(struct call *call, __u64 chosen)
{
	__u64 row = chosen - 1;

	call->counters->state.chosen = 0;
	barrier_var(row);
	if (row >= ROUTES)
		return false; /* not reached: the filter has checked it */
	call->row = row;
	call->route = &routes[row];
	return true;
}

/* The call's row goes through memory, so that the verifier looks once at what follows, not once for
 * each way to here. */
static __always_inline bool call_settle(struct call *call)
{
	call->counters->state.row = call->row;
	__u64 row = *(volatile __u64 *)&call->counters->state.row;

	barrier_var(row);
	if (row >= ROUTES)
		return false; /* not reached: that is where it was found */
	call->row = row;
	call->bank = row < TABLE_SLOTS ? row / BANK_SLOTS : (row - TABLE_SLOTS) / RULES_MAX;
	call->route = &routes[row];
	return true;
}

/*
 * The prologue of every handler: true if the call is this handler's.
 *
 * The dispatcher read `bank` a moment ago; a flip may have come in between. Only what the bank
 * that is live now says counts, so that each call is judged by exactly one generation: if its slot
 * belongs to another handler there, that one runs instead; if to none, the call was never routed.
 */
static __always_inline bool call_begin(void *ctx, __u32 handler, struct call *call)
{
	call->compat = task_in_compat_syscall();
	call->slot = call_slot(call_number(ctx), call->compat);

	__u64 at = (__u32)(bank + call->slot);
	call->counters = stats_row(call->slot);
	/* Without it, clang compares one copy and uses another, which the verifier refuses. */
	barrier_var(at);
	if (at >= TABLE_SLOTS || !call->counters)
		return false; /* not reached: the dispatcher has checked the number */
	call->mm = task_mm();
	call->exe_inode = mm_exe_inode(call->mm);
	if (call->counters->state.chosen)
		return call_resume(call, call->counters->state.chosen);
	call->row = at;
	call->route = &routes[at];

	if (call->route->handler != handler) {
		bpf_tail_call(ctx, &syscalls, at);
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
