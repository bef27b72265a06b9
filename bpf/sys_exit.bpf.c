// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What comes of the calls whose routes ask for it, and the memory that waits for their return.
 * Attached only while one does. The path of other calls is: read the number, test that it is below
 * 512, look whether the slot's returns are of interest, return.
 */
#include "context.h"
#include "returns.h"
#include "route.h"

/* What tp/raw_syscalls/sys_exit has, as events/raw_syscalls/sys_exit/format in tracefs tells. */
struct sys_exit_context {
	__u64 common;
	__s64 id;
	__s64 result;
};

/* The registers are the task's own in any case; the classic tracepoint has the number at hand. */
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
	__u32 slot = call_slot(number, task_in_compat_syscall());
	if (!(slot_route(live_base / BANK_SLOTS, slot)->flags & CALL_AT_EXIT))
		return 0;
	call_returned(return_result(ctx));
	return 0;
}

/* A task that ends in a call, as exit_group does to its thread, never returns from it. */
SEC("raw_tp/sched_process_exit")
int task_exit(void *ctx)
{
	call_ended_with_task();
	return 0;
}
