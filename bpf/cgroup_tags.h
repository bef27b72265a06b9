/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_CGROUP_TAGS_H
#define TAILCALLD_CGROUP_TAGS_H

#include "container.h"
#include "hash.h"
#include <bpf/bpf_core_read.h>

/* Tags a new cgroup: with the tags of its parent, and with those of its own name if that names a
 * unit or a slice. So a unit that has just started is known with its first call. src/units/tags.rs
 * reads a whole path by the same rules. */

static const volatile struct affix begin_manager = {{"user@"}, 5};

/* Reads the name of the cgroup without a leading `_`, by which systemd escapes names that could
 * clash with the kernel's own files. */
static __always_inline bool cgroup_name_read(struct cgroup_name *cgroup, const char *from)
{
	char first = 0;
	__u64 end;

	__builtin_memset(cgroup->name.text, 0, sizeof(cgroup->name.text));
	bpf_probe_read_kernel(&first, sizeof(first), from);
	long got = bpf_probe_read_kernel_str(cgroup->name.text, sizeof(cgroup->name.text),
					     from + (first == '_'));
	if (got < 1)
		return false;
	cgroup->length = got - 1;
	end = cgroup->length - END_BYTES;
	cgroup->end = 0;
	if (cgroup->length >= END_BYTES)
		return name_read(cgroup, &cgroup->end, sizeof(cgroup->end), end);
	cgroup->end = *(__u64 *)cgroup->name.text << ((END_BYTES - cgroup->length) * 8);
	return true;
}

static __always_inline __u64 name_bits(struct cgroup_name *cgroup, __u32 kind)
{
	cgroup->name.kind = kind;
	const __u64 *bits = bpf_map_lookup_elem(&tag_names, &cgroup->name);

	return bits ? *bits : 0;
}

/* Adds the tags of a unit or a slice of the system. */
static __always_inline void tags_below_system(struct cgroup_name *cgroup, struct cgroup_tags *tags)
{
	if (name_ends(cgroup, &end_slice)) {
		tags->bits |= name_bits(cgroup, NAME_SLICE);
		return;
	}
	tags->bits |= name_bits(cgroup, NAME_UNIT) | name_bits(cgroup, NAME_EXCLUDED);
	tags->state = name_begins(cgroup, &begin_manager) && name_ends(cgroup, &end_service)
			      ? PATH_IN_MANAGER
			      : PATH_IN_UNIT;
}

/* Returns the tag of a container's name below a cgroup with that state. A user chooses the names
 * below their own manager, so such a name is no more than a claim. */
static __always_inline __u64 container_tag(__u64 state)
{
	bool is_claim = state == PATH_IN_MANAGER || state == PATH_IN_USER_UNIT;

	return 1ULL << (is_claim ? TAG_CONTAINER_UNKNOWN : TAG_CONTAINER);
}

static __always_inline void tags_below(struct cgroup_name *cgroup, struct cgroup_tags *tags)
{
	if (name_is_container(cgroup))
		tags->bits |= container_tag(tags->state);
	if (tags->state == PATH_IN_SYSTEM) {
		tags_below_system(cgroup, tags);
	} else if (tags->state == PATH_IN_MANAGER && !name_ends(cgroup, &end_slice)) {
		tags->bits |= name_bits(cgroup, NAME_USER_UNIT);
		tags->state = PATH_IN_USER_UNIT;
	}
}

static __always_inline void cgroup_exclude(__u64 id)
{
	__u64 hash = excluded_cgroup_hash(id);

	for (__u32 i = 0; i < EXCLUDED_PROBES; i++) {
		volatile __u64 *entry = &excluded_cgroups[(hash + i) & (EXCLUDED_CGROUPS - 1)];

		if (*entry == id)
			return;
		if (*entry <= 1) {
			*entry = id;
			return;
		}
	}
	__atomic_fetch_add(&cgroup_tags_lost, 1, __ATOMIC_RELAXED);
}

static __always_inline void cgroup_untag(__u64 id)
{
	__u64 hash = excluded_cgroup_hash(id);

	bpf_map_delete_elem(&cgroup_tags, &id);
	for (__u32 i = 0; i < EXCLUDED_PROBES; i++) {
		volatile __u64 *entry = &excluded_cgroups[(hash + i) & (EXCLUDED_CGROUPS - 1)];

		if (*entry == id)
			*entry = 1;
	}
}

static __always_inline void cgroup_tag(__u64 id, __u64 parent, const char *name)
{
	__u32 zero = 0;
	struct cgroup_name *cgroup = bpf_map_lookup_elem(&name_scratch, &zero);
	const struct cgroup_tags *above = bpf_map_lookup_elem(&cgroup_tags, &parent);

	if (!cgroup || !above || !cgroup_name_read(cgroup, name)) {
		__atomic_fetch_add(&cgroup_tags_lost, 1, __ATOMIC_RELAXED);
		return;
	}
	struct cgroup_tags tags = {.bits = above->bits, .state = above->state};
	tags_below(cgroup, &tags);
	if (tags.bits & (1ULL << TAG_EXCLUDED))
		cgroup_exclude(id);
	if (bpf_map_update_elem(&cgroup_tags, &id, &tags, BPF_ANY))
		__atomic_fetch_add(&cgroup_tags_lost, 1, __ATOMIC_RELAXED);
}

#endif
