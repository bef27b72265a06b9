/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_CGROUP_TAGS_H
#define TAILCALLD_CGROUP_TAGS_H

#include "container.h"
#include "admit.h"
#include <bpf/bpf_core_read.h>

/* Which of the names that filters ask for a cgroup has that is born: those of the one above it, and
 * its own if that is where a unit or a slice has its name. So a unit that was started this moment
 * is known with its first call. src/units/standing.rs follows the same rules. */

/* A cgroup's name being looked at; a program of its own kind may be preempted, but is not entered
 * twice on a CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cgroup_name);
} cgroup_names __weak SEC(".maps");

static const volatile struct words begin_manager = {{"user@"}, 5};

/* systemd puts `_` before a name that the kernel could take for a file of its own. */
static __always_inline bool cgroup_name_learn(struct cgroup_name *cgroup, const char *from)
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
	const __u64 *bits = bpf_map_lookup_elem(&place_names, &cgroup->name);

	return bits ? *bits : 0;
}

/* A unit of the system, or a slice of it. */
static __always_inline void place_below_system(struct cgroup_name *cgroup, struct place *place)
{
	if (name_ends(cgroup, &end_slice)) {
		place->bits |= name_bits(cgroup, NAME_SLICE);
		return;
	}
	place->bits |= name_bits(cgroup, NAME_UNIT) | name_bits(cgroup, NAME_EXCLUDED);
	place->stage = name_begins(cgroup, &begin_manager) && name_ends(cgroup, &end_service)
			       ? STAGE_MANAGER
			       : STAGE_UNIT;
}

static __always_inline void place_below(struct cgroup_name *cgroup, struct place *place)
{
	if (name_is_container(cgroup))
		place->bits |= 1ULL << PLACE_CONTAINER;
	if (place->stage == STAGE_SYSTEM) {
		place_below_system(cgroup, place);
	} else if (place->stage == STAGE_MANAGER && !name_ends(cgroup, &end_slice)) {
		place->bits |= name_bits(cgroup, NAME_USER_UNIT);
		place->stage = STAGE_USER_UNIT;
	}
}

static __always_inline void cgroup_exclude(__u64 id)
{
	__u64 hash = spread(id) >> 56;

	for (__u32 i = 0; i < EXCLUDED_PROBES; i++) {
		volatile __u64 *place = &excluded_cgroups[(hash + i) & (EXCLUDED_CGROUPS - 1)];

		if (*place == id)
			return;
		if (*place <= 1) {
			*place = id;
			return;
		}
	}
	__atomic_fetch_add(&places_lost, 1, __ATOMIC_RELAXED);
}

static __always_inline void cgroup_forget(__u64 id)
{
	__u64 hash = spread(id) >> 56;

	bpf_map_delete_elem(&places, &id);
	for (__u32 i = 0; i < EXCLUDED_PROBES; i++) {
		volatile __u64 *place = &excluded_cgroups[(hash + i) & (EXCLUDED_CGROUPS - 1)];

		if (*place == id)
			*place = 1;
	}
}

static __always_inline void cgroup_learn(__u64 id, __u64 parent, const char *name)
{
	__u32 zero = 0;
	struct cgroup_name *cgroup = bpf_map_lookup_elem(&cgroup_names, &zero);
	const struct place *above = bpf_map_lookup_elem(&places, &parent);

	if (!cgroup || !above || !cgroup_name_learn(cgroup, name)) {
		__atomic_fetch_add(&places_lost, 1, __ATOMIC_RELAXED);
		return;
	}
	struct place place = {.bits = above->bits, .stage = above->stage};
	place_below(cgroup, &place);
	if (place.bits & (1ULL << PLACE_EXCLUDED))
		cgroup_exclude(id);
	if (bpf_map_update_elem(&places, &id, &place, BPF_ANY))
		__atomic_fetch_add(&places_lost, 1, __ATOMIC_RELAXED);
}

#endif
