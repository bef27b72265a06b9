// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tells the daemon the cgroups of the v2 hierarchy as they come and go, in the same ring as the
 * events and so in order with them: the unit of a process that lives for a millisecond is known by
 * name. Nothing here runs on a syscall other than mkdir and rmdir in a cgroup tree.
 */
#include "maps.h"
#include "wake.h"
#include <bpf/bpf_core_read.h>

static __always_inline int cgroup_emit(const struct cgroup *cgroup, __u16 kind)
{
	/* 0 is the v2 hierarchy; the others are v1 controllers with ids of their own. */
	if (BPF_CORE_READ(cgroup, root, hierarchy_id) != 0)
		return 0;
	struct cgroup_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__atomic_fetch_add(&cgroups_lost, 1, __ATOMIC_RELAXED);
		return 0;
	}
	event->version = EVENT_VERSION;
	event->kind = kind;
	event->size = sizeof(*event);
	event->id = BPF_CORE_READ(cgroup, kn, id);
	event->parent = BPF_CORE_READ(cgroup, self.parent, cgroup, kn, id);
	__builtin_memset(event->name, 0, sizeof(event->name));
	bpf_probe_read_kernel_str(event->name, sizeof(event->name),
				  BPF_CORE_READ(cgroup, kn, name));
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	consumer_wake();
	return 0;
}

SEC("raw_tp/cgroup_mkdir")
int cgroup_mkdir(struct bpf_raw_tracepoint_args *ctx)
{
	return cgroup_emit((const struct cgroup *)ctx->args[0], EVENT_CGROUP_BORN);
}

SEC("raw_tp/cgroup_rmdir")
int cgroup_rmdir(struct bpf_raw_tracepoint_args *ctx)
{
	return cgroup_emit((const struct cgroup *)ctx->args[0], EVENT_CGROUP_GONE);
}
