// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `filter_walk`: puts the path of a directory together, in front of the text that `filter_path` has
 * read, or that of the executable or of the file behind a descriptor. `filter_match` compares it.
 * It is not attached, and in no slot of the table. */
#include "match_cache.h"
#include "path_build.h"

#define AT_FDCWD -100

/* Notes the address of the struct path of a file that the call names. Returns enum text_state. */
static __always_inline __u32 walk_find(struct scratch *scratch,
				       const volatile struct filter_file *named)
{
	volatile struct name_walk *walk = &scratch->names;
	__u8 directory = named->directory;
	__s32 fd = argument_of(&scratch->filtering, directory);

	if (directory == DIRECTORY_NONE)
		return TEXT_ABSENT;
	if (named->path && (!directory || fd == AT_FDCWD)) {
		walk->file = walk->fs + bpf_core_field_offset(struct fs_struct, pwd);
		return TEXT_KNOWN;
	}
	if (scratch->filtering.flags & (CALL_REGISTERED | CALL_REGISTERED_INPUT))
		return TEXT_UNKNOWN;
	__u64 file = file_of(walk->task, fd);
	walk->file = file + bpf_core_field_offset(struct file, f_path);
	return file ? TEXT_KNOWN : TEXT_ABSENT;
}

/* Begins a walk to the root of the mounts at the executable that the call's process had when its
 * filter began. Returns enum text_state. */
static __always_inline __u32 walk_begin_exe(struct scratch *scratch)
{
	const struct match_cache *cache = match_cache_of_cpu();

	if (!cache || !cache->key.exe)
		return TEXT_UNKNOWN;
	walk_begin(&scratch->names, cache->key.exe, cache->exe_mount, false);
	return TEXT_KNOWN;
}

static __always_inline __u32 walk_begin_named(struct scratch *scratch,
					      const volatile struct filter_file *named)
{
	volatile struct name_walk *walk = &scratch->names;
	__u32 state = walk_find(scratch, named);
	__u64 at = walk->file;

	if (state == TEXT_KNOWN)
		walk_begin(walk, KERNEL_READ(at, path, dentry), KERNEL_READ(at, path, mnt), true);
	return state;
}

/* Returns enum text_state. */
static __always_inline __u32 path_of_file(struct scratch *scratch,
					  const volatile struct filter_file *named, bool is_exe)
{
	__u32 state;

	walk_plan(&scratch->names);
	state = is_exe ? walk_begin_exe(scratch) : walk_begin_named(scratch, named);
	return state == TEXT_KNOWN ? path_build(scratch, is_exe) : state;
}

TABLE_PROGRAM(filter_walk)
{
	struct scratch *scratch = scratch_continued();
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
