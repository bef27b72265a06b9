/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_KERNEL_H
#define TAILCALLD_KERNEL_H

/*
 * The few kernel types that the programs touch. Members are found by name at load time (CO-RE), so
 * only names and types matter here, not offsets, and members that no program touches are omitted.
 */

/* Makes libbpf's headers use the kernel types below instead of those of <linux/types.h>. */
#define __VMLINUX_H__

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u32 __wsum;
typedef _Bool bool;
enum {
	false,
	true
};

#define NULL ((void *)0)

enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PROG_ARRAY = 3,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
	BPF_MAP_TYPE_QUEUE = 22,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};

enum {
	BPF_ANY = 0, /* bpf_map_update_elem() */
	BPF_NOEXIST = 1,
	BPF_EXIST = 2, /* bpf_map_push_elem(): overwrites the oldest element */
	BPF_F_NO_PREALLOC = 1, /* map_flags */
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1, /* bpf_task_storage_get() */
	BPF_F_MMAPABLE = 1U << 10, /* map_flags, since 5.5 */
};

/* bpf_ringbuf_submit() and bpf_ringbuf_query(), from the kernel's uapi/linux/bpf.h. */
enum {
	BPF_RB_NO_WAKEUP = 1,
	BPF_RB_FORCE_WAKEUP = 2,
	BPF_RB_AVAIL_DATA = 0,
	BPF_RB_RING_SIZE = 1,
};

/* Only their existence is tested: the helpers came with 5.11 and 5.15. */
enum bpf_func_id {
	BPF_FUNC_get_current_task_btf = 158,
	BPF_FUNC_task_pt_regs = 175,
};

/* Only the existence of a value is tested: bpf_rdonly_cast came with 6.2. */
enum special_kfunc_type {
	KF_bpf_rdonly_cast = 1,
};

/* Only its existence is tested, see repeat.h. */
struct bpf_iter_bits {
	__u64 __opaque[2];
};

struct bpf_iter_num {
	__u64 __opaque[1];
} __attribute__((aligned(8)));

struct bpf_raw_tracepoint_args {
	__u64 args[0];
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	__u32 val;
} kuid_t;

typedef struct {
	__u32 val;
} kgid_t;

struct thread_info {
	unsigned long flags;
	__u32 status; /* x86 */
};

struct proc_ns_operations {
	const char *name;
};

struct ns_common {
	const struct proc_ns_operations *ops;
	unsigned int inum;
};

struct cgroup_namespace {
	struct ns_common ns;
};

struct ipc_namespace {
	struct ns_common ns;
};

struct mnt_namespace {
	struct ns_common ns;
};

struct net {
	struct ns_common ns;
};

struct pid_namespace {
	struct ns_common ns;
	unsigned int level;
};

struct user_namespace {
	struct user_namespace *parent;
	int level;
	kuid_t owner;
	struct ns_common ns;
};

struct uts_namespace {
	struct ns_common ns;
};

struct nsproxy {
	struct uts_namespace *uts_ns;
	struct ipc_namespace *ipc_ns;
	struct mnt_namespace *mnt_ns;
	struct pid_namespace *pid_ns_for_children;
	struct net *net_ns;
	struct cgroup_namespace *cgroup_ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct pid {
	unsigned int level;
	struct hlist_head tasks[1]; /* by type, threads first */
	struct upid numbers[1];
};

struct super_block {
	__u32 s_dev;
	unsigned long s_magic;
};

struct timespec64 {
	__s64 tv_sec;
	long tv_nsec;
};

struct inode {
	__u16 i_mode;
	struct super_block *i_sb;
	unsigned long i_ino;
	__u32 i_rdev;
	__s64 i_size;
	__s64 i_ctime_sec;
	__u32 i_ctime_nsec;
	__u32 i_generation;
	void *i_private;
};

/* An inode from Linux 6.6 to 6.10, and one of older kernels. */
struct inode___hidden {
	struct timespec64 __i_ctime;
};

struct inode___old {
	struct timespec64 i_ctime;
};

struct hlist_bl_node {
	struct hlist_bl_node **pprev;
};

typedef struct seqcount {
	unsigned int sequence;
} seqcount_t;

typedef struct seqcount_spinlock {
	seqcount_t seqcount;
} seqcount_spinlock_t;

union shortname_store {
	unsigned char string[8];
};

struct qstr {
	__u32 hash;
	__u32 len;
	const unsigned char *name;
};

struct dentry {
	seqcount_spinlock_t d_seq;
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	union shortname_store d_shortname;
};

/* A dentry up to Linux 6.13; newer ones have `d_shortname`. */
struct dentry___iname {
	unsigned char d_iname[8];
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	struct path f_path;
	struct inode *f_inode;
	void *private_data;
};

struct proto {
	char name[32];
};

struct in6_addr {
	__u8 bytes[16];
};

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num; /* local port, in the machine's byte order */
	__u16 skc_family;
	struct proto *skc_prot;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};

