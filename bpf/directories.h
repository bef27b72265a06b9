/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_DIRECTORIES_H
#define TAILCALLD_DIRECTORIES_H

#include "globals.h"
#include "names.h"

/* Tells the directories that the path arguments of a call begin at. */

#define AT_FDCWD -100

static __always_inline const volatile struct path_argument *
path_argument(const struct scratch *scratch, __u32 number)
{
	__u64 slot = scratch->event.slot;

	barrier_var(slot);
	return &path_arguments[slot & (BANK_SLOTS - 1)].of[number];
}

/* Returns the bit of the directory that a path argument begins at; 0 if it is absolute. */
static __always_inline __u32 directory_of(const struct scratch *scratch,
					  const volatile struct path_argument *argument, __u32 bit)
{
	__u64 path = argument->path - 1, directory = argument->directory - 1;

	barrier_var(path);
	if (path >= 6 || !scratch->event.args[path] || scratch->absolute >> path & 1)
		return 0;
	barrier_var(directory);
	if (directory >= 6 || (__s32)scratch->event.args[directory] == AT_FDCWD)
		return NAME_CWD;
	return bit;
}

/* Begins at the working directory of the task. */
static __always_inline void cwd_begin(volatile struct name_walk *walk)
{
	__u64 fs = walk->fs;

	walk_begin(walk, KERNEL_READ(fs, fs_struct, pwd.dentry),
		   KERNEL_READ(fs, fs_struct, pwd.mnt), true);
}

#endif
