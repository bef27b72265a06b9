// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * `chain`: runs the further handlers of a route's chain, the last that add to an event. Each is a
 * program of an object of its own, which sees nothing but its memory for the call
 * (sdk/tailcalld/handler.h) and tail-calls this program when it has finished. It is not attached,
 * and in no slot of the table.
 */
#include "emit.h"
#include "tailcalld/handler.h"

#define SAME(one, other) ((int)(one) == (int)(other))

_Static_assert(SAME(TAILCALLD_DATA_BYTES, TEXT_MAX_BYTES), "its data fits into one capture");
#define SAME_PLACE(member)                                                                         \
	SAME(__builtin_offsetof(struct tailcalld_capture, member),                                 \
	     __builtin_offsetof(struct capture, member))
_Static_assert(SAME(sizeof(struct tailcalld_capture), CAPTURE_SIZE) && SAME_PLACE(field) &&
		       SAME_PLACE(kind) && SAME_PLACE(status) && SAME_PLACE(error) &&
		       SAME_PLACE(stored) && SAME_PLACE(length),
	       "captures are headed alike");
_Static_assert(SAME(TAILCALLD_TEXT, FIELD_TEXT) && SAME(TAILCALLD_DIRFD, FIELD_DIRFD) &&
		       SAME(TAILCALLD_USER_STACK, FIELD_USER_STACK) &&
		       SAME(TAILCALLD_LONG, FIELD_LONG),
	       "kinds have the same numbers");

/* Returns the number of the next handler; 0 if there is none. */
static __always_inline __u32 chain_next(const struct scratch *scratch, const struct call *call)
{
	__u64 chain = call->route->chain - 1, at = scratch->chained;

	barrier_var(chain);
	barrier_var(at);
	return bank_at(call->bank)
		->chains[chain & (CHAINS_PER_BANK - 1)]
		.handlers[at & (CHAIN_ROOM - 1)];
}

/* Returns the number of the ABI of a slot, and the first slot that it has. */
static __always_inline __u32 slot_abi(__u32 slot, __u32 *first)
{
	if (slot >= PROBE_SLOT) {
		*first = slot >= RAW_TRACEPOINT_SLOT ? RAW_TRACEPOINT_SLOT
			 : slot >= TRACEPOINT_SLOT   ? TRACEPOINT_SLOT
						     : PROBE_SLOT;
		return slot >= RAW_TRACEPOINT_SLOT ? 5 : slot >= TRACEPOINT_SLOT ? 4 : 3;
	}
	*first = slot / ABI_SLOTS * ABI_SLOTS;
	return slot / ABI_SLOTS;
}

/* Fills in the memory of a handler for the call. */
static __always_inline void chained_begin(struct tailcalld_call *shared, const struct event *event)
{
	__u32 first, abi = slot_abi(event->slot, &first);

	for (int i = 0; i < 6; i++)
		shared->args[i] = event->args[i];
	shared->boottime_ns = event->boottime_ns;
	shared->number = event->slot - first;
	shared->abi = abi;
	shared->pid = event->pid;
	shared->tid = event->tid;
	shared->uid = event->uid;
	shared->gid = event->gid;
	shared->used = 0;
	shared->captures = 0;
	shared->message = 0;
	shared->reserved = 0;
}

/* Takes what a handler has captured. Returns false if that is more than there is room for in its
 * memory: its numbers cannot be believed. */
static __always_inline bool chained_take(struct scratch *scratch,
					 const struct tailcalld_call *shared)
{
	const volatile struct tailcalld_call *claimed = shared;
	__u8 *room = capture_room(scratch);
	__u64 used = claimed->used;

	barrier_var(used);
	if (used > TAILCALLD_DATA_BYTES || used % 8 || claimed->captures > TAILCALLD_DATA_BYTES)
		return false;
	if (!room)
		return true; /* the event is full: it says that it lacks them */
	volatile struct capture *capture = capture_header(
		room, (struct capture_id){.field = scratch->chained}, CAPTURE_CHAINED);
	capture->status = CAPTURE_OK;
	capture->error = claimed->captures;
	capture->length = claimed->message;
	capture->stored = used;
	barrier_var(used);
	if (used > TAILCALLD_DATA_BYTES)
		return false;
	bpf_probe_read_kernel(room + CAPTURE_SIZE, used, shared->data);
	capture_end(scratch, room, capture);
	return true;
}

/* Calls the next handler. Returns if there is none, or too few jumps are left for it and the way
 * back. */
static __always_inline void chain_call(void *ctx, struct scratch *scratch, const struct call *call,
				       struct tailcalld_call *shared)
{
	__u32 next = chain_next(scratch, call);

	if (!next || scratch->jumps > JUMPS_MAX - 2)
		return;
	chained_begin(shared, &scratch->event);
	scratch->chained++;
	scratch->jumps++;
	call->counters->state.chained_ns = scratch->event.boottime_ns;
	bpf_tail_call(ctx, &chain_programs, next);
	call->counters->state.chained_ns = 0;
}

/* Counts an earlier call of this slot and CPU whose handler has not come back. Its run time is not
 * known. */
static __always_inline void chain_settle(struct counters *counters)
{
	if (counters->state.chained_ns)
		counters->counts[COUNTER_LOST_HANDLER]++;
}

TABLE_PROGRAM(chain)
{
	struct scratch *scratch = scratch_continued();
	struct tailcalld_call *shared = tailcalld_call();
	struct call call = {};

	if (!scratch || !shared || !call_of_event(scratch, &call))
		return 0; /* not reached */
	if (!scratch->chained) {
		chain_settle(call.counters);
	} else {
		call.counters->state.chained_ns = 0;
		if (!chained_take(scratch, shared)) {
			stats_count(call.counters, COUNTER_LOST_HANDLER_FULL);
			return 0;
		}
	}
	chain_call(ctx, scratch, &call, shared);
	emit_submit(scratch, &call);
	return 0;
}
