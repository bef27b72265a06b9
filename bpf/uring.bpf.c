// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * `uring_submit`, the dispatcher of operations of io_uring: they have numbers like syscalls, and
 * slots of their own behind those of syscalls, in the same table. Their arguments are not in
 * registers, so the program leaves them in this CPU's row for the handlers. Attached only while an
 * operation is routed; the path of others is: read the number, test the route of its slot, return.
 */
#include "uring.h"
#include "route.h"

SEC("raw_tp/io_uring_submit_req")
int uring_submit(void *ctx)
{
	if (attach_kind == ATTACH_FENTRY)
		return 0; /* not attached: operations pass no function of a syscall's type */
	if (context_is_return(ctx))
		return 0;

	__u64 members[SQE_MEMBERS] = {};
	struct uring_entry sqe = {};
	const struct io_kiocb *request = uring_request(ctx);
	__u32 number = BPF_CORE_READ(request, opcode), base = live_base;
	struct current_call *current = current_call_of_cpu();

	if (number >= URING_SLOTS || !current ||
	    !slot_route(base / BANK_SLOTS, URING_SLOT + number)->handler)
		return is_session;
	run_time_begin();
	const struct io_ring_ctx *ring = BPF_CORE_READ(request, ctx);
	bpf_probe_read_kernel(&sqe, sizeof(sqe), (const void *)uring_entry_address(ctx, ring));
	uring_normalise_close(&sqe);
	uring_members(&sqe, members);
	current->subject = context_subject(ctx);
	current->slot = URING_SLOT + number;
	current->probe = 0;
	context_begin(current);
	current->flags = uring_flags(&sqe, ring);
	for (int i = 0; i < 6; i++) {
		__u64 member = uring_arguments[number & (URING_SLOTS - 1)].of[i];

		barrier_var(member);
		current->args[i] = members[member & (SQE_MEMBERS - 1)];
	}
	bpf_tail_call(ctx, &syscalls, base + URING_SLOT + number);
	return context_end();
}
