/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_MAPS_H
#define TAILCALLD_MAPS_H

#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include "counters.h"
#include "handler_decl.h"
#include "event.h"
#include "globals.h"
#include "match_key.h"
#include "scratch.h"
#include "settings.h"

/* Defines every map, with its writers, its readers and the reason for its size. Maps are weak, so
 * that each program file may include this; the linker merges them. */

/* The table: two banks of programs. Written by the daemon, slot by slot, only in the bank that is
 * not live; read by the tail calls of the dispatcher, and of handlers when a reload has switched
 * tables in between. */
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
	CONTINUE_NAMES = 3, /* `names` */
	CONTINUE_DESCRIPTORS = 4, /* `descriptors` */
	CONTINUE_PATH = 5, /* `filter_path` */
	CONTINUE_WALK = 6, /* `filter_walk` */
	CONTINUE_CAPABILITIES = 7, /* `capabilities` */
	CONTINUE_VECTORS = 8, /* `vectors` */
	CONTINUE_INNER = 9, /* `inner_args` */
	CONTINUE_MEMBERS = 10, /* `members` */
	CONTINUE_CHAIN = 11, /* `chain` */
	CONTINUE_ANCESTORS = 12, /* `ancestor_exe` */
	CONTINUE_RETURN = 13, /* `sys_exit`, of sessions only; the last */
	CONTINUATIONS,
};

/* Programs that continue the work of a handler or a filter. Filled by the loader. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, CONTINUATIONS);
	__type(key, __u32);
	__type(value, __u32);
} continuations __weak SEC(".maps");

enum return_continuation {
	RETURN_DESCRIPTOR = 0, /* `result_descriptor` */
	RETURN_VECTORS = 1, /* `result_vectors` */
	RETURN_MEMBERS = 2, /* `result_members` */
	RETURN_ENTRIES = 3, /* `result_entries` */
	RETURN_CONTINUATIONS,
};

/* Programs that continue the work of `sys_exit`, whose type may be another one. Filled by the
 * loader. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, RETURN_CONTINUATIONS);
	__type(key, __u32);
	__type(value, __u32);
} return_continuations __weak SEC(".maps");

/* The programs of handlers by number, for calls whose rule a filter has chosen. Filled by the
 * loader. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, HANDLERS_MAX);
	__type(key, __u32);
	__type(value, __u32);
} handlers __weak SEC(".maps");

/* The programs of further handlers of chains, which are objects of their own, by number. Written by
 * the daemon, only at numbers that the live bank does not use. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, CHAINED_MAX);
	__type(key, __u32);
	__type(value, __u32);
} chain_programs __weak SEC(".maps");

/* The tags of the cgroups of the v2 hierarchy, by id. Written by the daemon for cgroups that exist
 * at its start, by `cgroup_mkdir` for new ones. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CGROUPS_MAX);
	__type(key, __u64);
	__type(value, struct cgroup_tags);
} cgroup_tags __weak SEC(".maps");

/* The names of units and slices that filters name, and their bits. Written by the daemon, read by
 * `cgroup_mkdir`. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TAG_NAMES_MAX);
	__type(key, struct tag_name);
	__type(value, __u64);
} tag_names __weak SEC(".maps");

/* The processes of the trees that filters name, with the bits of their trees, by thread group.
 * Written by `proc_tree_seed` for processes that exist before, by `proc_tree_fork` for their
 * children. An entry counts for the process that started at its time only, see process_tree.h. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TREE_MEMBERS_MAX);
	__type(key, __u32);
	__type(value, struct tree_process);
} tree_members __weak SEC(".maps");

/* The roots of these trees by their pid in the daemon's namespace, and their bits. Written by the
 * daemon; `proc_tree_seed` adds the start of the process that has the pid first. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TREES_MAX);
	__type(key, __u32);
	__type(value, struct tree_process);
} tree_roots __weak SEC(".maps");

/* The counters: COUNTERS_ROWS rows for each CPU, so that no two CPUs share a cache line and no
 * count needs an atomic instruction. A slot has one row for both banks, because a reload must not
 * reset the counters. Written by handlers, read by the daemon, through a mapping and never through
 * bpf(2): while a task is in an update or a lookup of most maps, the kernel runs no program of a
 * classic tracepoint or a kprobe on its CPU (bpf_prog_active), and it may be preempted there.
 * max_entries is set before load. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, COUNTERS_ROWS);
	__type(key, __u32);
	__type(value, struct counters);
} counters __weak SEC(".maps");

/* The daemon's ledger: the outcomes of the events that it has taken out of the ring, by slot. No
 * program uses it. It is a map so that it outlives the daemon together with the ring, and the next
 * one knows what was in the memory of one that was killed. Written and read through a mapping. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, LEDGER_ROWS);
	__type(key, __u32);
	__type(value, struct ledger_row);
} ledger __weak SEC(".maps");

/* The ring of events, the only queue between the programs and the daemon. The loader replaces the
 * size by `[ring] size`. Where several groups of CPUs have a ring each, it is that of the first. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} events __weak SEC(".maps");

/* The rings by number, if there are several: `events` and others of the same size. Made and filled
 * by the loader, read by all programs that write records (ring.h). With a single ring there is no
 * such map. */
