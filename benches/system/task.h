/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_BENCH_TASK_H
#define TAILCALLD_BENCH_TASK_H

/* Types of the kernel that tell the number and the ABI of a call, found by name at load time. */

struct pt_regs {
	unsigned long orig_ax;
} __attribute__((preserve_access_index));

struct thread_info {
	unsigned int status;
} __attribute__((preserve_access_index));

struct task_struct {
	struct thread_info thread_info;
} __attribute__((preserve_access_index));

#endif
