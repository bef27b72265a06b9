// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * `probe`, the dispatcher of probes: functions and tracepoints of the kernel, which have slots of
 * their own behind those of syscalls, in the same table. It leaves the arguments in this CPU's row
 * for the handlers, as `uring_submit` does. At tracepoints each probe has a copy of the program, in
 * which the slot is a constant; functions are attached to together, with the slot as a cookie.
 *
 * The row and the memory of handlers are those of the CPU, so a probe must not be in the middle of
 * another program's work. The kernel lets no program of functions and classic tracepoints run while
 * one of them does; from the others, which note that they are at work, the program itself keeps
 * away. It looks for interrupts, too, and the daemon refuses raw tracepoints that our programs
 * pass.
 */
#include "interrupt.h"
#include "route.h"

/* Returns an address or another number as one with which the verifier lets a program calculate, and
 * of which it does not know the value. */
static __always_inline __u64 plain_number(struct current_call *current, __u64 address)
{
	volatile __u64 *number = &current->number;

	*number = address;
	return *number;
}

static __always_inline __u64 probe_slot(void *ctx, struct current_call *current)
{
	__u64 slot;

	if (attach_kind == ATTACH_FUNCTION)
		return bpf_get_attach_cookie(ctx);
	asm volatile("%0 = %1" : "=r"(slot) : "i"(PROBE_MARK));
	return plain_number(current, slot);
}

/* Returns an argument of the probe whose context is at `base`. What is behind a shorter one is read
 * as well, and shifted out. */
static __always_inline __u64 probe_argument(__u64 base, const volatile struct probe_argument *of)
{
	__u64 at = base + of->offset, value = 0;
	__u32 form = of->form, unused = (64 - 8 * of->size) & 63;

	if (form == PROBE_PLACE)
		return at;
	if (form == PROBE_NOTHING)
		return 0;
	bpf_probe_read_kernel(&value, sizeof(value), (const void *)at);
	if (form == PROBE_OFFSET)
		return base + (value & 0xffff);
	value <<= unused;
	return form == PROBE_SIGNED ? (__u64)((__s64)value >> unused) : value >> unused;
}

SEC("raw_tp")
int probe(void *ctx)
{
	if (attach_kind == ATTACH_FENTRY)
		return 0; /* not attached: each function has a type of its own */

	struct current_call *current = current_call_of_cpu();
	__u32 base = live_base;

	if (!current)
		return 0;
	__u64 slot = probe_slot(ctx, current), number = slot - PROBE_SLOT;
	if (number >= PROBES || !slot_route(base / BANK_SLOTS, slot)->handler)
		return 0;
	if (current->is_at_work)
		return 0; /* the pass is that of one of our own programs */
	if (is_interrupt(plain_number(current, (__u64)&slot)))
		return 0;
	run_time_begin();
	__u64 context = plain_number(current, (__u64)ctx);
	for (int i = 0; i < 6; i++) {
		__u64 at = number;

		barrier_var(at);
		current->args[i] = probe_argument(context, &probes[at & (PROBES - 1)].arguments[i]);
	}
	current->flags = 0;
	current->probe = slot;
	context_begin(current);
	bpf_tail_call(ctx, &syscalls, base + slot);
	context_end();
	return 0;
}
