// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Reports new and removed cgroups of the v2 hierarchy to the daemon, in the same rings as the
 * events and so in order with them: even the unit of a process that lives for a millisecond is
 * known by name. The programs run only on mkdir and rmdir in a cgroup tree.
 */
#include "cgroup_tags.h"
#include "preempt.h"
#include "repeat.h"
#include "ring_room.h"
#include "wake.h"

static __always_inline __u64 cgroup_id(const struct cgroup *cgroup)
{
	return BPF_CORE_READ(cgroup, kn, id);
}

static __always_inline __u64 parent_id(const struct cgroup *cgroup)
{
	return BPF_CORE_READ(cgroup, self.parent, cgroup, kn, id);
}

/* 0 is the v2 hierarchy; the others are v1 controllers with ids of their own. */
static __always_inline bool is_of_v2(const struct cgroup *cgroup)
{
	return BPF_CORE_READ(cgroup, root, hierarchy_id) == 0;
}

/* Levels that are searched for the root of the daemon's view. */
#define VIEW_LEVELS 32

/* The id of the root of a hierarchy. */
#define ROOT_ID 1

/* Goes to the parent; NULL above the root. Returns false there, and at the root of the view. */
static __always_inline bool cgroup_step(const struct cgroup **cgroup, __u64 view)
{
	if (!*cgroup || cgroup_id(*cgroup) == view)
		return false;
	*cgroup = BPF_CORE_READ(*cgroup, self.parent, cgroup);
	return true;
}

/* Whether the daemon sees the cgroup, or may see it because it is deeper than the search. No filter
 * knows those outside, and nothing is missing for that. */
static __always_inline bool cgroup_is_in_view(const struct cgroup *cgroup)
{
	__u64 view = cgroup_view;

	if (view <= ROOT_ID)
		return true;
	REPEAT(VIEW_LEVELS, cgroup_step(&cgroup, view));
	return cgroup;
}

/* Any user with a cgroup of its own can make others in a loop: the reserved part of the ring stays
 * free. Cgroups without a record are counted, and the daemon reads the tree again. */
static __always_inline void cgroup_record(const struct cgroup *cgroup, __u16 kind)
{
	__u64 boottime_ns = bpf_ktime_get_boot_ns();
	struct cgroup_event *event = NULL;

	if (ring_fill() < ring_common_room())
		event = ring_reserve(sizeof(*event));
	if (!event) {
		__atomic_fetch_add(&cgroups_lost, 1, __ATOMIC_RELAXED);
		return;
	}
	event->version = EVENT_VERSION;
	event->kind = kind;
	event->size = sizeof(*event);
	event->boottime_ns = boottime_ns;
	event->id = cgroup_id(cgroup);
	event->parent = parent_id(cgroup);
	__builtin_memset(event->name, 0, sizeof(event->name));
	bpf_probe_read_kernel_str(event->name, sizeof(event->name),
				  BPF_CORE_READ(cgroup, kn, name));
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	consumer_wake();
}

static __always_inline int cgroup_emit(const struct cgroup *cgroup, __u16 kind)
{
	preemption_off();
	cgroup_record(cgroup, kind);
	preemption_on();
	return 0;
}

SEC("raw_tp/cgroup_mkdir")
int cgroup_mkdir(struct bpf_raw_tracepoint_args *ctx)
{
	const struct cgroup *cgroup = (const struct cgroup *)ctx->args[0];

	if (!is_of_v2(cgroup))
		return 0;
	if (cgroup_is_in_view(cgroup))
		cgroup_tag(cgroup_id(cgroup), parent_id(cgroup), BPF_CORE_READ(cgroup, kn, name));
	return cgroup_emit(cgroup, EVENT_CGROUP_CREATED);
}

SEC("raw_tp/cgroup_rmdir")
int cgroup_rmdir(struct bpf_raw_tracepoint_args *ctx)
{
	const struct cgroup *cgroup = (const struct cgroup *)ctx->args[0];

	if (!is_of_v2(cgroup))
		return 0;
	cgroup_untag(cgroup_id(cgroup));
	return cgroup_emit(cgroup, EVENT_CGROUP_REMOVED);
}
