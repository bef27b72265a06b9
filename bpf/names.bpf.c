// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `names`: captures the paths of the executable, and of the directories that the path arguments of
 * a call begin at, for the handler that has tail-called it, and leaves the event to `ancestor_exe`
 * or submits it. One path a jump. It is not attached, and in no slot of the table. */
#include "ancestor_files.h"
#include "directories.h"
#include "emit.h"

/* Levels of mounts on top of each other that are searched for the topmost one: the root file system
 * is mounted over the initial one. */
#define MOUNTS_ON_TOP 2

/* Notes whether the task's root is the root of all mounts that it sees. In memory: of a result in
 * registers, clang 19 makes a mask of one that it has not set. */
static __always_inline void root_note_top(volatile struct name_walk *walk)
{
	__u64 dentry = walk->root_dentry, mount = walk->root_mount;

	walk->root_is_top = false;
	for (int i = 0; i < MOUNTS_ON_TOP; i++) {
		__u64 whole = mount_whole(mount), above;

		if (dentry != mount_root(mount))
			return;
		above = mount_parent(whole);
		if (above == whole) {
			walk->root_is_top = true;
			return;
		}
		dentry = mount_point(whole);
		mount = above + bpf_core_field_offset(struct mount, mnt);
	}
}

/* Decides which paths the call has. */
static __always_inline void names_plan(struct scratch *scratch)
{
	volatile struct name_walk *walk = &scratch->names;
	__u32 todo = NAME_EXE;

	walk_plan(walk);
	root_note_top(walk);
	if (!walk->root_is_top)
		todo |= NAME_ROOT;
	for (__u32 i = 0; i < PATH_ARGUMENTS; i++)
		todo |= directory_of(scratch, path_argument(scratch, i), NAME_DIRECTORY << i);
	walk->todo = todo;
}

/* Returns the address of the file behind the descriptor of a path argument's directory. */
static __always_inline __u64 directory_file(const struct scratch *scratch, __u64 task, __u32 number)
{
	__u64 at = path_argument(scratch, number)->directory - 1;

	barrier_var(at);
	return at < 6 ? file_of(task, scratch->event.args[at]) : 0;
}

/* Begins with the task's root or its working directory. */
static __always_inline void fs_begin(volatile struct name_walk *walk, __u32 bit)
{
	if (bit == NAME_ROOT)
		walk_begin(walk, walk->root_dentry, walk->root_mount, false);
	else
		cwd_begin(walk);
}

/* Begins with one path. Returns false, with the error, if there is no such file. */
static __always_inline bool name_begin(struct scratch *scratch, __u32 bit)
{
	volatile struct name_walk *walk = &scratch->names;
	__u64 file;

	if (bit == NAME_CWD || bit == NAME_ROOT) {
		fs_begin(walk, bit);
		return true;
	}
	walk->at = 0;
	walk->flags = 0;
	walk->status = CAPTURE_UNREADABLE;
	walk->error = bit == NAME_EXE ? ENOENT : EBADF;
	if (bit == NAME_EXE)
		file = exe_file(scratch->pending.mm);
	else
		file = directory_file(scratch, walk->task, bit == NAME_DIRECTORY << 1);
	if (!file)
		return false;
	file_begin(walk, file, bit != NAME_EXE || walk->root_is_top);
	return true;
}

static __always_inline __u8 part_of(__u32 bit)
{
	switch (bit) {
	case NAME_EXE:
		return PART_EXE;
	case NAME_CWD:
		return PART_CWD;
	case NAME_ROOT:
		return PART_ROOT;
	default:
		return PART_DIRECTORY;
	}
}

/* Captures one path. */
static __always_inline void name_capture(struct scratch *scratch, __u32 bit)
{
	volatile struct name_walk *walk = &scratch->names;
	__u8 *room = capture_room(scratch);

	if (!room)
		return; /* the event says that it lacks the path, see CALL_NAMES */
	if (name_begin(scratch, bit))
		walk_up(scratch, room + CAPTURE_SIZE);
	volatile struct capture *capture =
		capture_header(room, (struct capture_id){.part = part_of(bit)}, CAPTURE_PATH);
	if (bit >= NAME_DIRECTORY)
		capture->field = path_argument(scratch, bit == NAME_DIRECTORY << 1)->directory - 1;
	capture->path = walk->flags;
	capture->status = walk->status;
	capture->error = walk->error;
	capture->stored = walk->at;
	capture->length = 0;
	if (bit == NAME_ROOT && !walk->at)
		return; /* mounts on top of each other */
	capture_end(scratch, room, capture);
}

TABLE_PROGRAM(names)
{
	struct scratch *scratch = scratch_continued();

	if (!scratch)
		return 0;
	volatile struct name_walk *walk = &scratch->names;
	if (walk->todo == NAMES_PLAN)
		names_plan(scratch);
	__u32 todo = walk->todo, bit = todo & -todo;
	name_capture(scratch, bit);
	walk->todo = todo & ~bit;
	if (todo & ~bit)
		bpf_tail_call(ctx, &continuations, CONTINUE_NAMES);
	if (scratch->ancestors) {
		ancestor_files_begin(walk);
		bpf_tail_call(ctx, &continuations, CONTINUE_ANCESTORS);
	}
	emit_continued(ctx, scratch);
	return 0;
}
