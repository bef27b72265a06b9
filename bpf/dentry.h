/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_DENTRY_H
#define TAILCALLD_DENTRY_H

#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "scratch.h"
#include "task.h"

/*
 * Members of the kernel's dentries and mounts. Since 6.2 an address can be made a typed pointer
 * (bpf_rdonly_cast, which the verifier replaces by a move), whose members are loaded directly at 1
 * to 2 ns each; a probe read costs 7 to 25 ns. On older kernels one probe read copies the part of a
 * dentry that has all of them.
 */
enum {
	NAME_BYTES = 256, /* NAME_MAX + 1 */
};

/* Reads members of a structure by its address, in a chain as BPF_CORE_READ does. */
#define KERNEL_READ(address, type, member)                                                         \
	(HAS_CAST ? (__u64)CAST(address, type)->member                                             \
		  : (__u64)BPF_CORE_READ((const struct type *)(address), member))

static __always_inline __u64 mount_root(__u64 mount)
{
	return KERNEL_READ(mount, vfsmount, mnt_root);
}

/* The struct mount of a struct vfsmount. */
static __always_inline __u64 mount_whole(__u64 mount)
{
	return mount - bpf_core_field_offset(struct mount, mnt);
}

static __always_inline __u64 mount_parent(__u64 whole)
{
	return KERNEL_READ(whole, mount, mnt_parent);
}

static __always_inline __u64 mount_point(__u64 whole)
{
	return KERNEL_READ(whole, mount, mnt_mountpoint);
}

static __always_inline __u64 mount_namespace(__u64 whole)
{
	return KERNEL_READ(whole, mount, mnt_ns);
}

#define NAME_IS_UNION bpf_core_field_exists(((struct dentry *)0)->d_shortname)

/* Returns the offset of the name that a dentry has room for itself. */
static __always_inline __u64 short_name_at(void)
{
	return NAME_IS_UNION ? bpf_core_field_offset(struct dentry, d_shortname)
			     : bpf_core_field_offset(struct dentry___iname, d_iname);
}

/* Returns its size: 32 bytes, 40 in newer kernels. */
static __always_inline __u64 short_name_size(void)
{
	return NAME_IS_UNION ? bpf_core_field_size(struct dentry, d_shortname)
			     : bpf_core_field_size(struct dentry___iname, d_iname);
}

/* Returns a pointer that members are loaded from directly, where the kernel has such pointers. */
static __always_inline const struct dentry *dentry_typed(__u64 address)
{
	return HAS_CAST ? CAST(address, dentry) : (const struct dentry *)address;
}

/* Returns a dentry whose members can be loaded: a typed pointer, or a copy. */
static __always_inline const struct dentry *dentry_readable(struct scratch *scratch, __u64 address)
{
	if (HAS_CAST)
		return dentry_typed(address);
	bpf_probe_read_kernel(scratch->names.head, DENTRY_BYTES, (const void *)address);
	return (const struct dentry *)scratch->names.head;
}

/* Whether a dentry has lost its name: the file was deleted. A root never had one. */
static __always_inline bool dentry_is_deleted(__u64 dentry)
{
	return !KERNEL_READ(dentry, dentry, d_hash.pprev) &&
	       KERNEL_READ(dentry, dentry, d_parent) != dentry;
}

/* The members of a dentry that a walk needs. */
struct dentry_head {
	__u64 parent; /* address */
	__u64 length; /* of the name */
	__u32 sequence; /* odd, or another one afterwards: it was renamed while it was read */
};

/* Loads them from a typed pointer, or from a copy of the dentry. */
static __always_inline void dentry_load(struct dentry_head *head, const struct dentry *dentry)
{
	head->sequence = *(const volatile __u32 *)&dentry->d_seq.seqcount.sequence;
	head->parent = (__u64)dentry->d_parent;
	head->length = dentry->d_name.len & (NAME_BYTES - 1);
}

/* Returns the address of an open file of the task; 0 if there is none. */
static __always_inline __u64 file_of(__u64 task, __u32 fd)
{
	__u64 files = KERNEL_READ(task, task_struct, files);
	__u64 table = KERNEL_READ(files, files_struct, fdt);
	__u64 file = 0;

	if (fd >= KERNEL_READ(table, fdtable, max_fds))
		return 0;
	bpf_probe_read_kernel(&file, sizeof(file),
			      (const __u64 *)KERNEL_READ(table, fdtable, fd) + fd);
	return file;
}

#endif
