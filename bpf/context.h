/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_CONTEXT_H
#define TAILCALLD_CONTEXT_H

#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "maps.h"
#include "stats.h"
#include "task.h"

/* The only file that knows the layout of a program's context, which depends on how it is
 * attached. */

/* Forces the load of `value` here. Otherwise clang merges the branches, chooses between their
 * addresses and loads once, which the verifier refuses. */
static __always_inline __u64 loaded(__u64 value)
{
	barrier_var(value);
	return value;
}

/* The context of tp/raw_syscalls/sys_enter, see events/raw_syscalls/sys_enter/format in tracefs. */
struct sys_enter_context {
	__u64 common;
	__s64 id;
	__u64 args[6];
};

/* Whether the registers with which the current task entered the kernel can be loaded directly.
 * Kernels that can attach to many functions at once (5.18) have both helpers. */
#define REGISTERS_ARE_TYPED bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs)

static __always_inline const struct pt_regs *task_registers(void)
{
	return (const struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
}

static __always_inline __u32 registers_number(const struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return regs->orig_ax;
#elif defined(__TARGET_ARCH_arm64)
	return regs->syscallno;
#endif
}

static __always_inline __u32 registers_number_untyped(const struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return BPF_CORE_READ(regs, orig_ax);
#elif defined(__TARGET_ARCH_arm64)
	return BPF_CORE_READ(regs, syscallno);
#endif
}

/* The result of a function; its context is the registers themselves. */
static __always_inline __s64 registers_result(const struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return regs->ax;
#elif defined(__TARGET_ARCH_arm64)
	return regs->regs[0];
#endif
}

/* The first argument of a function. */
static __always_inline __u64 registers_argument(const struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return regs->di;
#elif defined(__TARGET_ARCH_arm64)
	return regs->regs[0];
#endif
}

/* The second argument of a function. */
static __always_inline __u64 registers_second_argument(const struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return regs->si;
#elif defined(__TARGET_ARCH_arm64)
	return regs->regs[1];
#endif
}

/* The registers in the context of fentry: the only argument of the entry function of a syscall.
 * Read as memory, because a direct load needs the argument's type, and Linux 5.10 knows that of
 * half of the functions by its name only. */
static __always_inline const struct pt_regs *fentry_registers(const void *ctx)
{
	const struct pt_regs *regs = NULL;

	bpf_probe_read_kernel(&regs, sizeof(regs), ctx);
	return regs;
}

/* The number of the syscall, without the upper half of the register, which the kernel ignores. In
 * the contexts of both tracepoints it is in the same place. A function may serve several numbers
 * and both ABIs, so there the number comes from the registers. */
static __always_inline __u32 call_number(const void *ctx)
{
	if (attach_kind == ATTACH_FENTRY && !REGISTERS_ARE_TYPED)
		return registers_number_untyped(fentry_registers(ctx));
	if (attach_kind == ATTACH_FUNCTION || attach_kind == ATTACH_FENTRY)
		return loaded(registers_number(task_registers()));
	return ((const struct sys_enter_context *)ctx)->id;
}

/* Position within a bank; ABI_SLOTS and above only for numbers that no table has. */
static __always_inline __u32 call_slot(__u32 number, bool compat)
{
	return number + (compat ? ABI_SLOTS : 0);
}

#if defined(__TARGET_ARCH_x86)
/* The members from bp to di lie side by side in every kernel (struct user_regs_struct is ABI): one
 * probe read instead of six. */
struct arg_registers {
	__u64 bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di;
};

static __always_inline void register_args(const struct bpf_raw_tracepoint_args *ctx, bool compat,
					  __u64 args[6])
{
	struct arg_registers regs = {};
	const struct pt_regs *all = (const struct pt_regs *)ctx->args[0];

	bpf_probe_read_kernel(&regs, sizeof(regs), __builtin_preserve_access_index(&all->bp));
	if (compat) {
		args[0] = (__u32)regs.bx;
		args[1] = (__u32)regs.cx;
		args[2] = (__u32)regs.dx;
		args[3] = (__u32)regs.si;
		args[4] = (__u32)regs.di;
		args[5] = (__u32)regs.bp;
	} else {
		args[0] = regs.di;
		args[1] = regs.si;
		args[2] = regs.dx;
		args[3] = regs.r10;
		args[4] = regs.r8;
		args[5] = regs.r9;
	}
}

static __always_inline void function_args(bool compat, __u64 args[6])
{
	const struct pt_regs *regs = task_registers();

	if (compat) {
		args[0] = (__u32)regs->bx;
		args[1] = (__u32)regs->cx;
		args[2] = (__u32)regs->dx;
		args[3] = (__u32)regs->si;
		args[4] = (__u32)regs->di;
		args[5] = (__u32)regs->bp;
	} else {
		args[0] = regs->di;
		args[1] = regs->si;
		args[2] = regs->dx;
		args[3] = regs->r10;
		args[4] = regs->r8;
		args[5] = regs->r9;
	}
}
#elif defined(__TARGET_ARCH_arm64)
/* The first argument is read from orig_x0: x0 itself may already hold a result. */
static __always_inline void register_args(const struct bpf_raw_tracepoint_args *ctx, bool compat,
					  __u64 args[6])
{
	const struct pt_regs *regs = (const struct pt_regs *)ctx->args[0];
	const __u64 mask = compat ? 0xffffffff : ~0ULL;
	__u64 rest[6] = {};

	bpf_probe_read_kernel(rest, sizeof(rest), __builtin_preserve_access_index(&regs->regs[0]));
	args[0] = BPF_CORE_READ(regs, orig_x0) & mask;
	args[1] = rest[1] & mask;
	args[2] = rest[2] & mask;
	args[3] = rest[3] & mask;
	args[4] = rest[4] & mask;
	args[5] = rest[5] & mask;
}

static __always_inline void function_args(bool compat, __u64 args[6])
{
	const struct pt_regs *regs = task_registers();
	const __u64 mask = compat ? 0xffffffff : ~0ULL;

	args[0] = regs->orig_x0 & mask;
	args[1] = regs->regs[1] & mask;
	args[2] = regs->regs[2] & mask;
	args[3] = regs->regs[3] & mask;
	args[4] = regs->regs[4] & mask;
	args[5] = regs->regs[5] & mask;
}
#endif

/* A word of the context that differs between an operation of io_uring and any syscall. For a
 * syscall it is the address of its registers, which are on the task's stack, or its number; for an
 * operation the address of the request or of its ring, which are neither. */
#define FENTRY_SUBJECT 1 /* that of no operation: fentry sees syscalls only */

static __always_inline __u64 context_subject(const void *ctx)
{
	if (attach_kind == ATTACH_TRACEPOINT)
		return loaded(((const struct sys_enter_context *)ctx)->id);
	if (attach_kind == ATTACH_FUNCTION)
		return loaded(registers_argument(ctx));
	if (attach_kind == ATTACH_FENTRY)
		return FENTRY_SUBJECT;
	return loaded(((const struct bpf_raw_tracepoint_args *)ctx)->args[0]);
}

/* This CPU's operation of io_uring or probe, which may be an earlier one. NULL if there is no such
 * row, which does not happen. */
static __always_inline struct current_call *current_call_of_cpu(void)
{
	return (struct current_call *)stats_row(CURRENT_ROW);
}

/* Whether the arguments of a slot are in this CPU's row: those of operations and of probes. */
static __always_inline bool is_slot_in_row(__u32 slot)
{
	return slot >= URING_SLOT;
}

static __always_inline bool is_slot_of_probe(__u32 slot)
{
	return slot >= PROBE_SLOT;
}

/* Whether the kernel lets programs of functions and classic tracepoints come in the middle of those
 * of this kind: it keeps these from one another (bpf_prog_active), but from no others. */
#define MAY_BE_INTERRUPTED (attach_kind == ATTACH_RAW_TRACEPOINT || attach_kind == ATTACH_FENTRY)

/* Notes that programs of the table work on this CPU, from a dispatcher on. */
static __always_inline void context_begin(struct current_call *current)
{
	if (MAY_BE_INTERRUPTED && has_probes)
		current->is_at_work = 1;
}

/* Whether a program of kprobe.session runs at the return. It takes the context since 7.0. */
extern bool bpf_session_is_return(void *ctx) __ksym __weak;

/* Whether a dispatcher runs at the return of the function, and not at its entry. */
static __always_inline bool context_is_return(void *ctx)
{
	return is_session && bpf_session_is_return(ctx);
}

/* Notes that the call waits for its return, or no longer does. */
static __always_inline void context_await_return(bool awaits)
{
	struct current_call *current;

	if (is_session && (current = current_call_of_cpu()))
		current->awaits_return = awaits;
}

/* Returns what tells the kernel whether to run the dispatcher at the return as well: 1 for no. At
 * other hooks than kprobe.session it means nothing. */
static __always_inline int context_verdict(void)
{
	struct current_call *current;

	if (!is_session || !(current = current_call_of_cpu()) || !current->awaits_return)
		return is_session;
	current->awaits_return = 0;
	return 0;
}

/* Notes that they have ended. Returns what their program is to return. */
static __always_inline int context_end(void)
{
	struct current_call *current;

	if (MAY_BE_INTERRUPTED && has_probes && (current = current_call_of_cpu()))
		current->is_at_work = 0;
	return context_verdict();
}

/* Begins a program of the table, whichever type it is loaded with. What returns from it ends the
 * work on the call: a tail call does not return. */
#define TABLE_PROGRAM(name)                                                                        \
	static __always_inline int name##_work(void *ctx);                                         \
	SEC("raw_tp")                                                                              \
	int name(void *ctx)                                                                        \
	{                                                                                          \
		name##_work(ctx);                                                                  \
		return context_end();                                                              \
	}                                                                                          \
	static __always_inline int name##_work(void *ctx)

/* Makes what a dispatcher was called for no probe. A probe never comes between a dispatcher and the
 * programs that it calls, see probe.bpf.c. */
static __always_inline void context_is_no_probe(void)
{
	struct current_call *current;

	if (has_probes && (current = current_call_of_cpu())) {
		current->probe = 0;
		context_begin(current);
	}
}

/* Returns the slot of the call, the operation or the probe that this program was tail-called for.
 */
static __always_inline __u32 context_slot(const void *ctx, struct current_call *current,
					  bool compat)
{
	if (has_probes && current->probe)
		current->call_slot = current->probe;
	else if (current->subject == context_subject(ctx))
		current->call_slot = current->slot;
	else
		current->call_slot = call_slot(call_number(ctx), compat);
	return *(volatile __u64 *)&current->call_slot;
}

/* The six arguments as passed; those of the 32-bit ABI zero-extended. The context of the classic
 * tracepoint has them already, by the right ABI. */
static __always_inline void call_args(const void *ctx, bool compat, __u64 args[6])
{
	const struct sys_enter_context *context = ctx;
	const __u64 mask = compat ? 0xffffffff : ~0ULL;

	if (attach_kind == ATTACH_RAW_TRACEPOINT ||
	    (attach_kind == ATTACH_FENTRY && !REGISTERS_ARE_TYPED)) {
		register_args(ctx, compat, args);
		return;
	}
	if (attach_kind == ATTACH_FUNCTION || attach_kind == ATTACH_FENTRY) {
		function_args(compat, args);
		return;
	}
	args[0] = context->args[0] & mask;
	args[1] = context->args[1] & mask;
	args[2] = context->args[2] & mask;
	args[3] = context->args[3] & mask;
	args[4] = context->args[4] & mask;
	args[5] = context->args[5] & mask;
}

static __always_inline void current_args(const struct current_call *current, __u64 args[6])
{
	for (int i = 0; i < 6; i++)
		args[i] = current->args[i];
}

#endif
