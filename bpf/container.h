/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_CONTAINER_H
#define TAILCALLD_CONTAINER_H

#include "maps.h"

/* Classifies the name of a cgroup, comparing words. A container is recognized by the rules of
 * src/units/container.rs, which finds the container's id as well; a test checks that both agree. */

/* A prefix or a suffix of `length` bytes. */
struct affix {
	union {
		char text[BEGIN_BYTES];
		__u64 words[2];
	};
	__u64 length;
};

/* Prefixes of an id of 64 digits. */
static const volatile struct affix before_ids[] = {
	{{""}, 0},         {{"docker-"}, 7},      {{"cri-containerd-"}, 15},
	{{"crio-"}, 5},    {{"libpod-"}, 7},      {{"libpod-payload-"}, 15},
	{{"nerdctl-"}, 8}, {{"containerd-"}, 11},
};

static const volatile struct affix before_machine = {{"machine-"}, 8};
static const volatile struct affix before_nspawn = {{"systemd-nspawn@"}, 15};
static const volatile struct affix before_payload = {{"lxc.payload."}, 12};
/* Prefixes of a virtual machine of libvirt, which is no container: the processes there are its
 * emulator's, on the host. systemd may escape the dash. */
static const volatile struct affix emulator = {{"qemu-"}, 5};
static const volatile struct affix emulator_escaped = {{"qemu\\x2d"}, 8};

/* Suffixes, at the end of END_BYTES bytes. */
static const volatile struct affix end_slice = {{"\0\0.slice"}, 6};
static const volatile struct affix end_scope = {{"\0\0.scope"}, 6};
static const volatile struct affix end_service = {{".service"}, 8};

/* Ones in the first `bytes` bytes of a word. */
static __always_inline __u64 first_bytes(__s64 bytes)
{
	if (bytes <= 0)
		return 0;
	return bytes >= 8 ? ~0ULL : (1ULL << (bytes * 8)) - 1;
}

static __always_inline bool words_begin(const __u64 text[2], const volatile struct affix *begin)
{
	__u64 differing = (text[0] ^ begin->words[0]) & first_bytes(begin->length);

	return !(differing | ((text[1] ^ begin->words[1]) & first_bytes(begin->length - 8)));
}

static __always_inline bool name_begins(const struct cgroup_name *cgroup,
					const volatile struct affix *begin)
{
	return words_begin((const __u64 *)cgroup->name.text, begin);
}

static __always_inline bool name_ends(const struct cgroup_name *cgroup,
				      const volatile struct affix *end)
{
	return !((cgroup->end ^ end->words[0]) & ~first_bytes(END_BYTES - (__s64)end->length));
}

/* Reads `size` bytes of the name at `from`. */
static __always_inline bool name_read(const struct cgroup_name *cgroup, void *to, __u32 size,
				      __u64 from)
{
	barrier_var(from);
	if (from > CGROUP_NAME_SIZE)
		return false;
	return !bpf_probe_read_kernel(to, size, cgroup->name.text + from);
}

static __always_inline bool is_digit(__u8 byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
}

/* Whether the id that begins there follows a colon: SLICE:PREFIX:ID is the path that runc gets for
 * systemd, and makes as one cgroup where systemd is not asked. */
static __always_inline bool is_behind_colon(const struct cgroup_name *cgroup, __u64 begin)
{
	char before = 0;

	return begin && name_read(cgroup, &before, sizeof(before), begin - 1) && before == ':';
}

/* Whether the name is 64 hexadecimal digits after one of the prefixes, with or without `.scope`. */
static __always_inline bool name_is_id(struct cgroup_name *cgroup)
{
	__u64 bare = cgroup->length - (name_ends(cgroup, &end_scope) ? end_scope.length : 0);
	__u64 begin = bare - ID_DIGITS;
	bool is_known = false;

	if (bare < ID_DIGITS || !name_read(cgroup, cgroup->digits, ID_DIGITS, begin))
		return false;
	for (__u32 i = 0; i < sizeof(before_ids) / sizeof(before_ids[0]); i++)
		is_known |= begin == before_ids[i].length && name_begins(cgroup, &before_ids[i]);
	if (!is_known && !is_behind_colon(cgroup, begin))
		return false;
	for (__u32 i = 0; i < ID_DIGITS; i++)
		if (!is_digit(cgroup->digits[i]))
			return false;
	return true;
}

/* Whether the name has bytes between the prefix and the suffix, and they do not name an
 * emulator. */
static __always_inline bool name_is_between(struct cgroup_name *cgroup,
					    const volatile struct affix *begin, __u64 end_length)
{
	if (!name_begins(cgroup, begin) || cgroup->length <= begin->length + end_length)
		return false;
	if (!name_read(cgroup, cgroup->after, sizeof(cgroup->after), begin->length))
		return false;
	return !words_begin(cgroup->after, &emulator) &&
	       !words_begin(cgroup->after, &emulator_escaped);
}

static __always_inline bool name_is_container(struct cgroup_name *cgroup)
{
	if (name_is_id(cgroup))
		return true;
	if (name_ends(cgroup, &end_scope))
		return name_is_between(cgroup, &before_machine, end_scope.length) ||
		       name_is_between(cgroup, &before_payload, 0);
	if (name_ends(cgroup, &end_service) &&
	    name_is_between(cgroup, &before_nspawn, end_service.length))
		return true;
	return name_is_between(cgroup, &before_payload, 0);
}

#endif
