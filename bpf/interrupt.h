/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_INTERRUPT_H
#define TAILCALLD_INTERRUPT_H

#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/*
 * Whether the CPU serves an interrupt: what it does then is not the doing of the current task, and
 * one of our programs may be in the middle of its work below. The counter of the kernel itself is a
 * variable that some kernels do not let programs find, so the stack tells: interrupts have one of
 * their own, unless they come while the CPU runs code of a process, below which there is nothing.
 */
enum {
	TASK_STACK_BYTES = 16384, /* THREAD_SIZE of x86 and arm64, but for kernels with KASAN */
};

/* `here`: an address on the stack of the program, which the compiler cannot compare. */
static __always_inline bool is_interrupt(__u64 here)
{
	const struct task_struct *task = (const struct task_struct *)bpf_get_current_task();

	return here - (__u64)BPF_CORE_READ(task, stack) >= TASK_STACK_BYTES;
}

#endif
