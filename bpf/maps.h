/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_MAPS_H
#define TAILCALLD_MAPS_H

#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include "counters.h"
#include "handler_decl.h"
#include "event.h"
#include "globals.h"
#include "scratch.h"
#include "settings.h"

/* Every map: who writes it, who reads it, why it has this size. Maps are weak, so that each program
 * file may include this; the linker makes them one. */

/* The table: two banks of programs. Written by the daemon, slot by slot, only in the bank that is
 * not live; read by the tail calls of the dispatcher and of handlers overtaken by a flip. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, BANKS *BANK_SLOTS);
	__type(key, __u32);
	__type(value, __u32);
} syscalls __weak SEC(".maps");

enum continuation {
	CONTINUE_ARGV = 0, /* `argv_copy` */
	CONTINUE_FILTER = 1, /* `filter_resume` */
	CONTINUE_MATCH = 2, /* `filter_match` */
	CONTINUATIONS,
};

/* Programs that go on where a handler leaves off. Filled by the loader. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, CONTINUATIONS);
	__type(key, __u32);
	__type(value, __u32);
} continuations __weak SEC(".maps");

/* The programs of handlers by number, for calls that a filter has chosen a rule for. Filled by the
 * loader. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, HANDLERS_MAX);
	__type(key, __u32);
	__type(value, __u32);
} handlers __weak SEC(".maps");

/* What is known of the cgroups of the v2 hierarchy, by id. Written by the daemon for those that
 * were there before, by `cgroup_mkdir` for those that are born. Linux tells of each only once. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CGROUPS_MAX);
	__type(key, __u64);
	__type(value, struct cgroup_tags);
} cgroup_tags __weak SEC(".maps");

/* The names of units and slices that filters ask for, and their bits. Written by the daemon. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TAG_NAMES_MAX);
	__type(key, struct tag_name);
	__type(value, __u64);
} tag_names __weak SEC(".maps");

/* The processes that descend from those that filters name, and the bits of these, by thread group.
 * Written by the daemon for those that were there before, by `proc_tree_fork` for their children.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TREE_MEMBERS_MAX);
	__type(key, __u32);
	__type(value, __u64);
} tree_members __weak SEC(".maps");

/* The roots of these trees by their number in the daemon's pid namespace, and their bits. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TREES_MAX);
	__type(key, __u32);
	__type(value, __u64);
} tree_roots __weak SEC(".maps");

/* The counters: COUNTERS_ROWS rows for each CPU, so that no two share a cache line and no count
 * needs an atomic. By slot within a bank, because a reload must not reset them. Written by
 * handlers, read by the daemon, through a mapping and never through bpf(2): while a task is in an
 * update or a lookup of most maps, the kernel runs no program of a classic tracepoint or a kprobe
 * on its CPU (bpf_prog_active), and it may be preempted there. max_entries is set before load. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, COUNTERS_ROWS);
	__type(key, __u32);
	__type(value, struct counters);
} counters __weak SEC(".maps");

/* The events, and the only queue there is. The size here is replaced by `[ring] size`. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} events __weak SEC(".maps");

/* Where a handler works: scratch.h. One for each CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches __weak SEC(".maps");

/* Where the name of a new cgroup is looked at. One for each CPU: such a program may be preempted,
 * but is not entered twice on a CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cgroup_name);
} name_scratch __weak SEC(".maps");

/* Calls whose return is awaited. With each task, so that there is no table that could overflow.
 * Tracing programs may use it from Linux 5.13 on; not created where the kernel does not know it. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct pending);
} pending_tasks __weak SEC(".maps");

/* By the address of the task: on older kernels, and where the kernel has no memory for it at the
 * moment. That of Linux 7.x never has any on an x86 processor without cmpxchg16b (mm/slub.c,
 * kmalloc_nolock), as emulators may be. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PENDING_CALLS);
	__type(key, __u64);
	__type(value, struct pending);
} pending_calls __weak SEC(".maps");

/* Updated by the daemon only to wait, where membarrier(2) does not: bpf(2) promises that an update
 * of an array of maps returns after every program that ran when it began (kernel/bpf/syscall.c,
 * maybe_wait_bpf_programs). After a flip, nobody reads the old bank from then on. */
struct grace_inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
};

struct grace_inner grace_inner __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct grace_inner);
} grace __weak SEC(".maps");

#endif
