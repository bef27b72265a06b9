/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_TASK_H
#define TAILCALLD_TASK_H

#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "event.h"
#include "globals.h"

/*
 * The current task. Where the kernel has bpf_get_current_task_btf (5.11), members are loaded
 * directly, at 1 to 3 ns each; a probe read costs 7 to 25 ns, a helper that returns the same member
 * 4 to 14. The test for the helper is resolved at load time and the branch not taken is removed by
 * the verifier. A program asks for the task once, and passes it on: the helper is a call, which
 * takes 2 ns, and 6 where each return is guarded against speculation (SRSO, AMD).
 */
#define TASK_IS_TYPED bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf)

static __always_inline struct task_struct *task_untyped(void)
{
	return (struct task_struct *)bpf_get_current_task();
}

/* Whether an address can be made a typed pointer (6.2), from which members are loaded directly,
 * pointers as well. The verifier replaces bpf_rdonly_cast by a move, and trusts none of these
 * pointers. The enum tells that the kernel has it: clang follows what it knows of bpf_ksym_exists
 * from one use to the next, and then the verifier meets the call where the kernel lacks it. */
#define HAS_CAST bpf_core_enum_value_exists(enum special_kfunc_type, KF_bpf_rdonly_cast)

/* Makes an address a pointer to a structure of the kernel. Not bpf_core_cast: the daemon resolves
 * types by an excerpt of the kernel's, which has other numbers. */
