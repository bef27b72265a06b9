/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_DESCRIPTORS_H
#define TAILCALLD_DESCRIPTORS_H

#include "directories.h"
#include "sockets.h"

/* Captures the files behind descriptors. The kernel holds no reference meanwhile: a file counts
 * only if the descriptor is the same file afterwards. */

#define S_IFMT 0170000
#define S_IFCHR 0020000
#define S_IFBLK 0060000
#define S_IFSOCK 0140000

/* include/uapi/linux/magic.h */
#define ANON_INODE_FS_MAGIC 0x09041934
#define NSFS_MAGIC 0x6e736673
#define PID_FS_MAGIC 0x50494446 /* of pidfds, since Linux 6.9 */
#define SOCKFS_MAGIC 0x534f434b

/* The name of a pidfd before that, in one word. */
#define PIDFD_NAME "[pidfd]"

#define NAMESPACE_TYPE_BYTES 32

static __always_inline bool is_device(__u16 mode)
{
	return (mode & S_IFMT) == S_IFCHR || (mode & S_IFMT) == S_IFBLK;
}

/* Whether a file without a file system is a pidfd, by its name. */
static __always_inline bool is_pidfd(__u64 file)
{
	__u64 dentry = KERNEL_READ(file, file, f_path.dentry);
	__u64 name = KERNEL_READ(dentry, dentry, d_name.name), word = 0, pidfd;

	__builtin_memcpy(&pidfd, PIDFD_NAME, sizeof(pidfd));
	bpf_probe_read_kernel(&word, sizeof(word), (const void *)name);
	return word == pidfd;
}

/* Returns the address of the struct pid of a pidfd; 0 if the file is none. */
static __always_inline __u64 pid_of_file(__u64 file, __u64 inode, __u32 magic)
{
	if (magic == PID_FS_MAGIC)
		return KERNEL_READ(inode, inode, i_private);
	if (magic == ANON_INODE_FS_MAGIC && is_pidfd(file))
		return KERNEL_READ(file, file, private_data);
	return 0;
}

/* Returns the process of a pidfd; 0 if it has ended, when another one may have its number. */
static __always_inline __u32 pid_number(__u64 pid)
{
	if (!pid || !KERNEL_READ(pid, pid, tasks[0].first))
		return 0;
	return KERNEL_READ(pid, pid, numbers[0].nr);
}

/* Captures the type of a namespace: net, mnt, ... */
static __always_inline void namespace_describe(volatile struct name_walk *walk, __u8 *to,
					       __u64 inode)
{
	__u64 namespace = KERNEL_READ(inode, inode, i_private);
	__u64 operations = KERNEL_READ(namespace, ns_common, ops);
	__u64 name = KERNEL_READ(operations, proc_ns_operations, name);
	volatile __s64 got =
		bpf_probe_read_kernel_str(to, NAMESPACE_TYPE_BYTES, (const void *)name);

	walk->at = OPEN_FILE_SIZE + (got > 0 ? got : 0);
}

static __always_inline void socket_describe(volatile struct name_walk *walk, __u8 *to, __u64 file)
{
	volatile struct open_socket *socket = (volatile struct open_socket *)to;
	__u64 whole = KERNEL_READ(file, file, private_data);
	__u64 sock = KERNEL_READ(whole, socket, sk);

	for (__u32 i = 0; i < OPEN_SOCKET_SIZE / sizeof(__u64); i++)
		((volatile __u64 *)to)[i] = 0;
	walk->at = OPEN_FILE_SIZE + OPEN_SOCKET_SIZE;
	if (sock)
		walk->at += sock_describe(socket, sock);
}

/* Captures the names of the file's path, behind the rest. */
static __always_inline void file_walk(struct scratch *scratch, __u8 *to)
{
	volatile struct name_walk *walk = &scratch->names;

	if (walk->file)
		file_begin(walk, walk->file, true);
	else
		cwd_begin(walk);
	walk->at = OPEN_FILE_SIZE;
	walk_up(scratch, to);
	if (!walk->at)
		walk->at = OPEN_FILE_SIZE; /* the path is unreadable, the rest is not */
}

