// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `filter_path`: reads a path for the patterns of a filter, and makes it absolute: that of the
 * executable, of a path argument, or of the file behind a descriptor. `filter_match` compares it.
 * One path a jump. It is not attached, and in no slot of the table. */
#include "path_text.h"
#include "path_build.h"

#define AT_FDCWD -100
#define AT_EMPTY_PATH 0x1000

/* Returns an argument by its position from 1; 0 if there is none. */
static __always_inline __u64 argument_of(const struct scratch *scratch, __u8 position)
{
	__u64 at = OPERAND_ARGUMENT - 1 + position;

	barrier_var(at);
	return position && at < OPERANDS ? scratch->filtering.operands[at] : 0;
}

/* Begins at the executable, whose path is that of the mounts that it was opened in. */
static __always_inline __u8 exe_begin(struct scratch *scratch)
{
	const struct mm_struct *mm = task_mm();
	__u64 file = mm ? KERNEL_READ(mm, struct mm_struct, exe_file) : 0;

	if (!file)
		return TEXT_UNKNOWN;
	file_begin(&scratch->names, file, false);
	return TEXT_KNOWN;
}

/* Begins at the working directory or at the file behind the descriptor. */
static __always_inline __u8 directory_begin(struct scratch *scratch,
					    const volatile struct filter_file *named)
{
	volatile struct name_walk *walk = &scratch->names;
	__u8 directory = named->directory;
	__s32 fd = argument_of(scratch, directory);
	__u64 fs = walk->fs, file;

	if (directory == DIRECTORY_NONE)
		return TEXT_ABSENT;
	if (named->path && (!directory || fd == AT_FDCWD)) {
		walk_begin(walk, KERNEL_READ(fs, struct fs_struct, pwd.dentry),
			   KERNEL_READ(fs, struct fs_struct, pwd.mnt), true);
		return TEXT_KNOWN;
	}
	file = file_of(walk->task, fd);
	if (!file)
		return TEXT_ABSENT;
	file_begin(walk, file, true);
	return TEXT_KNOWN;
}

/* Reads the text of a path argument. Returns TEXT_ABSENT if it is no path. */
static __always_inline __u8 argument_read(struct scratch *scratch,
					  const volatile struct filter_file *named)
{
	volatile struct path_text *path = &scratch->filtering.path;

	if (!named->path)
		return TEXT_KNOWN;
	path->address = argument_of(scratch, named->path);
	if (!path->address)
		return TEXT_ABSENT;
	if (!path_text_read(scratch))
		return TEXT_UNKNOWN;
	if (!path->length && !(argument_of(scratch, named->flags) & AT_EMPTY_PATH))
		return TEXT_ABSENT;
	return path_text_prepare(scratch) ? TEXT_KNOWN : TEXT_UNKNOWN;
}

/* Joins the directory where the walk begins with the text. */
static __always_inline __u8 directory_join(struct scratch *scratch)
{
	volatile struct filtering *filtering = &scratch->filtering;
	const volatile struct name_walk *walk = &scratch->names;

	if (!path_walk_up(scratch))
		return TEXT_UNKNOWN;
	if (walk->flags & PATH_PSEUDO && !filtering->path.is_exe)
		return TEXT_ABSENT; /* a socket, a pipe or the like */
	if (!path_join(scratch))
		return TEXT_UNKNOWN;
	filtering->text_at = PATH_AT;
	filtering->length = walk->at;
	return TEXT_KNOWN;
}

/* Takes an absolute path as it is. */
static __always_inline __u8 absolute_take(struct scratch *scratch)
{
	volatile struct filtering *filtering = &scratch->filtering;
	volatile struct path_text *path = &filtering->path;

	if (!path->length) { /* of `/.` or the like */
		scratch->captures[NORMAL_AT] = '/';
		path->at = NORMAL_AT;
		path->length = 1;
	}
	filtering->text_at = path->at;
	filtering->length = path->length;
	return TEXT_KNOWN;
}

/* Reads the text of a path argument, if that is meant, and begins the walk. */
static __always_inline __u8 path_begin(struct scratch *scratch,
				       const volatile struct filter_file *named)
{
	volatile struct path_text *path = &scratch->filtering.path;
	__u8 state;

	path->length = 0;
	path->levels = 0;
	path->at = TEXT_AT;
	path->is_absolute = false;
	if (path->is_exe)
		return exe_begin(scratch);
	state = argument_read(scratch, named);
	return state == TEXT_KNOWN && !path->is_absolute ? directory_begin(scratch, named) : state;
}

/* Returns the number of a file in the filter, by the bit of its text. */
static __always_inline __u64 file_number(__u32 text)
{
	return text == OPERAND_BIT(TEXT_PATH)       ? 0
	       : text == OPERAND_BIT(TEXT_PATH + 1) ? 1
	       : text == OPERAND_BIT(TEXT_FD_PATH)  ? 2
						    : 3;
}

SEC("raw_tp")
int filter_path(void *ctx)
{
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);
	const volatile struct filter *filter = scratch ? filter_of(&scratch->filtering) : NULL;

	if (!filter)
		return 0;
	volatile struct filtering *filtering = &scratch->filtering;
	__u32 texts = filtering->texts, text = texts & -texts;
	__u64 number = file_number(text);

	barrier_var(number);
	walk_plan(&scratch->names);
	filtering->path.is_exe = text == OPERAND_BIT(TEXT_EXE);
	filtering->text_state = path_begin(scratch, &filter->files[number & (FILTER_FILES - 1)]);
	if (filtering->text_state == TEXT_KNOWN)
		filtering->text_state = filtering->path.is_absolute ? absolute_take(scratch)
								    : directory_join(scratch);
	bpf_tail_call(ctx, &continuations, CONTINUE_MATCH);
	count_lost_reroute(filtering->slot);
	return 0;
}
