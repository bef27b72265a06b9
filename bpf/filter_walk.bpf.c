// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `filter_walk`: puts the path of a directory together, in front of the text that `filter_path` has
 * read, or that of the executable or of the file behind a descriptor. `filter_match` compares it.
 * It is not attached, and in no slot of the table. */
#include "path_build.h"

#define AT_FDCWD -100

/* Returns the address of the executable; 0 if there is none. */
static __always_inline __u64 exe_file(void)
{
	const struct mm_struct *mm = task_mm();

	return mm ? KERNEL_READ(mm, mm_struct, exe_file) : 0;
}

/* Notes the address of the struct path that the walk begins at. Returns enum text_state. */
static __always_inline __u32 walk_find(struct scratch *scratch,
				       const volatile struct filter_file *named, bool is_exe)
{
	volatile struct name_walk *walk = &scratch->names;
	__u8 directory = named->directory;
	__s32 fd = argument_of(&scratch->filtering, directory);

	if (!is_exe && directory == DIRECTORY_NONE)
		return TEXT_ABSENT;
	if (!is_exe && named->path && (!directory || fd == AT_FDCWD)) {
		walk->file = walk->fs + bpf_core_field_offset(struct fs_struct, pwd);
		return TEXT_KNOWN;
	}
	if (!is_exe && scratch->filtering.flags & (CALL_REGISTERED | CALL_REGISTERED_INPUT))
		return TEXT_UNKNOWN;
	__u64 file = is_exe ? exe_file() : file_of(walk->task, fd);
	walk->file = file + bpf_core_field_offset(struct file, f_path);
	return file ? TEXT_KNOWN : is_exe ? TEXT_UNKNOWN : TEXT_ABSENT;
}

/* Returns enum text_state. */
static __always_inline __u32 path_of_file(struct scratch *scratch,
					  const volatile struct filter_file *named, bool is_exe)
{
	volatile struct name_walk *walk = &scratch->names;
	__u32 state;
	__u64 at;

	walk_plan(walk);
	state = walk_find(scratch, named, is_exe);
	if (state != TEXT_KNOWN)
		return state;
	at = walk->file;
	walk_begin(walk, KERNEL_READ(at, path, dentry), KERNEL_READ(at, path, mnt), !is_exe);
	return path_build(scratch, is_exe);
}

SEC("raw_tp")
int filter_walk(void *ctx)
{
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);
	const volatile struct filter *filter = scratch ? filter_of(&scratch->filtering) : NULL;

	if (!filter)
		return 0;
	volatile struct filtering *filtering = &scratch->filtering;
	__u32 texts = filtering->texts, text = texts & -texts;

	if (!is_path_argument(text)) {
		filtering->path.out = PATH_AT;
		filtering->path.levels = 0;
	}
	filtering->text_state =
		path_of_file(scratch, file_of_text(filter, texts), text == OPERAND_BIT(TEXT_EXE));
	bpf_tail_call(ctx, &continuations, CONTINUE_MATCH);
	count_lost_reroute(filtering->slot);
	return 0;
}
