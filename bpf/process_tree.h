/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_PROCESS_TREE_H
#define TAILCALLD_PROCESS_TREE_H

#include "maps.h"
#include "task.h"
#include <bpf/bpf_core_read.h>

/* Returns a process's entry in the process trees; NULL if it has none. An entry of another process
 * that had the pid before is none: `proc_tree_exit` may have missed the end of that process. */
static __always_inline struct tree_process *tree_member(__u32 group, __u64 start_ns)
{
	struct tree_process *member = bpf_map_lookup_elem(&tree_members, &group);

	return member && member->start_ns == start_ns ? member : NULL;
}

/* Returns the entry of the current process, or of its parent if `proc_tree_fork` missed the
 * process; NULL if neither has one. */
static __always_inline const struct tree_process *tree_member_of_current(void)
{
	const struct task_struct *task = task_current();
	const struct tree_process *own = tree_member(task_ids(task) >> 32, task_start_ns(task));

	if (own)
		return own;
	const struct task_struct *parent = BPF_CORE_READ(task_untyped(), real_parent);
	return tree_member(BPF_CORE_READ(parent, tgid),
			   BPF_CORE_READ(parent, group_leader, start_boottime));
}

#endif
