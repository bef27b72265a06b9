/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_NAMESPACES_H
#define TAILCALLD_NAMESPACES_H

#include "maps.h"
#include "task.h"

/*
 * The namespaces of the current task. Most tasks share one `struct nsproxy` with the first task, so
 * comparing two addresses shows that all are initial. `self_identify` finds the address: not every
 * kernel lists it as a symbol, and libbpf would read all of /proc/kallsyms for it.
 */

/* Loads a member directly if the verifier knows the type of `from`, else by a probe read. A kernel
 * built without a kind of namespaces has no such type. */
#define namespace_id(typed, from, member)                                                          \
	(!bpf_core_field_exists((from)->member->ns.inum) ? 0                                       \
	 : (typed)                                       ? (from)->member->ns.inum                 \
							 : BPF_CORE_READ(from, member, ns.inum))

/* Returns the pid namespace of the current task. nsproxy only has the one of its children, which is
 * the task's own or one below it: the same at the same level, and at level 0 always. After an
 * unshare(CLONE_NEWPID) they differ, and the task's own is read from its struct pid. */
static __always_inline __u32 pid_namespace_id(bool typed, const struct nsproxy *proxy)
{
	__u32 of_children = typed ? proxy->pid_ns_for_children->level
				  : BPF_CORE_READ(proxy, pid_ns_for_children, level);

	if (of_children) {
		/* By an untyped address: the verifier of 6.1 refuses the addition to a typed
		 * pointer that clang-22 generates. */
		const struct pid *pid = BPF_CORE_READ(task_untyped(), thread_pid);
		const void *numbers = __builtin_preserve_access_index(&pid->numbers[0]);
		__u32 level = BPF_CORE_READ(pid, level);
		const struct upid *own = numbers + level * bpf_core_type_size(struct upid);

		if (level != of_children)
			return BPF_CORE_READ(own, ns, ns.inum);
	}
	return namespace_id(typed, proxy, pid_ns_for_children);
}

static __always_inline void namespaces_read(bool typed, __u32 ids[NAMESPACES],
					    const struct cred *cred, const struct nsproxy *proxy)
{
	ids[NAMESPACE_CGROUP] = namespace_id(typed, proxy, cgroup_ns);
	ids[NAMESPACE_IPC] = namespace_id(typed, proxy, ipc_ns);
	ids[NAMESPACE_MNT] = namespace_id(typed, proxy, mnt_ns);
	ids[NAMESPACE_NET] = namespace_id(typed, proxy, net_ns);
	ids[NAMESPACE_PID] = pid_namespace_id(typed, proxy);
	ids[NAMESPACE_USER] = namespace_id(typed, cred, user_ns);
	ids[NAMESPACE_UTS] = namespace_id(typed, proxy, uts_ns);
}

static __always_inline bool namespaces_are_initial(const struct nsproxy *proxy,
						   const struct user_namespace *user)
{
	return (__u64)proxy == initial_namespaces.proxy && (__u64)user == initial_namespaces.user;
}

static __always_inline void namespaces_differing(__u32 ids[NAMESPACES])
{
	for (int i = 0; i < NAMESPACES; i++)
		if (ids[i] == initial_namespaces.ids[i])
			ids[i] = 0;
}

/* Returns the namespaces of the current task by enum namespace; 0 for an initial one. */
static __always_inline void task_namespaces(const struct task_struct *task, __u32 ids[NAMESPACES],
					    const struct cred *cred,
					    const struct user_namespace *user_ns)
{
	__builtin_memset(ids, 0, NAMESPACES * sizeof(*ids));
	if (TASK_IS_TYPED) {
		const struct nsproxy *proxy = task->nsproxy;

		if (namespaces_are_initial(proxy, user_ns))
			return;
		namespaces_read(true, ids, cred, proxy);
	} else {
		const struct nsproxy *proxy = BPF_CORE_READ(task_untyped(), nsproxy);

		if (namespaces_are_initial(proxy, user_ns))
			return;
		namespaces_read(false, ids, cred, proxy);
	}
	namespaces_differing(ids);
}

#endif