/* Describes the file; of the working directory, 0, only the path: all members are read as zeros. */
static __always_inline void file_describe(struct scratch *scratch, __u8 *to)
{
	volatile struct name_walk *walk = &scratch->names;
	volatile struct open_file *file = (volatile struct open_file *)to;
	__u64 address = walk->file; /* a variable: KERNEL_READ relocates its whole argument */
	__u64 inode = KERNEL_READ(address, file, f_inode);
	__u64 super = KERNEL_READ(inode, inode, i_sb);

	file->inode = KERNEL_READ(inode, inode, i_ino);
	file->magic = KERNEL_READ(super, super_block, s_magic);
	file->mode = KERNEL_READ(inode, inode, i_mode);
	file->device = is_device(file->mode) ? KERNEL_READ(inode, inode, i_rdev) : 0;
	file->reserved = 0;
	file->pid = pid_number(pid_of_file(address, inode, file->magic));
	if (file->magic == SOCKFS_MAGIC)
		socket_describe(walk, to + OPEN_FILE_SIZE, address);
	else if (file->magic == NSFS_MAGIC)
		namespace_describe(walk, to + OPEN_FILE_SIZE, inode);
	else
		file_walk(scratch, to);
}

/* Captures the file behind the descriptor that was aimed at; of one that is not open, the error.
 * AT_FDCWD, the one number below 0, is the working directory. */
static __always_inline void descriptor_capture(struct scratch *scratch)
{
	volatile struct name_walk *walk = &scratch->names;
	__u8 *room = capture_room(scratch);
	__s32 fd = walk->fd;

	if (!room)
		return; /* the event says that it lacks the file, see CALL_FILES */
	walk->at = 0;
	walk->flags = 0;
	walk->error = 0;
	walk->status = CAPTURE_OK;
	walk->file = fd < 0 ? 0 : file_of(walk->task, fd);
	if (walk->file || fd < 0) {
		file_describe(scratch, room + CAPTURE_SIZE);
		if (walk->file && file_of(walk->task, walk->fd) != walk->file)
			walk_discard(walk);
	} else {
		walk->status = CAPTURE_UNREADABLE;
		walk->error = EBADF;
	}
	volatile struct capture *capture = capture_header(
		room, (struct capture_id){.field = walk->field, .part = walk->part}, CAPTURE_FILE);
	capture->path = walk->flags;
	capture->status = walk->status;
	capture->error = walk->error;
	capture->stored = walk->at;
	capture->length = walk->part == PART_MEMBER ? walk->fd : 0;
	capture_end(scratch, room, capture);
}

/* Returns what is known of the descriptors of a syscall. */
static __always_inline const volatile struct descriptors_of_call *descriptors_known(__u64 slot)
{
	barrier_var(slot);
	return &descriptors_of[slot & (BANK_SLOTS - 1)];
}

/* Begins the search for descriptors in the memory of the call. */
static __always_inline void members_begin(struct scratch *scratch)
{
	volatile struct name_walk *walk = &scratch->names;

	walk->descriptor = 0;
	walk->members.captures = scratch->count;
	walk->members.capture = 0;
	walk->members.form = FORM_NONE;
	walk->members.place = 0;
	walk->members.jumps = 0;
	walk->members.count = 0;
}

/* Aims at the descriptor of that number that was found in memory. */
static __always_inline void member_aim(volatile struct name_walk *walk, __u64 number)
{
	barrier_var(number);
	if (number >= DESCRIPTOR_MEMBERS)
		return;
	walk->fd = walk->members.fds[number];
	walk->field = walk->members.fields[number];
	walk->part = PART_MEMBER;
}

#endif