struct sock {
	struct sock_common __sk_common;
	__u16 sk_protocol;
	struct socket *sk_socket;
};

struct socket {
	struct file *file;
	struct sock *sk;
};

struct sockaddr_un {
	char sun_path[108];
};

struct unix_address {
	int len;
	struct sockaddr_un name[0];
};

struct unix_sock {
	struct unix_address *addr;
	struct sock *peer;
};

struct netlink_sock {
	__u32 portid;
};

struct fs_struct {
	struct path root, pwd;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct mm_struct {
	struct file *exe_file;
	unsigned long arg_start, arg_end;
	unsigned long env_end;
	unsigned long start_stack;
};

/* An array of two words up to Linux 6.2, then one number: the same bytes. */
typedef struct {
	__u32 cap[2];
} kernel_cap_t;

struct cred {
	kernel_cap_t cap_effective;
	kuid_t uid;
	kgid_t gid;
	kuid_t suid;
	kgid_t sgid;
	kuid_t euid;
	kgid_t egid;
	struct user_namespace *user_ns;
};

typedef struct {
	int counter;
} atomic_t;

struct tty_driver {
	int major;
	int minor_start;
};

struct tty_struct {
	struct tty_driver *driver;
	int index;
};

/* The program that a task executes. Both paths are in the memory of the kernel. */
struct linux_binprm {
	const char *filename; /* as the caller passed it */
	const char *interp; /* the file that is loaded: the last interpreter of a script */
};

struct signal_struct {
	atomic_t live; /* threads */
	unsigned int is_child_subreaper : 1;
	struct tty_struct *tty; /* NULL: no controlling terminal */
};

struct task_struct {
	struct thread_info thread_info;
	void *stack;
	struct mm_struct *mm;
	int pid;
	int tgid;
	const struct cred *cred;
	char comm[16]; /* TASK_COMM_LEN */
	struct task_struct *real_parent;
	struct fs_struct *fs;
	struct files_struct *files;
	struct task_struct *group_leader;
	__u64 start_boottime;
	__u64 self_exec_id; /* programs that the task has executed */
	struct pid *thread_pid;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	kuid_t loginuid; /* with CONFIG_AUDIT only, */
	unsigned int sessionid; /* like this */
	struct css_set *cgroups;
};

struct bpf_prog_aux {
	__u32 id;
};

struct bpf_prog {
	struct bpf_prog_aux *aux;
};

/* A map of the type PROG_ARRAY. */
struct bpf_array {
	struct bpf_prog *ptrs[0];
};

/* A ring of io_uring. Up to about 6.19 the flags of `int_flags` are members of their own. */
struct io_ring_ctx {
	unsigned int flags;
	unsigned int int_flags;
	__u32 *sq_array;
	struct io_uring_sqe *sq_sqes;
	unsigned int cached_sq_head;
	unsigned int sq_entries;
};

struct io_cmd_data {
	char data[0];
};

struct io_kiocb {
	struct io_cmd_data cmd; /* since 6.0 */
	__u8 opcode;
	struct io_ring_ctx *ctx;
};

struct bpf_iter__task {
	struct task_struct *task;
};

struct bpf_iter__task_file {
	struct task_struct *task;
	struct file *file;
};

struct kernfs_node {
	const char *name;
	__u64 id;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
};

struct cgroup_root {
	int hierarchy_id;
};

struct cgroup {
	struct cgroup_subsys_state self;
	int level;
	struct kernfs_node *kn;
	struct cgroup_root *root;
};

/* A cgroup up to Linux 6.0; newer ones have `ancestors`. */
struct cgroup___ids {
	__u64 ancestor_ids[0]; /* by level */
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	__u64 regs[31];
	__u64 orig_x0;
	int syscallno;
};
#else
#error "no register access for this architecture yet: add it here and in args.h"
#endif

#pragma clang attribute pop

#endif
