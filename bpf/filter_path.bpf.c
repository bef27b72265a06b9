// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `filter_path`: reads the text of a path argument for the patterns of a filter, and normalises it.
 * `filter_walk` puts the directory in front of one that is relative; then `filter_match` compares
 * the path. It is not attached, and in no slot of the table. */
#include "path_text.h"

#define AT_EMPTY_PATH 0x1000

/* Returns enum text_state. */
static __always_inline __u32 path_read(struct scratch *scratch,
				       const volatile struct filter_file *file)
{
	volatile struct filtering *filtering = &scratch->filtering;
	volatile struct path_text *path = &filtering->path;
	__u64 address = argument_of(filtering, file->path);

	path->out = PATH_AT;
	path->levels = 0;
	path->jumps = 0;
	if (!address)
		return TEXT_ABSENT;
	if (!path_text_read(scratch, address))
		return TEXT_UNKNOWN;
	if (path->end == TEXT_AT) {
		path->piece = TEXT_AT;
		path->at = TEXT_AT;
		return argument_of(filtering, file->flags) & AT_EMPTY_PATH ? TEXT_KNOWN
									   : TEXT_ABSENT;
	}
	return TEXT_KNOWN;
}

/* Normalises the text, or as much of it as one jump can. Returns the program that continues. */
static __always_inline __u32 path_continue(struct scratch *scratch)
{
	volatile struct filtering *filtering = &scratch->filtering;
	volatile struct path_text *path = &filtering->path;

	path_text_normalise(scratch);
	if (path->at >= path->end) {
		path_text_end(scratch);
		return path->is_absolute ? CONTINUE_MATCH : CONTINUE_WALK;
	}
	if (++path->jumps < PATH_TEXT_JUMPS)
		return CONTINUE_PATH;
	filtering->text_state = TEXT_UNKNOWN;
	return CONTINUE_MATCH;
}

TABLE_PROGRAM(filter_path)
{
	struct scratch *scratch = scratch_continued();
	const volatile struct filter *filter = scratch ? filter_of(&scratch->filtering) : NULL;

	if (!filter)
		return 0;
	volatile struct filtering *filtering = &scratch->filtering;

	if (!filtering->path.at)
		filtering->text_state = path_read(scratch, file_of_text(filter, filtering->texts));
	bpf_tail_call(ctx, &continuations,
		      filtering->text_state == TEXT_KNOWN ? path_continue(scratch)
							  : CONTINUE_MATCH);
	count_lost_reroute(filtering->slot);
	return 0;
}
