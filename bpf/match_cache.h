/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_MATCH_CACHE_H
#define TAILCALLD_MATCH_CACHE_H

#include "dentry.h"
#include "filter.h"
#include "hash.h"
#include "route.h"

/*
 * A cache of what a filter's patterns for comm, the parent's comm and the path of the executable
 * gave: the patterns are compared once for each such combination on each CPU, not for each call.
 *
 * The key has all that decides: both comms themselves, and for the path a fingerprint of each
 * dentry on it, with its address, its sequence number, which rises when it is renamed, moved or
 * deleted
 * (__d_move and dentry_unlink_inode in fs/dcache.c), and the hash of its name. The executable is
 * open while its process runs, so none of these dentries is freed and used for another file
 * meanwhile; of one that was closed since, the number of the inode tells it apart from what has got
 * its dentries. The texts are read from the key, so that a result is never stored for a text that
 * changed between the two. An entry of an earlier generation is never found.
 */
#define PROCESS_TEXTS                                                                              \
	(OPERAND_BIT(TEXT_COMM) | OPERAND_BIT(TEXT_PARENT_COMM) | OPERAND_BIT(TEXT_EXE))

enum {
	PRINT_PARTS = 16, /* dentries on a path at most, those of mount points included */
};

static __always_inline struct match_cache *match_cache_of_cpu(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&match_caches, &zero);
}

/* Returns an address as a number: the verifier refuses to calculate with a typed pointer. */
static __always_inline __u64 address_number(struct match_cache *cache, __u64 address)
{
	*(volatile __u64 *)&cache->number = address;
	return *(volatile __u64 *)&cache->number;
}

static __always_inline __u64 print_add(__u64 print, __u64 value)
{
	return hash_u64((print << 7 | print >> 57) ^ value);
}

/* Adds a dentry to the fingerprint. Returns the address of its parent; 0 if it is being renamed, or
 * is the top of a file system that is mounted nowhere. */
static __always_inline __u64 print_dentry(struct match_cache *cache, struct scratch *scratch,
					  __u64 *print, __u64 address)
{
	const struct dentry *dentry = dentry_readable(scratch, address);
	__u32 sequence = *(const volatile __u32 *)&dentry->d_seq.seqcount.sequence;
	__u64 parent = (__u64)dentry->d_parent;

	*print = print_add(*print, address_number(cache, address) ^
					   ((__u64)sequence << 32 | dentry->d_name.hash));
	return sequence & 1 || parent == address ? 0 : parent;
}

/* Stores the fingerprint of the path from the executable to the root of the mounts. Returns whether
 * there is one. */
static __always_inline bool path_print(struct match_cache *cache, struct scratch *scratch,
				       __u64 *print)
{
	__u64 dentry = cache->key.exe, mount = cache->exe_mount, root = mount_root(mount);

	for (__u32 i = 0; i < PRINT_PARTS; i++) {
		if (!dentry)
			return false;
		if (dentry != root) {
			dentry = print_dentry(cache, scratch, print, dentry);
			continue;
		}
		__u64 whole = mount_whole(mount), above = mount_parent(whole);
		*print = print_add(*print, whole);
		if (above == whole)
			return true;
		dentry = mount_point(whole);
		mount = address_number(cache, above) + bpf_core_field_offset(struct mount, mnt);
		root = mount_root(mount);
	}
	return false;
}

/* Adds the executable to the key. Returns whether its path has a fingerprint. */
static __always_inline bool key_add_exe(struct match_cache *cache, struct scratch *scratch,
					const struct mm_struct *mm)
{
	__u64 file = mm ? KERNEL_READ(mm, mm_struct, exe_file) : 0;
	__u64 print, inode;

	if (!file)
		return false;
	inode = address_number(cache, KERNEL_READ(file, file, f_inode));
	print = print_add(inode, KERNEL_READ(inode, inode, i_ino));
	cache->key.exe = address_number(cache, KERNEL_READ(file, file, f_path.dentry));
	cache->exe_mount = address_number(cache, KERNEL_READ(file, file, f_path.mnt));
	if (!path_print(cache, scratch, &print))
		return false;
	cache->key.exe_print = print;
	return true;
}

/* Stores what decides on the patterns of a filter. Returns whether that is complete. */
static __always_inline bool key_load(struct match_cache *cache, struct scratch *scratch,
				     const struct call *call, __u32 texts)
{
	struct match_key *key = &cache->key;

	__builtin_memset(key, 0, sizeof(*key));
	key->filter = (__u64)call->route->generation << 32 | call->route->filter;
	if (texts & OPERAND_BIT(TEXT_COMM))
		task_comm(call->task, (__u8 *)key->comm);
	if (texts & OPERAND_BIT(TEXT_PARENT_COMM))
		task_parent_comm(call->task, key->parent_comm);
	return !(texts & OPERAND_BIT(TEXT_EXE)) || key_add_exe(cache, scratch, call->mm);
}

static __always_inline bool key_equals(const struct match_key *a, const struct match_key *b)
{
	return !((a->filter ^ b->filter) | (a->comm[0] ^ b->comm[0]) | (a->comm[1] ^ b->comm[1]) |
		 (a->parent_comm[0] ^ b->parent_comm[0]) | (a->parent_comm[1] ^ b->parent_comm[1]) |
		 (a->exe ^ b->exe) | (a->exe_print ^ b->exe_print));
}

/* Returns the only place where the result for the key can be. */
static __always_inline struct match_entry *match_entry_of(struct match_cache *cache)
{
	const struct match_key *key = &cache->key;
	__u64 mixed = key->comm[0] ^ key->parent_comm[0] << 1 ^ key->exe_print;
	__u64 at = hash_u64(mixed + key->filter) >> (64 - MATCH_ENTRIES_BITS);

	barrier_var(at);
	return &cache->entries[at & (MATCH_ENTRIES - 1)];
}

/* Takes the result for the texts of the process from the cache, if it is there. */
static __always_inline void match_find(struct scratch *scratch, const struct call *call)
{
	volatile struct filtering *filtering = &scratch->filtering;
	struct match_cache *cache;
	const struct match_entry *entry;

	if (!(filtering->texts & PROCESS_TEXTS))
		return;
	cache = match_cache_of_cpu();
	if (!cache)
		return; /* not reached */
	cache->is_cacheable = key_load(cache, scratch, call, filtering->texts);
	entry = match_entry_of(cache);
	if (!cache->is_cacheable || !key_equals(&entry->key, &cache->key))
		return;
	filtering->operands[OPERAND_PATTERNS] = entry->bits;
	filtering->texts &= ~PROCESS_TEXTS;
	filtering->patterns_known = !filtering->texts;
}

/* Stores the result when all texts of the process are compared. They come before the others. */
static __always_inline void match_store(const struct scratch *scratch, struct match_cache *cache,
					__u32 text)
{
	const volatile struct filtering *filtering = &scratch->filtering;
	struct match_entry *entry;

	if (filtering->text_state != TEXT_KNOWN)
		cache->is_cacheable = false;
	if (!(text & PROCESS_TEXTS) || filtering->texts & PROCESS_TEXTS || !cache->is_cacheable)
		return;
	entry = match_entry_of(cache);
	entry->key = cache->key;
	entry->bits = filtering->operands[OPERAND_PATTERNS];
}

#endif
