// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `ancestor_exe`: captures the paths of the executables of the ancestors, for `names`, which has
 * tail-called it, and submits the event. Most paths have three to five names, so that one jump does
 * several. It is not attached, and in no slot of the table. */
#include "ancestor_files.h"
#include "emit.h"
#include "repeat.h"

#define STEPS_PER_JUMP 24 /* a name or a mount each, and the begin and end of a path */

/* Returns whether more steps are needed. */
static __always_inline bool ancestor_advance(struct scratch *scratch)
{
	volatile struct name_walk *walk = &scratch->names;

	if (!walk->is_done)
		ancestor_step(scratch);
	else
		ancestor_next(scratch);
	return !walk->ancestors.are_done;
}

TABLE_PROGRAM(ancestor_exe)
{
	struct scratch *scratch = scratch_continued();

	if (!scratch)
		return 0;
	volatile struct name_walk *walk = &scratch->names;
	REPEAT(STEPS_PER_JUMP, ancestor_advance(scratch));
	if (!walk->ancestors.are_done)
		bpf_tail_call(ctx, &continuations, CONTINUE_ANCESTORS);
	emit_continued(ctx, scratch);
	return 0;
}
