// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Never attached: the daemon runs it in its own context (BPF_PROG_TEST_RUN) to take elements out of
 * black boxes, and to offer boxes to other cgroups. It has no descriptor of their queues: only the
 * arrays that hold them outlive a daemon.
 */
#include "blackbox.h"

static __always_inline void box_take(void *queue)
{
	if (queue && !bpf_map_pop_elem(queue, (void *)box_element))
		box_served = 1;
}

static __always_inline void box_take_call(__u32 at, struct black_box *box)
{
	box_take(bpf_map_lookup_elem(&box_calls, &at));
	if (box_served)
		box->taken++;
}

/* Gives a box, which is empty, to nobody. */
static __always_inline void box_release(__u32 at, struct black_box *box)
{
	__u64 cgroup = box->cgroup;

	bpf_map_delete_elem(&box_of_cgroup, &cgroup);
	box->cgroup = 0;
	box->calls = 0;
	box->taken = 0;
	box->reported = 0;
	box_served = !bpf_map_push_elem(&free_boxes, &at, BPF_ANY);
}

/* args[0]: enum box_step; args[1]: the index of a box; args[2]: a number. */
SEC("raw_tp")
int box_serve(struct bpf_raw_tracepoint_args *ctx)
{
	if (!box_units)
		return 0;
	__u32 step = ctx->args[0], at = ctx->args[1];
	struct black_box *box = bpf_map_lookup_elem(&boxes, &at);

	box_served = 0;
	if (!box)
		return 0;
	if (step == BOX_TAKE_CALL)
		box_take_call(at, box);
	else if (step == BOX_TAKE_RESULT)
		box_take(bpf_map_lookup_elem(&box_results, &at));
	else if (step == BOX_REPORT)
		box->reported = ctx->args[2];
	else if (step == BOX_RELEASE)
		box_release(at, box);
	return 0;
}
