// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Maintains the process trees that filters name: a child is in the trees of its parent, also after
 * the parent has ended. Attached only while a filter names a tree.
 *
 * From Linux 7.2 on the kernel may preempt a program of a raw tracepoint, and skips it for other
 * tasks on that CPU meanwhile. There `proc_tree_fork` is attached to a function, if that is
 * possible. A child that it misses all the same is found through its parent (process_tree.h), and
 * soon the daemon, which reads how often programs were skipped, repairs the trees by
 * `proc_tree_seed`. A missed exit leaves an entry that no other process matches.
 */
#include "context.h"
#include "process_tree.h"

/* Ancestors that `proc_tree_seed` searches for a root or a member. The daemon runs it until nothing
 * changes, so that trees may be deeper. */
#define ANCESTORS_MAX 8

static __always_inline __u32 group_of(const struct task_struct *task)
{
	return BPF_CORE_READ(task, tgid);
}

static __always_inline __u64 start_of(const struct task_struct *task)
{
	return BPF_CORE_READ(task, group_leader, start_boottime);
}

static __always_inline bool is_leader(const struct task_struct *task)
{
	return (__u32)BPF_CORE_READ(task, pid) == group_of(task);
}

/* Writes the entry of a process. Returns whether there was room. */
static __always_inline bool member_put(const struct task_struct *task, __u64 bits)
{
	struct tree_process member = {start_of(task), bits, tree_pass.number};
	__u32 group = group_of(task);

	return !bpf_map_update_elem(&tree_members, &group, &member, BPF_ANY);
}

/* The task that the current one has created: the argument of wake_up_new_task(), or the second one
 * of the tracepoint. */
static __always_inline const struct task_struct *new_task(const void *ctx)
{
	const struct bpf_raw_tracepoint_args *raw = ctx;

	if (task_start_kind == ATTACH_FUNCTION)
		return (const struct task_struct *)loaded(registers_argument(ctx));
	return (const struct task_struct *)loaded(raw->args[1]);
}

SEC("raw_tp/sched_process_fork")
int proc_tree_fork(void *ctx)
{
	const struct task_struct *child = new_task(ctx);
	const struct tree_process *parent;

	if (!is_leader(child))
		return 0; /* a thread */
	parent = tree_member_of_current();
	if (parent && !member_put(child, parent->bits))
		__atomic_fetch_add(&process_trees_lost, 1, __ATOMIC_RELAXED);
	return 0;
}

/* Removes a process when its last thread ends, to make room. */
SEC("raw_tp/sched_process_exit")
int proc_tree_exit(struct bpf_raw_tracepoint_args *ctx)
{
	const struct task_struct *task = (const struct task_struct *)ctx->args[0];
	__u32 group = group_of(task);

	if (BPF_CORE_READ(task, signal, live.counter) == 0)
		bpf_map_delete_elem(&tree_members, &group);
	return 0;
}

/* Returns a task's pid in the pid namespace of that level; 0 if it has none there. */
static __always_inline __u32 pid_at_level(const struct task_struct *task, __u32 level)
{
	const struct pid *pid = BPF_CORE_READ(task, group_leader, thread_pid);
	const void *numbers = __builtin_preserve_access_index(&pid->numbers[0]);
	const struct upid *own = numbers + level * bpf_core_type_size(struct upid);

	return BPF_CORE_READ(pid, level) < level ? 0 : BPF_CORE_READ(own, nr);
}

/* The pid in the namespace of the process that runs this program, the daemon: the pid that the
 * configuration has. */
static __always_inline __u32 own_number(const struct task_struct *task)
{
	return pid_at_level(task, BPF_CORE_READ(task_untyped(), thread_pid, level));
}

/* Returns the bits of the tree whose root the process is. The first process that is found with the
 * pid of a root is that root, for ever. */
static __always_inline __u64 bits_of_root(const struct task_struct *task)
{
	__u32 number = own_number(task);
	__u64 start_ns = start_of(task);
	struct tree_process *root = bpf_map_lookup_elem(&tree_roots, &number);

	if (!root)
		return 0;
	if (!root->start_ns)
		root->start_ns = start_ns;
	return root->start_ns == start_ns ? root->bits : 0;
}

/* Whether the kernel may have made the process the parent of orphans. */
static __always_inline bool is_reaper(const struct task_struct *task)
{
	const struct signal_struct *signal = BPF_CORE_READ(task, signal);

	if (BPF_CORE_READ_BITFIELD_PROBED(signal, is_child_subreaper))
		return true;
	return pid_at_level(task, BPF_CORE_READ(task, group_leader, thread_pid, level)) == 1;
}

/* Returns the bits of the trees that a process is in by descent. A process that may be an orphan,
 * and whose start may have been missed, may be in any tree. */
static __always_inline __u64 bits_of_ancestors(const struct task_struct *task)
{
	__u64 bits = 0;

	for (int i = 0; i < ANCESTORS_MAX && task; i++) {
		const struct tree_process *member = tree_member(group_of(task), start_of(task));
		const struct task_struct *parent = BPF_CORE_READ(task, real_parent);

		bits |= bits_of_root(task) | (member ? member->bits & tree_pass.mask : 0);
		if (!BPF_CORE_READ(task, pid))
			break;
		if (!member && start_of(task) >= tree_pass.since_ns && is_reaper(parent))
			bits |= tree_pass.mask & 1ULL << TREE_UNKNOWN;
		task = parent;
	}
	return bits;
}

/* Finds the members of trees among all processes. The daemon runs it when a new table names other
 * trees, and when `proc_tree_fork` missed some. */
SEC("iter/task")
int proc_tree_seed(struct bpf_iter__task *ctx)
{
	const struct task_struct *task = ctx->task;

	if (!task || !is_leader(task))
		return 0;
	__u32 group = group_of(task);
	struct tree_process *known = tree_member(group, start_of(task));
	__u64 bits = bits_of_ancestors(task);
	if (known)
		known->pass = tree_pass.number;
	if (bits == (known ? known->bits : 0))
		return 0;
	if (bits && !member_put(task, bits)) {
		tree_pass.unplaced++;
		return 0;
	}
	if (!bits)
		bpf_map_delete_elem(&tree_members, &group);
	tree_pass.changes++;
	return 0;
}
