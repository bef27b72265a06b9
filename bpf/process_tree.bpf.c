// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Maintains the process trees that filters name: a child is in the trees of its parent, also after
 * the parent has ended. Attached only while a filter names a tree.
 */
#include "maps.h"
#include "task.h"

/* Ancestors that `proc_tree_seed` searches for a root or a member. The daemon runs it until nothing
 * changes, so that trees may be deeper. */
#define ANCESTORS_MAX 8

static __always_inline __u32 group_of(const struct task_struct *task)
{
	return BPF_CORE_READ(task, tgid);
}

SEC("raw_tp/sched_process_fork")
int proc_tree_fork(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 parent = group_of((const struct task_struct *)ctx->args[0]);
	__u32 child = group_of((const struct task_struct *)ctx->args[1]);
	const __u64 *bits = bpf_map_lookup_elem(&tree_members, &parent);

	if (!bits || parent == child)
		return 0;
	__u64 own = *bits;
	if (bpf_map_update_elem(&tree_members, &child, &own, BPF_ANY))
		__atomic_fetch_add(&process_trees_lost, 1, __ATOMIC_RELAXED);
	return 0;
}

/* Removes a process when its last thread ends: its pid may be reused. */
SEC("raw_tp/sched_process_exit")
int proc_tree_exit(struct bpf_raw_tracepoint_args *ctx)
{
	const struct task_struct *task = (const struct task_struct *)ctx->args[0];
	__u32 group = group_of(task);

	if (BPF_CORE_READ(task, signal, live.counter) == 0)
		bpf_map_delete_elem(&tree_members, &group);
	return 0;
}

/* The pid in the namespace of the process that runs this program, the daemon: the pid that the
 * configuration has. */
static __always_inline __u32 own_number(const struct task_struct *task)
{
	__u32 level = BPF_CORE_READ(task_untyped(), thread_pid, level);
	const struct pid *pid = BPF_CORE_READ(task, group_leader, thread_pid);
	const void *numbers = __builtin_preserve_access_index(&pid->numbers[0]);
	const struct upid *own = numbers + level * bpf_core_type_size(struct upid);

	return BPF_CORE_READ(pid, level) < level ? 0 : BPF_CORE_READ(own, nr);
}

/* Returns the bits of the trees that a process is in by descent. */
static __always_inline __u64 bits_of_ancestors(const struct task_struct *task)
{
	__u64 bits = 0;

	for (int i = 0; i < ANCESTORS_MAX && task; i++) {
		__u32 number = own_number(task), group = group_of(task);
		const __u64 *root = bpf_map_lookup_elem(&tree_roots, &number);
		const __u64 *member = bpf_map_lookup_elem(&tree_members, &group);

		bits |= (root ? *root : 0) | (member ? *member & tree_mask : 0);
		if (!BPF_CORE_READ(task, pid))
			break;
		task = BPF_CORE_READ(task, real_parent);
	}
	return bits;
}

/* Finds the members of trees that exist already. The daemon runs it when a new table names other
 * trees; members of trees that stay are kept. */
SEC("iter/task")
int proc_tree_seed(struct bpf_iter__task *ctx)
{
	const struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	__u32 group = group_of(task);
	const __u64 *known = bpf_map_lookup_elem(&tree_members, &group);
	__u64 bits = bits_of_ancestors(task);
	if (bits == (known ? *known : 0))
		return 0;
	__atomic_fetch_add(&tree_changes, 1, __ATOMIC_RELAXED);
	if (!bits)
		bpf_map_delete_elem(&tree_members, &group);
	else if (bpf_map_update_elem(&tree_members, &group, &bits, BPF_ANY))
		__atomic_fetch_add(&process_trees_lost, 1, __ATOMIC_RELAXED);
	return 0;
}
