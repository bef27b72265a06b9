// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Routed by the daemon before it reports that it is ready: its own test call must come through the
 * dispatcher, the table and the ring. Calls of other processes are ignored and not counted.
 */
#include "maps.h"
#include "context.h"
#include "wake.h"

TABLE_PROGRAM(selftest)
{
	__u64 boottime_ns = bpf_ktime_get_boot_ns();
	const struct task_struct *task = task_current();
	__u64 args[6];

	if (task_ids(task) >> 32 != self_tgid)
		return 0;
	call_args(ctx, task_in_compat_syscall(task), args);
	struct selftest_event *event = ring_reserve(sizeof(*event));
	if (!event)
		return 0;
	event->version = EVENT_VERSION;
	event->kind = EVENT_SELFTEST;
	event->size = sizeof(*event);
	event->boottime_ns = boottime_ns;
	event->nonce = args[0];
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	consumer_wake();
	return 0;
}
