// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The dispatcher, the one program attached to the entry of syscalls, and the first file to read: it
 * uses the number of the syscall as an index into the live bank of the table and tail-calls the
 * program in that slot. The design is that of BCC's example tail_hello.c. A number that no route
 * has is the normal case and ends at a byte: that path has no map lookup, no filter, no counter and
 * no look at the task. The dispatcher never reads the caller's memory and never writes to the ring.
 */
#include "context.h"
#include "stats.h"
#include "task.h"

/* Counts a number that no table has. */
static __always_inline void odd_number_count(__u32 number)
{
	__u32 class = number == -1U         ? ODD_MINUS_ONE
		      : number & (1U << 30) ? ODD_X32
					    : ODD_OUT_OF_RANGE;
	struct counters *row = stats_row(ODD_ROWS + class);

	if (row)
		stats_count(row, COUNTER_SEEN);
}

/* Functions are attached for routed numbers only. */
static __always_inline bool is_routed(__u32 number)
{
	return attach_kind == ATTACH_FUNCTION || attach_kind == ATTACH_FENTRY ||
	       routed_numbers[number];
}

SEC("raw_tp/sys_enter")
int sys_enter(void *ctx)
{
	if (context_is_return(ctx)) {
		bpf_tail_call(ctx, &continuations, CONTINUE_RETURN);
		return 0;
	}
	/* Clear of its upper half once and for all: clang would do it before each use. */
	__u64 number = loaded(call_number(ctx));

	if (number >= ABI_SLOTS) {
		odd_number_count(number);
		return is_session;
	}
	if (!is_routed(number))
		return 0;
	run_time_begin();
	context_is_no_probe();
	/* The ABI before the index: number 11 is execve for i386 and munmap for x86_64. */
	bpf_tail_call(ctx, &syscalls,
		      live_base + call_slot(number, task_in_compat_syscall(task_current())));
	return context_end();
}
