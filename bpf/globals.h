/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_GLOBALS_H
#define TAILCALLD_GLOBALS_H

#include "kernel.h"
#include "event.h"
#include "settings.h"

/* Every global: who writes it, who reads it. External, so that each program file may include this;
 * the linker makes them one. */

/* Index in `syscalls` of the live bank's first slot: 0 or BANK_SLOTS. Written by the daemon: this
 * word is the flip. */
extern volatile __u32 live_base;

/* The settings of both banks. Written by the daemon, in the bank that is not live; not through
 * bpf(2), see `counters`. */
extern volatile struct bank banks[BANKS];

/* The limits by number. A number means the same for as long as a table that uses it is live. */
extern volatile struct limit limits[LIMITS];

/* Who has used how much of a limit, by a hash of who it is; behind them, for each limit one for all
 * who find no place there. Written by handlers, emptied by the daemon. */
extern volatile struct bucket buckets[BUCKETS_ALL];

/* Cgroups whose processes are not recorded, by a hash of their ids; 1 is one that is gone. Written
 * by the daemon and by `cgroup_mkdir`. */
extern volatile __u64 excluded_cgroups[EXCLUDED_CGROUPS];

/* Bits of the trees that are asked for, and how often `proc_tree_seed` has changed what it found.
 * Written by the daemon before it runs that. */
extern volatile __u64 tree_mask;
extern volatile __u64 tree_changes;

/* Cgroups, and members of process trees, for which there was no room. */
extern volatile __u64 cgroup_tags_lost;
extern volatile __u64 process_trees_lost;

/* What `args` captures of each syscall, by slot within a bank. Set before load. */
extern const volatile struct recipe recipes[BANK_SLOTS];

/* enum consumer_state. The daemon writes it before it sleeps, the first event that it waits for
 * writes it back. */
extern volatile __u32 consumer;

/* enum attach_kind. Set before load, together with the programs' type: the branches that are not
 * taken are then unknown to the verifier, so one source serves each type. */
extern const volatile __u32 attach_kind;

/* The same of the program at the calls' return. */
extern const volatile __u32 return_kind;

/* Bytes in the ring from which on a dozing consumer is woken. Set before load. */
extern const volatile __u32 wake_bytes;

/* Our own thread group in the initial pid namespace. Written by `self_identify` before any attach.
 */
extern volatile __u32 self_tgid;

/* Executables whose processes are excluded. Written by the daemon; an inode of 0 ends the list. */
extern volatile struct file_id excluded_files[EXCLUDED_FILES];

/* What `self_identify` found for the file descriptor it was asked about. Read by the daemon. */
extern volatile struct file_id identified_file;

/* Which process `journal_open` looks at. Written by the daemon before it runs that, except for the
 * answer. */
extern volatile struct journal_query journal_query;

/* What is initial. Written by `self_identify` before any attach. */
extern volatile struct initial_namespaces initial_namespaces;

/* Cgroup events that found no room. Written by cgroups.bpf.c; the daemon reads the tree again. */
extern volatile __u64 cgroups_lost;

#endif
