// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `capabilities`: captures the effective capabilities of the task, for the handler that has
 * tail-called it, and leaves the event to the programs that add more, or submits it. In the
 * handlers themselves it would cost the verifier more. It is not attached, and in no slot of the
 * table. */
#include "emit.h"

static __always_inline void capabilities_capture(struct scratch *scratch)
{
	const struct cred *cred = task_cred(task_current());
	__u8 *room = capture_room(scratch);

	if (!room)
		return; /* the event says that it lacks them, see CALL_CAPABILITIES */
	volatile struct capture *capture =
		capture_header(room, (struct capture_id){}, CAPTURE_CAPABILITIES);

	bpf_core_read(room + CAPTURE_SIZE, sizeof(__u64), &cred->cap_effective);
	capture->status = CAPTURE_OK;
	capture->error = 0;
	capture->stored = sizeof(__u64);
	capture->length = 0;
	capture_end(scratch, room, capture);
}

TABLE_PROGRAM(capabilities)
{
	struct scratch *scratch = scratch_continued();

	if (!scratch)
		return 0;
	capabilities_capture(scratch);
	emit_added(ctx, scratch->wants & (CALL_FILES | CALL_NAMES));
	emit_continued(ctx, scratch);
	return 0;
}
