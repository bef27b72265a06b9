/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_EXECUTABLE_H
#define TAILCALLD_EXECUTABLE_H

#include "capture.h"
#include "dentry.h"
#include "task.h"

/* The file of a program, as the kernel identifies it: stat() returns other numbers of devices on
 * overlay and btrfs. The daemon compares it with the file whose digest it takes. */

/* The nanoseconds of a time of an inode; from Linux 6.13 on, the highest bit says that the time was
 * asked for (I_CTIME_QUERIED). */
#define CTIME_NS_MASK 0x7fffffff

/* Reads a member of an inode of older kernels. */
#define OLD_INODE_READ(address, type, member)                                                      \
	(HAS_CAST ? (__u64)((const struct type *)CAST(address, inode))->member                     \
		  : (__u64)BPF_CORE_READ((const struct type *)(address), member))

static __always_inline void change_time_read(volatile struct executable *to, __u64 inode)
{
	if (bpf_core_field_exists(((struct inode *)0)->i_ctime_sec)) {
		to->ctime_s = KERNEL_READ(inode, inode, i_ctime_sec);
		to->ctime_ns = KERNEL_READ(inode, inode, i_ctime_nsec) & CTIME_NS_MASK;
	} else if (bpf_core_field_exists(((struct inode___hidden *)0)->__i_ctime)) {
		to->ctime_s = OLD_INODE_READ(inode, inode___hidden, __i_ctime.tv_sec);
		to->ctime_ns = OLD_INODE_READ(inode, inode___hidden, __i_ctime.tv_nsec);
	} else {
		to->ctime_s = OLD_INODE_READ(inode, inode___old, i_ctime.tv_sec);
		to->ctime_ns = OLD_INODE_READ(inode, inode___old, i_ctime.tv_nsec);
	}
}

/* Describes the file at that address; 0: all members are zero. */
static __always_inline void executable_describe(volatile struct executable *to, __u64 file)
{
	__u64 inode = KERNEL_READ(file, file, f_inode);
	__u64 super = KERNEL_READ(inode, inode, i_sb);

	to->inode = KERNEL_READ(inode, inode, i_ino);
	to->size = KERNEL_READ(inode, inode, i_size);
	to->device = KERNEL_READ(super, super_block, s_dev);
	to->magic = KERNEL_READ(super, super_block, s_magic);
	to->generation = KERNEL_READ(inode, inode, i_generation);
	change_time_read(to, inode);
}

/* Captures the file that the current task executes. */
static __always_inline void executable_capture(struct scratch *scratch)
{
	__u64 mm = (__u64)task_mm(task_current());
	__u8 *room = capture_room(scratch);

	if (!room || !mm)
		return;
	volatile struct capture *capture = capture_header(
		room, (struct capture_id){.moment = MOMENT_RETURN}, CAPTURE_EXECUTABLE);

	executable_describe((volatile struct executable *)(room + CAPTURE_SIZE),
			    KERNEL_READ(mm, mm_struct, exe_file));
	capture->status = CAPTURE_OK;
	capture->error = 0;
	capture->stored = EXECUTABLE_SIZE;
	capture->length = 0;
	capture_end(scratch, room, capture);
}

#endif
