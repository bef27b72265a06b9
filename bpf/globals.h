/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_GLOBALS_H
#define TAILCALLD_GLOBALS_H

#include "kernel.h"
#include "event.h"
#include "settings.h"

/* Declares every global, with its writers and readers. They are external, so that each program file
 * may include this; globals.bpf.c defines them. */

/* Index in `syscalls` of the live bank's first slot: 0 or BANK_SLOTS. Written by the daemon: to
 * store this word is to switch tables. */
extern volatile __u32 live_base;

/* CLOCK_BOOTTIME from which calls are measured; 0 while none is. Written by the daemon. */
extern volatile __u64 timed_since_ns;

/* Run time by slot within a bank: sums of all measurements. Written by the programs, read by the
 * daemon. Shared by all CPUs: the additions wait for each other, but no time of a call has them. */
extern volatile struct run_time run_times[BANK_SLOTS];

/* Whether a number has a route, in either ABI. A byte each: a bit takes three more instructions to
 * test. Written by the daemon: 1 before a table that routes the number goes live, 0 when no table
 * does any more. */
extern volatile __u8 routed_numbers[ABI_SLOTS];

/* The settings of both banks. Written by the daemon, in the bank that is not live, through a
 * mapping; see `counters` for the reason. */
extern volatile struct bank banks[BANKS];

/* The limits by number. A number keeps its meaning while a live table uses it. */
extern volatile struct limit limits[LIMITS];

/* The buckets of the limits, by a hash of the limit and the owner; behind them one for each limit,
 * shared by all owners that found no free bucket. Written by handlers, cleared by the daemon. */
extern volatile struct bucket buckets[BUCKETS_ALL];

/* The calls that rules of each bank know, see known.h. Written by the daemon: in the live bank what
 * is new, in the idle one zeros before it is filled. */
extern volatile __u64 known_calls[BANKS * KNOWN_CALLS];

/* Ids of the cgroups whose processes are not recorded, in a hash table; 1 stands for a removed
 * entry. Written by the daemon and by `cgroup_mkdir`. */
extern volatile __u64 excluded_cgroups[EXCLUDED_CGROUPS];

/* The question of a pass of `proc_tree_seed` and its answer. The daemon sets both before it runs
 * that program. */
extern volatile struct tree_pass tree_pass;

/* The root of the cgroups that the daemon sees: in a cgroup namespace, cgroups of the host are
 * outside. 0 before the daemon has read them. */
extern volatile __u64 cgroup_view;

/* Numbers of cgroups and of members of process trees that their maps had no room for. Written by
 * the programs, read by the daemon. */
extern volatile __u64 cgroup_tags_lost;
extern volatile __u64 process_trees_lost;

/* So many of `process_trees_lost` have found room since. While they differ, a process that is in no
 * tree may be in any. Written by the daemon. */
extern volatile __u64 process_trees_found;

/* The recipes by which `args` captures the memory of each syscall, by slot within a bank. Set
 * before load. */
extern const volatile struct recipe recipes[BANK_SLOTS];

/* The inner arguments of syscalls that have some. Set before load. */
extern const volatile struct inner_choice inner_choices[INNER_CHOICES];
extern const volatile struct inner_arguments inner_arguments[INNER_ARGUMENTS];

/* The path arguments of each syscall, by slot within a bank. Set before load. */
extern const volatile struct path_arguments path_arguments[BANK_SLOTS];

/* The descriptors of each syscall, by slot within a bank. Set before load. */
extern const volatile struct descriptors_of_call descriptors_of[BANK_SLOTS];

/* The members of the entry in the submission queue that are the arguments of each operation of
 * io_uring: enum sqe_member. Set before load. */
extern const volatile struct uring_arguments uring_arguments[URING_SLOTS];

/* The arguments of probes, from PROBE_SLOT on. Written by the daemon before it attaches one. */
extern volatile struct probe probes[PROBES];

/* Whether any probe has ever been attached. Written by the daemon. */
extern volatile __u32 has_probes;

/* enum consumer_state. The daemon sets it before it sleeps; the program that wakes it sets it
 * back. */
extern volatile __u32 consumer;

/* The structures that an address can be made a pointer to. The daemon sets their ids before load.
 */
extern const volatile struct cast_type cast_types[CASTS];

/* enum attach_kind. Set before load, together with the programs' type: the verifier removes the
 * branches of other kinds, so that one source serves each type. */
extern const volatile __u32 attach_kind;

/* Whether the dispatchers are attached by kprobe.session: the kernel runs them at the return of a
 * function as well, unless they return 1 at its entry. Set before load. */
extern const volatile __u32 is_session;

/* The enum attach_kind of `sys_exit`. Set before load. */
extern const volatile __u32 return_kind;

/* The enum attach_kind of `proc_tree_fork`. Set before load. */
extern const volatile __u32 task_start_kind;

/* The enum attach_kind of `task_exec`. Set before load. */
extern const volatile __u32 execution_kind;

/* Size of each ring. Set before load. */
extern const volatile __u32 ring_bytes;

/* Number of rings. Set before load, so that the verifier removes what a single ring does not need.
 */
extern const volatile __u32 ring_count;

/* Number of the ring of each CPU. Set before load. */
extern const volatile __u8 ring_of[RING_CPUS];

/* Number of events that a CPU may emit before it asks for the ring's fill again. Set before
 * load. */
extern const volatile __u32 ring_grant_events;

/* Number of black boxes; 0: there are none. Set before load. */
extern const volatile __u32 box_units;

/* Number of calls that each of them keeps. Set before load; no program reads it: another daemon
 * with another number cannot go on with these boxes. */
extern const volatile __u32 box_call_count;

/* What `box_serve` took out of a black box, and whether it did what it was asked for. Read by the
 * daemon that runs it. */
extern volatile __u64 box_element[BOX_CALL_BYTES / sizeof(__u64)];
extern volatile __u32 box_served;

/* The daemon's thread group in the initial pid namespace. Written by `self_identify` before any
 * attach. No other process gets the pid while programs run: the kernel closes the daemon's links,
 * and so detaches them, before it frees its pid. */
extern volatile __u32 self_tgid;

/* Executables whose processes are not recorded: the addresses of their inodes. The daemon writes
 * them and keeps the files open, so that no other inode gets one of these addresses. Inode numbers
 * are no identity: on btrfs they are unique within a subvolume only, and any user may make one. 0
 * ends the list. */
extern volatile __u64 excluded_files[EXCLUDED_FILES];

/* The inode of the descriptor that the daemon passed to `self_identify`. Written by that, read by
 * the daemon. */
extern volatile __u64 identified_file;

/* The time at which `self_identify` ran, as the programs see it. Written and read likewise. */
extern volatile __u64 identified_ns;

/* The file that `file_identify` has identified, for the daemon that runs it. */
extern volatile struct executable identified_executable;

/* Ids of the programs in an array of programs, 0 for an empty entry. Written by `table_check`, read
 * by the daemon that runs it. */
extern volatile __u32 table_programs[SLOTS];

/* The process that `journal_open` examines. Written by the daemon before it runs that program,
 * which writes the answer. */
extern volatile struct journal_query journal_query;

/* The initial namespaces. Written by `self_identify` before any attach. */
extern volatile struct initial_namespaces initial_namespaces;

/* Number of cgroup events that the ring had no room for. Written by cgroups.bpf.c; when it rises,
 * the daemon reads the cgroup tree again. */
extern volatile __u64 cgroups_lost;

#endif