#define CAST(address, type)                                                                        \
	((const struct type *)bpf_rdonly_cast((const void *)(address), cast_types[CAST_##type].id))

/* The task, for the functions below. NULL, and not used, where it is not typed. Not a pointer that
 * the verifier trusts, if that can be had: for each pointer that is loaded from a trusted one, it
 * searches all types of the kernel for those that decide whether it may trust it (type_is_trusted
 * in kernel/bpf/verifier.c, 6.4), up to four times, which takes 1 ms (6.18) and adds up to a fifth
 * of the start. */
static __always_inline const struct task_struct *task_current(void)
{
	if (HAS_CAST)
		return CAST(bpf_get_current_task(), task_struct);
	return TASK_IS_TYPED ? bpf_get_current_task_btf() : NULL;
}

/* Thread group in the upper half, thread in the lower, in the initial namespace. */
static __always_inline __u64 task_ids(const struct task_struct *task)
{
	if (TASK_IS_TYPED)
		return (__u64)task->tgid << 32 | (__u32)task->pid;
	return bpf_get_current_pid_tgid();
}

static __always_inline const struct cred *task_cred(const struct task_struct *task)
{
	if (TASK_IS_TYPED)
		return task->cred;
	return BPF_CORE_READ(task_untyped(), cred);
}

/* Group in the upper half, user in the lower: real ids, in the initial user namespace. */
static __always_inline __u64 task_user(const struct cred *cred)
{
	if (TASK_IS_TYPED)
		return (__u64)cred->gid.val << 32 | cred->uid.val;
	return bpf_get_current_uid_gid();
}

/* Copies the comm as two words: a loop over bytes, or the helper, costs 10 ns more. */
static __always_inline void task_comm(const struct task_struct *task, __u8 comm[COMM_SIZE])
{
	__u64 *to = (__u64 *)comm;

	if (TASK_IS_TYPED) {
		const __u64 *from = (const __u64 *)task->comm;

		to[0] = from[0];
		to[1] = from[1];
	} else {
		bpf_get_current_comm(comm, COMM_SIZE);
	}
}

/* Copies the comm of the parent's main thread. */
static __always_inline void task_parent_comm(const struct task_struct *task,
					     __u64 to[COMM_SIZE / 8])
{
	if (TASK_IS_TYPED) {
		const struct task_struct *parent = task->real_parent->group_leader;
		const __u64 *from = (const __u64 *)parent->comm;

		to[0] = from[0];
		to[1] = from[1];
	} else {
		const struct task_struct *parent =
			BPF_CORE_READ(task_untyped(), real_parent, group_leader);

		bpf_probe_read_kernel(to, COMM_SIZE,
				      __builtin_preserve_access_index(&parent->comm));
	}
}

static __always_inline void cred_effective(const struct cred *cred, __u32 *user, __u32 *group)
{
	if (TASK_IS_TYPED) {
		*user = cred->euid.val;
		*group = cred->egid.val;
	} else {
		*user = BPF_CORE_READ(cred, euid.val);
		*group = BPF_CORE_READ(cred, egid.val);
	}
}

static __always_inline void cred_saved(const struct cred *cred, __u32 *user, __u32 *group)
{
	if (TASK_IS_TYPED) {
		*user = cred->suid.val;
		*group = cred->sgid.val;
	} else {
		*user = BPF_CORE_READ(cred, suid.val);
		*group = BPF_CORE_READ(cred, sgid.val);
	}
}

/* Stores pid and start of the parent process. The parent of a task is the thread that made it: of
 * one that is not the leader, the process began with the leader. Only there is that pointer
 * followed, by a probe read. */
static __always_inline void task_parent(const struct task_struct *task, __u32 *pid, __u64 *start_ns)
{
	if (TASK_IS_TYPED) {
		const struct task_struct *parent = task->real_parent;

		*pid = parent->tgid;
		*start_ns = parent->start_boottime;
		if (parent->pid != parent->tgid)
			*start_ns = BPF_CORE_READ(parent, group_leader, start_boottime);
	} else {
		const struct task_struct *parent = BPF_CORE_READ(task_untyped(), real_parent);

		*pid = BPF_CORE_READ(parent, tgid);
		*start_ns = BPF_CORE_READ(parent, group_leader, start_boottime);
	}
}

static __always_inline __u32 task_loginuid(const struct task_struct *task)
{
	if (!bpf_core_field_exists(((struct task_struct *)0)->loginuid))
		return -1; /* a kernel without CONFIG_AUDIT knows no login users */
	if (TASK_IS_TYPED)
		return task->loginuid.val;
	return BPF_CORE_READ(task_untyped(), loginuid.val);
}

/* The session of the login, whatever terminals and users the task has had since. */
static __always_inline __u32 task_session(const struct task_struct *task)
{
	if (!bpf_core_field_exists(((struct task_struct *)0)->sessionid))
		return -1;
	if (TASK_IS_TYPED)
		return task->sessionid;
	return BPF_CORE_READ(task_untyped(), sessionid);
}

#define DEVICE_MINOR_BITS 20 /* include/linux/kdev_t.h */

static __always_inline __u32 tty_device(const struct tty_struct *tty)
{
	const struct tty_driver *driver = BPF_CORE_READ(tty, driver);
	__u32 minor = BPF_CORE_READ(driver, minor_start) + BPF_CORE_READ(tty, index);

	return BPF_CORE_READ(driver, major) << DEVICE_MINOR_BITS |
	       (minor & ((1 << DEVICE_MINOR_BITS) - 1));
}

/* The id of the cgroup in the unified hierarchy. Loaded, because the helper is a call. */
static __always_inline __u64 task_cgroup_id(const struct task_struct *task)
{
	if (TASK_IS_TYPED)
		return task->cgroups->dfl_cgrp->kn->id;
	return bpf_get_current_cgroup_id();
}

/* The device of the controlling terminal; 0 if there is none, as in all services. Nothing holds the
 * terminal meanwhile: of one that hangs up right now, the numbers may be wrong. */
static __always_inline __u32 task_tty(const struct task_struct *task)
{
	const struct tty_struct *tty;

	if (!bpf_core_field_exists(((struct tty_struct *)0)->driver))
		return 0; /* a kernel without CONFIG_TTY */
	tty = TASK_IS_TYPED ? task->signal->tty : BPF_CORE_READ(task_untyped(), signal, tty);
	return tty ? tty_device(tty) : 0;
}

/* The start of the process, CLOCK_BOOTTIME: together with its pid it identifies the process, also
 * after PID reuse. */
static __always_inline __u64 task_start_ns(const struct task_struct *task)
{
	if (TASK_IS_TYPED)
		return task->group_leader->start_boottime;
	return BPF_CORE_READ(task_untyped(), group_leader, start_boottime);
}

/* The task's memory, whose address changes when it executes a program. */
static __always_inline const struct mm_struct *task_mm(const struct task_struct *task)
{
	if (TASK_IS_TYPED)
		return task->mm;
	return BPF_CORE_READ(task_untyped(), mm);
}

/* The number of programs that the task has executed. It rises when the memory of a new program
 * takes the place of the old one, shortly before the call succeeds. */
static __always_inline __u64 task_executions(const struct task_struct *task)
{
	if (TASK_IS_TYPED)
		return task->self_exec_id;
	return BPF_CORE_READ(task_untyped(), self_exec_id);
}

/* The address of the inode of the executable, which identifies the file as long as it is open. */
static __always_inline __u64 mm_exe_address(const struct mm_struct *mm)
{
	if (TASK_IS_TYPED)
		return mm ? (__u64)mm->exe_file->f_inode : 0;
	return (__u64)BPF_CORE_READ(mm, exe_file, f_inode);
}

/* Stores inode number and device of the executable; 0, if the task has none. */
static __always_inline void mm_exe(const struct mm_struct *mm, __u64 *inode, __u32 *device)
{
	if (!TASK_IS_TYPED) {
		*inode = BPF_CORE_READ(mm, exe_file, f_inode, i_ino);
		*device = BPF_CORE_READ(mm, exe_file, f_inode, i_sb, s_dev);
	} else if (mm) {
		const struct inode *exe = mm->exe_file->f_inode;

		*inode = exe->i_ino;
		*device = exe->i_sb->s_dev;
	} else {
		*inode = 0;
		*device = 0;
	}
}

/* Whether the current syscall came by the 32-bit ABI. Not by `cs`: `int 0x80` in 64-bit code
 * carries i386 numbers under a 64-bit code segment. */
static __always_inline bool task_in_compat_syscall(const struct task_struct *task)
{
#if defined(__TARGET_ARCH_x86)
	const __u32 ts_compat = 0x2; /* arch/x86/include/asm/thread_info.h */

	if (TASK_IS_TYPED)
		return task->thread_info.status & ts_compat;
	return BPF_CORE_READ(task_untyped(), thread_info.status) & ts_compat;
#elif defined(__TARGET_ARCH_arm64)
	const unsigned long tif_32bit = 1UL << 22; /* arch/arm64/include/asm/thread_info.h */

	if (TASK_IS_TYPED)
		return task->thread_info.flags & tif_32bit;
	return BPF_CORE_READ(task_untyped(), thread_info.flags) & tif_32bit;
#endif
}

#endif