struct other_ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct other_ring);
} rings __weak SEC(".maps");

/* The black boxes, see blackbox.h: the queues of events and of results by the number of the box.
 * Made and filled by the loader. Programs write, `box_serve` takes out. Without black boxes none of
 * these maps exists. */
struct box_call_queue {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1);
	__uint(key_size, 0);
	__uint(value_size, BOX_CALL_BYTES);
};

struct box_result_queue {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1);
	__uint(key_size, 0);
	__uint(value_size, BOX_RESULT_BYTES);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct box_call_queue);
} box_calls __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct box_result_queue);
} box_results __weak SEC(".maps");

/* What they hold. Written by programs, read by the daemon through a mapping. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct black_box);
} boxes __weak SEC(".maps");

/* The boxes of cgroups, by id. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * BOXES_MAX);
	__type(key, __u64);
	__type(value, __u32);
} box_of_cgroup __weak SEC(".maps");

/* The boxes that no cgroup has. A queue, because two CPUs must not take the same one. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, BOXES_MAX);
	__uint(key_size, 0);
	__uint(value_size, sizeof(__u32));
} free_boxes __weak SEC(".maps");

/* The memory that handlers work in, see scratch.h. One for each CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches __weak SEC(".maps");

/* The results of filters' patterns for processes, see match_cache.h. One for each CPU, so that
 * nothing is shared and no entry is read while it is written. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct match_cache);
} match_caches __weak SEC(".maps");

/* The memory in which `cgroup_mkdir` examines a name. One for each CPU: the program may be
 * preempted, but is not entered twice on a CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cgroup_name);
} name_scratch __weak SEC(".maps");

/* Calls that wait for their return, stored with the task, so that no table can overflow. Tracing
 * programs may use this type from Linux 5.13 on; on older kernels the map is not created. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct pending);
} pending_tasks __weak SEC(".maps");

/* Calls that wait for their return, by the address of the task: on older kernels, and when the
 * kernel cannot allocate task storage. Linux 7.x never can on an x86 processor without cmpxchg16b
 * (mm/slub.c, kmalloc_nolock), such as an emulated one. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PENDING_CALLS);
	__type(key, __u64);
	__type(value, struct pending);
} pending_calls __weak SEC(".maps");

/* Updated by the daemon only to wait for a grace period, where membarrier(2) does not provide one:
 * bpf(2) promises that an update of an array of maps returns after every program that ran when it
 * began (kernel/bpf/syscall.c, maybe_wait_bpf_programs). After a reload, no program reads the old
 * bank from then on. */
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
