/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_URING_H
#define TAILCALLD_URING_H

#include "context.h"
#include <bpf/bpf_core_read.h>

/*
 * Reads an operation of io_uring at the moment of its submission: the request from the context of
 * the program, its entry in the submission queue from the ring. The kernel has checked the entry,
 * but it is in memory that the process maps and may change meanwhile.
 */

/* struct io_uring_sqe of include/uapi/linux/io_uring.h, under another name: its layout is not
 * looked up in the kernel. */
struct uring_entry {
	__u8 opcode;
	__u8 flags;
	__u16 ioprio;
	__s32 fd;
	__u64 off;
	__u64 addr;
	__u32 len;
	__u32 op_flags;
	__u64 user_data;
	__u16 buf_index;
	__u16 personality;
	__s32 splice_fd;
	__u64 addr3;
	__u64 pad;
};

enum {
	IOSQE_FIXED_FILE = 1,
	IORING_SETUP_SQE128 =
		1 << 10, /* entries have 128 bytes, of which the first 64 are the entry */
	SPLICE_F_FD_IN_FIXED = 1U << 31,
	IO_RING_F_COMPAT = 1 << 11, /* of `int_flags` (7.x) */
	IORING_OP_CLOSE = 19,
	IORING_OP_SPLICE = 30,
	IORING_OP_TEE = 33,
};

/* Older kernels have the bit as a member. */
struct io_ring_ctx___bits {
	unsigned int compat : 1;
} __attribute__((preserve_access_index));

/* The context of tp/io_uring/io_uring_submit_req, see its format in tracefs. */
struct uring_submit_context {
	__u64 common;
	__u64 ring;
	__u64 request;
};

/* Returns the address of the request that is being submitted. Up to Linux 5.19 it is the second
 * argument of the tracepoint, io_uring_submit_sqe, and the ring the first; since then, the first.
 */
static __always_inline const struct io_kiocb *uring_request(const void *ctx)
{
	const struct bpf_raw_tracepoint_args *raw = ctx;
	const struct io_kiocb *request = NULL;

	if (attach_kind == ATTACH_TRACEPOINT)
		return (const void *)loaded(((const struct uring_submit_context *)ctx)->request);
	if (attach_kind == ATTACH_FUNCTION)
		return (const void *)loaded(registers_argument(ctx));
	if (!bpf_core_field_exists(request->cmd))
		return (const void *)loaded(raw->args[1]);
	return (const void *)loaded(raw->args[0]);
}

/* Returns the address of the entry that the kernel has taken out of the queue last: while it
 * submits a request, that of the request. Rings without an array of indices (6.6) have it at the
 * head. */
static __always_inline __u64 uring_queue_entry(const struct io_ring_ctx *ring)
{
	const __u32 *indices = BPF_CORE_READ(ring, sq_array);
	__u64 at =
		(BPF_CORE_READ(ring, cached_sq_head) - 1) & (BPF_CORE_READ(ring, sq_entries) - 1);
	__u32 index = at;

	if (indices)
		bpf_probe_read_kernel(&index, sizeof(index), indices + at);
	at = (__u64)index << !!(BPF_CORE_READ(ring, flags) & IORING_SETUP_SQE128);
	return (__u64)BPF_CORE_READ(ring, sq_sqes) + at * sizeof(struct uring_entry);
}

/* Returns the address of the entry of the request. */
static __always_inline __u64 uring_entry_address(const void *ctx, const struct io_ring_ctx *ring)
{
	if (attach_kind == ATTACH_FUNCTION)
		return loaded(registers_second_argument(ctx));
	return uring_queue_entry(ring);
}

static __always_inline bool uring_is_compat(const struct io_ring_ctx *ring)
{
	const struct io_ring_ctx___bits *bits = (const void *)ring;

	if (bpf_core_field_exists(ring->int_flags))
		return BPF_CORE_READ(ring, int_flags) & IO_RING_F_COMPAT;
	return bpf_core_field_exists(bits->compat) && BPF_CORE_READ_BITFIELD_PROBED(bits, compat);
}

/* Returns flags of the event: enum call_flag. */
static __always_inline __u64 uring_flags(const struct uring_entry *sqe,
					 const struct io_ring_ctx *ring)
{
	bool is_splice = sqe->opcode == IORING_OP_SPLICE || sqe->opcode == IORING_OP_TEE;
	__u64 flags = sqe->flags & IOSQE_FIXED_FILE ? CALL_REGISTERED : 0;

	if (is_splice && sqe->op_flags & SPLICE_F_FD_IN_FIXED)
		flags |= CALL_REGISTERED_INPUT;
	return flags | (uring_is_compat(ring) ? CALL_COMPAT : 0);
}

/* Makes the file that an entry closes its `fd`: a registered one is named by another member, by its
 * index and 1. */
static __always_inline void uring_normalise_close(struct uring_entry *sqe)
{
	if (sqe->opcode == IORING_OP_CLOSE && sqe->splice_fd) {
		sqe->fd = sqe->splice_fd - 1;
		sqe->flags |= IOSQE_FIXED_FILE;
	}
}

/* Fills in the values of all members: enum sqe_member. */
static __always_inline void uring_members(const struct uring_entry *sqe, __u64 members[SQE_MEMBERS])
{
	members[SQE_FD] = (__s64)sqe->fd;
	members[SQE_OFF] = sqe->off;
	members[SQE_ADDR] = sqe->addr;
	members[SQE_LEN] = sqe->len;
	members[SQE_FLAGS] = sqe->op_flags;
	members[SQE_BUFFER] = sqe->buf_index;
	members[SQE_SPLICE_FD] = (__s64)sqe->splice_fd;
	members[SQE_ADDR_LEN] = (__u16)sqe->splice_fd;
	members[SQE_ADDR3] = sqe->addr3;
	members[SQE_ADDR_OR_LEN] = sqe->addr ? sqe->addr : sqe->len;
	members[SQE_OFF_OR_LEN] = sqe->off ? sqe->off : sqe->len;
}

#endif
