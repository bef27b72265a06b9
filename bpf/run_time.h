/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_RUN_TIME_H
#define TAILCALLD_RUN_TIME_H

#include "maps.h"
#include "row.h"

/*
 * The time that a call spends in our programs, measured while the daemon asks for it: from the
 * dispatcher, once it knows that the number is routed, to the outcome of the call, which is counted
 * exactly once, in whichever program the call ends. The kernel's own statistics
 * (kernel.bpf_stats_enabled) cannot tell one handler from another: they count a run of the attached
 * program, with all that it tail-calls.
 *
 * What is not measured costs a load and a branch at either end of a routed call.
 */

static __always_inline void run_time_begin(void)
{
	struct current_call *running;

	if (!timed_since_ns)
		return;
	running = (struct current_call *)stats_row(CURRENT_ROW);
	if (running)
		running->began_ns = bpf_ktime_get_boot_ns();
}

/* Adds the call of this CPU to the sums of its slot, if it began after the measurement. */
static __always_inline void run_time_end(void)
{
	__u64 since_ns = timed_since_ns, slot;
	struct current_call *running;

	if (!since_ns)
		return;
	running = (struct current_call *)stats_row(CURRENT_ROW);
	if (!running || running->began_ns < since_ns)
		return;
	slot = running->call_slot;
	barrier_var(slot);
	volatile struct run_time *sums = &run_times[slot & (BANK_SLOTS - 1)];
	__atomic_fetch_add(&sums->ns, bpf_ktime_get_boot_ns() - running->began_ns,
			   __ATOMIC_RELAXED);
	__atomic_fetch_add(&sums->calls, 1, __ATOMIC_RELAXED);
	running->began_ns = 0;
}

#endif
