// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The way in which Falco's modern probe sees a call that nobody is interested in, in a program of our own: at the return
 * of each call it reads the number and the ABI, and looks the number up in a table of bytes (falcosecurity/libs,
 * driver/modern_bpf/programs/attached/dispatchers/syscall_exit.bpf.c). */
#include "task.h"

__attribute__((section("license"), used)) char LICENSE[] = "Dual BSD/GPL";

enum { CALLS = 512, TS_COMPAT = 2 };

unsigned char interesting[CALLS];

/* A helper by its number in linux/bpf.h. */
static struct task_struct *(*current_task_btf)(void) = (void *)158;

__attribute__((section("tp_btf/sys_exit"), used)) int at_return(unsigned long long *ctx)
{
	unsigned long number = ((struct pt_regs *)ctx[0])->orig_ax;

	if (current_task_btf()->thread_info.status & TS_COMPAT)
		return 0;
	return interesting[number & (CALLS - 1)];
}
