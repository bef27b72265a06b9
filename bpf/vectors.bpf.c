// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `vectors`: captures the buffers of a vector, or messages, at the entry of a call, for the handler
 * that has tail-called it, and submits the event. It is not attached, and in no slot of the table.
 */
#include "emit.h"
#include "vector.h"

/* Has the vector read again at the return, if nothing of it can be read now. */
static __always_inline void vector_defer(struct scratch *scratch)
{
	const volatile struct vector *vector = &scratch->vector;
	volatile struct deferred_read *read;

	if (!vector->error || !is_read_again(scratch))
		return;
	read = deferred_room(scratch);
	if (!read)
		return;
	read->address = vector->first;
	read->length_at = 0;
	read->room = min_u64(vector->elements, 0xffff);
	read->element = 0;
	read->op = vector->op;
	read->field = vector->field;
	read->extra = vector->fixed;
	read->moment = MOMENT_REREAD;
}

TABLE_PROGRAM(vectors)
{
	struct scratch *scratch = scratch_continued();

	if (!scratch)
		return 0;
	if (vector_continue(scratch))
		bpf_tail_call(ctx, &continuations, CONTINUE_VECTORS);
	vector_finish(scratch);
	vector_defer(scratch);

	struct call call = {.slot = scratch->event.slot};
	call.counters = stats_row(call.slot);
	if (!call.counters || !call_set_route(&call, scratch->vector.route))
		return 0; /* not reached: the handler was in that slot */
	emit_finish(ctx, scratch, &call);
	return 0;
}
