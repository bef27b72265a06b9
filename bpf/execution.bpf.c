// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Reports the success of calls that execute a program, if their routes ask for nothing but that.
 * Attached only while such a route exists. Calls that fail never come here: what they wait for ends
 * with the next call of the task that executes a program, with one that waits for its own result,
 * or with the task.
 */
#include "context.h"
#include "returns.h"

/* The program: the third argument of the tracepoint, or the argument of finalize_exec(). The
 * classic tracepoint does not have it. */
static __always_inline const struct linux_binprm *executed_program(const void *ctx)
{
	const struct bpf_raw_tracepoint_args *raw = ctx;

	if (execution_kind == ATTACH_TRACEPOINT)
		return NULL;
	if (execution_kind == ATTACH_FUNCTION)
		return (const struct linux_binprm *)loaded(registers_argument(ctx));
	return (const struct linux_binprm *)loaded(raw->args[2]);
}

/* Captures the path of the interpreter, if the program is a script. The kernel uses one string for
 * both paths otherwise. */
static __always_inline void interpreter_capture(struct scratch *scratch,
						const struct linux_binprm *program)
{
	const char *interpreter = BPF_CORE_READ(program, interp);
	struct capture_id of = {.field = scratch->pending.interpreter - 1, .moment = MOMENT_RETURN};

	if (scratch->pending.interpreter && program &&
	    interpreter != BPF_CORE_READ(program, filename))
		capture_kernel_text(scratch, of, interpreter);
}

SEC("raw_tp/sched_process_exec")
int task_exec(void *ctx)
{
	struct pending *pending = pending_find();

	if (!pending || !pending->is_execution)
		return 0;
	struct scratch *scratch = scratch_of_cpu();
	if (!scratch) {
		pending_finish(pending, false);
		return 0;
	}
	captures_begin(scratch);
	scratch->pending = *pending;
	pending_clear(pending);
	result_fill(&scratch->result, &scratch->pending, bpf_ktime_get_boot_ns(), 0, CALL_RETURNED);
	deferred_read_of_program(scratch, &scratch->pending);
	interpreter_capture(scratch, executed_program(ctx));
	if (!result_send_with_memory(scratch))
		result_count_lost(&scratch->pending);
	return 0;
}

/* In the slots of calls that execute a program and have no route, while others have one that awaits
 * only successes. */
TABLE_PROGRAM(exec_unrouted)
{
	execution_settle();
	return 0;
}
