// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The way in which Tracee sees a call that nobody is interested in, in programs of our own: at the entry and at the return
 * of each call it reads the ABI, and tail-calls the slot of the number, which is empty (aquasecurity/tracee,
 * pkg/ebpf/c/tracee.bpf.c). */
#include "task.h"

__attribute__((section("license"), used)) char LICENSE[] = "Dual BSD/GPL";

enum { CALLS = 1024, PROG_ARRAY = 3, TS_COMPAT = 2 };

struct table {
	int (*type)[PROG_ARRAY];
	int (*max_entries)[CALLS];
	unsigned int *key;
	unsigned int *value;
};

struct table entries __attribute__((section(".maps"), used));
struct table returns __attribute__((section(".maps"), used));

/* Helpers by their numbers in linux/bpf.h. */
static long (*tail_call)(void *ctx, void *table, unsigned int index) = (void *)12;
static struct task_struct *(*current_task)(void) = (void *)35;
static long (*read_kernel)(void *to, unsigned int size, const void *from) = (void *)113;

static inline __attribute__((always_inline)) int is_compat(void)
{
	unsigned int status = 0;

	read_kernel(&status, sizeof(status),
		    __builtin_preserve_access_index(&current_task()->thread_info.status));
	return status & TS_COMPAT;
}

__attribute__((section("raw_tp/sys_enter"), used)) int at_entry(unsigned long long *ctx)
{
	if (!is_compat())
		tail_call(ctx, &entries, ctx[1]);
	return 0;
}

__attribute__((section("raw_tp/sys_exit"), used)) int at_return(unsigned long long *ctx)
{
	const struct pt_regs *regs = (const struct pt_regs *)ctx[0];
	unsigned long number = 0;

	read_kernel(&number, sizeof(number), __builtin_preserve_access_index(&regs->orig_ax));
	if (!is_compat())
		tail_call(ctx, &returns, number);
	return 0;
}
