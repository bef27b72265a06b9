/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_ADMIT_H
#define TAILCALLD_ADMIT_H

#include "known.h"
#include "limit.h"
#include "pending.h"

/* Decides whether a call of this handler becomes an event. Each reason against it has its own
 * counter. */

/* Looks in a global table, not in a map: two to three instructions where nothing is excluded. */
static __always_inline bool cgroup_is_excluded(__u64 id)
{
	__u64 hash = excluded_cgroup_hash(id);

	for (__u32 i = 0; i < EXCLUDED_PROBES; i++) {
		__u64 excluded = excluded_cgroups[(hash + i) & (EXCLUDED_CGROUPS - 1)];

		if (!excluded)
			return false;
		if (excluded == id)
			return true;
	}
	return false;
}

static __always_inline bool is_sampled_out(const struct call *call)
{
	__u32 sample = call->route->sample;

	return sample && bpf_get_prandom_u32() >= sample;
}

/* Returns whether the call is recorded, and counts the reason if not. The time is read once, for
 * the limits and the event. */
static __always_inline bool call_is_admitted(struct call *call)
{
	__u32 limit = call->route->limit, uid_limit = call->route->uid_limit;

	call->cgroup = task_cgroup_id(call->task);
	call->cred = task_cred(call->task);
	if (!(call->route->flags & CALL_EXEC) && cgroup_is_excluded(call->cgroup)) {
		stats_count(call->counters, COUNTER_EXCLUDED_UNIT);
		return false;
	}
	if (is_sampled_out(call)) {
		stats_count(call->counters, COUNTER_SAMPLED);
		return false;
	}
	if (call_is_known(call)) {
		stats_count(call->counters, COUNTER_KNOWN);
		return false;
	}
	call->boottime_ns = bpf_ktime_get_boot_ns();
	call->start_ns = task_start_ns(call->task);
	call->user_ns = cred_user_ns(call->cred);
	task_charged_user(&call->counters->state.bucket, call->cred, call->user_ns);
	call->charged_uid = *(volatile __u64 *)&call->counters->state.bucket;
	call->is_heavy = false;
	if (limit && !limit_allows(call, limit, 0)) {
		stats_count(call->counters, COUNTER_LIMITED);
		return false;
	}
	if (uid_limit && !limit_allows(call, uid_limit, call->slot)) {
		stats_count(call->counters, COUNTER_LIMITED_UID);
		return false;
	}
	return true;
}

/* Ends the wait for an earlier exec of the task before the call may wait for itself, and before it
 * executes a program: recorded or not, its success is not that of the other. */
static __always_inline void call_settle(const struct call *call)
{
	if (call->route->flags & (CALL_EXEC | CALL_RESULT | CALL_MEMORY))
		execution_settle();
}

/* Prologue of the handlers that record. Returns whether the call becomes an event of this
 * handler. */
static __always_inline bool event_begin(void *ctx, const volatile struct handler *self,
					struct call *call)
{
	if (!call_begin(ctx, self->id, call))
		return false;
	call_settle(call);
	return call_reload_route(call) && call_is_admitted(call);
}

#endif
