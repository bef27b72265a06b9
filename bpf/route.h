/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_ROUTE_H
#define TAILCALLD_ROUTE_H

#include "context.h"
#include "stats.h"
#include "task.h"

/* A call as the prologue has prepared it for its handler. */
struct call {
	__u32 slot;
	bool compat;
	__u32 bank; /* 0 or 1 */
	__u32 row; /* of the bank's `routes` */
	const volatile struct route *route;
	struct counters *counters;
	/* Set by call_begin, so not in a program that continues the call: */
	const struct task_struct *task; /* the current one */
	const struct mm_struct *mm; /* its memory */
	const struct current_call *current; /* its arguments, if it is an operation or a probe */
	/* Set by call_is_admitted: */
	const struct cred *cred;
	__u64 boottime_ns;
	__u64 start_ns; /* of the process */
	__u64 cgroup;
	const struct user_namespace *user_ns;
	__u32 charged_uid; /* see owner.h */
	bool is_heavy; /* the owner makes many events, see limit.h */
};

/* Indices are hidden from clang and then masked, each where it is used: clang would omit a mask
 * that it can prove to change nothing, and the verifier cannot prove that. */
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

/* A reference to a route in one word, bank and row, for calls that another program continues. Never
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

/* Sets the call's route from a reference. Returns false if the row is out of range, which does not
 * happen. */
static __always_inline bool call_set_route(struct call *call, __u64 reference)
{
	__u64 row = reference & REFERENCE_ROW;

	barrier_var(row);
	if (row >= ROUTES_PER_BANK)
		return false;
	/* Or clang may keep a copy from before the comparison, of which 6.1 knows no bound. */
	barrier_var(row);
	call->row = row;
	call->bank = reference >> REFERENCE_BANK_SHIFT & (BANKS - 1);
	call->route = &bank_at(call->bank)->routes[row];
	return true;
}

static __always_inline bool exe_is_excluded(const struct mm_struct *mm)
{
	__u64 exe = mm_exe_address(mm);

	for (int i = 0; i < EXCLUDED_FILES; i++) {
		__u64 excluded = excluded_files[i];

		if (!excluded)
			return false;
		if (excluded == exe)
			return true;
	}
	return false;
}

/* Whether a service of the system may run in the cgroup: it is no container, nobody's own manager
 * has made it, and its tags are known. A machine without units has all processes in the root. */
static __always_inline bool cgroup_is_of_system(__u64 id)
{
	const struct cgroup_tags *tags = bpf_map_lookup_elem(&cgroup_tags, &id);

	if (!tags)
		return id <= 1;
	return !(tags->bits & 1ULL << TAG_CONTAINER) &&
	       (tags->state == PATH_IN_SYSTEM || tags->state == PATH_IN_UNIT);
}

/* Whether a program that the daemon's output keeps busy makes the call. Any user can execute such a
 * program with a library of their own in it (LD_PRELOAD), and root of a user namespace can make
 * theirs pass for it (PR_SET_MM_MAP), so it counts as run by root of the initial namespace and as a
 * service of the system only. */
static __always_inline bool call_is_of_excluded_file(const struct call *call)
{
	return exe_is_excluded(call->mm) && !(call->route->flags & CALL_EXEC) &&
	       !(__u32)task_user(task_cred(call->task)) &&
	       cgroup_is_of_system(task_cgroup_id(call->task));
}

/* Whether the daemon or a program that its output makes busy makes the call: recording it would
 * cause more such calls. */
static __always_inline bool call_is_excluded(const struct call *call)
{
	if (task_ids(call->task) >> 32 == self_tgid) {
		stats_count(call->counters, COUNTER_EXCLUDED_SELF);
		return true;
	}
	if (call_is_of_excluded_file(call)) {
		stats_count(call->counters, COUNTER_EXCLUDED_EXE);
		return true;
	}
	return false;
}

/* Continues a call that a filter has counted, with the rule that the filter chose. */
static __always_inline bool call_resume(struct call *call, __u64 chosen)
{
	call->counters->state.chosen = 0;
	return call_set_route(call, chosen);
}

/* Stores the reference to the call's route in memory and loads it again, so that the verifier
 * processes the code that follows once, not once for each way that leads here. */
static __always_inline bool call_reload_route(struct call *call)
{
	call->counters->state.route = route_reference(call->bank, call->row);
	return call_set_route(call, *(volatile __u64 *)&call->counters->state.route);
}

/*
 * Prologue of every handler. Returns whether the call is this handler's.
 *
 * A reload may have switched tables since the dispatcher read `live_base`. Only the bank that is
 * live now counts, so that each call is handled by exactly one generation: if its slot belongs to
 * another handler there, that handler runs instead; if to none, the call is not recorded.
 */
static __always_inline bool call_begin(void *ctx, __u32 handler, struct call *call)
{
	__u32 base = live_base;

	struct current_call *current = current_call_of_cpu();

	if (!current)
		return false; /* not reached */
	call->current = current;
	call->task = task_current();
	call->compat = task_in_compat_syscall(call->task);
	call->slot = context_slot(ctx, current, call->compat);
	call->counters = stats_row(call->slot);
	if (!call->counters)
		return false; /* not reached: the dispatcher has checked the number */
	call->mm = task_mm(call->task);
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
