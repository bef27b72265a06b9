// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Never attached: the daemon runs it in its own context (BPF_PROG_TEST_RUN) to get the kernel's
 * identity of itself and of its files. /proc shows the pid in the daemon's own pid namespace, and
 * stat() returns device numbers that overlay and btrfs invent. It also stores the initial
 * namespaces, and the time, which is another one in a time namespace.
 */
#include "dentry.h"
#include "executable.h"
#include "maps.h"
#include "namespaces.h"
#include "repeat.h"
#include "task.h"

/* Ancestors that are searched for the task 0, the parent of the first process. */
#define ANCESTORS_MAX 512

/* Goes to the parent. Returns false at the task 0. */
static __always_inline bool ancestor_step(const struct task_struct **task)
{
	if (!BPF_CORE_READ(*task, pid))
		return false;
	*task = BPF_CORE_READ(*task, real_parent);
	return true;
}

static __always_inline const struct task_struct *first_task(void)
{
	const struct task_struct *task = task_untyped();

	REPEAT(ANCESTORS_MAX, ancestor_step(&task));
	return task;
}

static __always_inline void initial_namespaces_read(const struct task_struct *task)
{
	const struct nsproxy *proxy = BPF_CORE_READ(task, nsproxy);
	const struct cred *cred = BPF_CORE_READ(task, cred);
	__u32 ids[NAMESPACES];

	if (BPF_CORE_READ(task, pid))
		return;
	initial_namespaces.user = (__u64)BPF_CORE_READ(cred, user_ns);
	namespaces_read(false, ids, cred, proxy);
	for (int i = 0; i < NAMESPACES; i++)
		initial_namespaces.ids[i] = ids[i];
	initial_namespaces.proxy = (__u64)proxy;
}

/* args[0]: a file descriptor of the caller, or -1 for none. */
SEC("raw_tp")
int self_identify(struct bpf_raw_tracepoint_args *ctx)
{
	__s32 fd = ctx->args[0];
	const struct file *file;

	self_tgid = task_ids(task_current()) >> 32;
	identified_ns = bpf_ktime_get_boot_ns();
	initial_namespaces_read(first_task());
	if (fd < 0)
		return 0;
	file = (const struct file *)file_of(bpf_get_current_task(), fd);
	identified_file = (__u64)BPF_CORE_READ(file, f_inode);
	return 0;
}

/* args[0]: a file descriptor of the caller. Stores the identity of its file; zeros if it is not
 * open. */
SEC("raw_tp")
int file_identify(struct bpf_raw_tracepoint_args *ctx)
{
	executable_describe(&identified_executable, file_of(bpf_get_current_task(), ctx->args[0]));
	return 0;
}
