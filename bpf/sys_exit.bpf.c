// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Sends the results of calls whose routes record them, and the memory that is read at the return.
 * Attached only while a route needs that. The path of other calls is: read the number, test that it
 * is below 512, test the slot's flag, return.
 */
#include "context.h"
#include "returns.h"
#include "route.h"

/* The context of tp/raw_syscalls/sys_exit, see events/raw_syscalls/sys_exit/format in tracefs. */
struct sys_exit_context {
	__u64 common;
	__s64 id;
	__s64 result;
};

/* The number is in the task's registers at every attach point; the classic tracepoint also has it
 * in its context. */
static __always_inline __u32 return_number(const void *ctx)
{
	const struct bpf_raw_tracepoint_args *raw = ctx;

	if (return_kind == ATTACH_TRACEPOINT)
		return loaded(((const struct sys_exit_context *)ctx)->id);
	if (REGISTERS_ARE_TYPED)
		return loaded(registers_number(task_registers()));
	return registers_number_untyped((const struct pt_regs *)raw->args[0]);
}

static __always_inline __s64 return_result(const void *ctx)
{
	if (return_kind == ATTACH_TRACEPOINT)
		return loaded(((const struct sys_exit_context *)ctx)->result);
	if (return_kind == ATTACH_FUNCTION)
		return loaded(registers_result(ctx));
	return loaded(((const struct bpf_raw_tracepoint_args *)ctx)->args[1]);
}

SEC("raw_tp/sys_exit")
int sys_exit(void *ctx)
{
	__u32 number = return_number(ctx);

	if (number >= ABI_SLOTS)
		return 0;
	__u32 slot = call_slot(number, task_in_compat_syscall(task_current()));
	if (!(slot_route(live_base / BANK_SLOTS, slot)->flags & CALL_AT_EXIT))
		return 0;
	call_returned(ctx, slot, return_result(ctx));
	return 0;
}

/* Ends the call of a task that ends during it, for example in exit_group: it never returns. */
SEC("raw_tp/sched_process_exit")
int task_exit(void *ctx)
{
	call_ended_with_task();
	return 0;
}
