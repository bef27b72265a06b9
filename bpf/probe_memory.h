/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_PROBE_MEMORY_H
#define TAILCALLD_PROBE_MEMORY_H

#include "capture.h"
#include "route.h"

/* Captures the texts and structures that arguments of a probe point to. */

static __always_inline const volatile struct probe *probe_at(__u64 slot)
{
	__u64 at = slot - PROBE_SLOT;

	barrier_var(at);
	return &probes[at & (PROBES - 1)];
}

/* Returns the arguments whose memory is captured, a bit each. */
static __always_inline __u32 probe_pointers(__u64 slot)
{
	return is_slot_of_probe(slot) ? probe_at(slot)->pointers : 0;
}

static __always_inline void probe_memory_capture(struct scratch *scratch, __u64 slot)
{
	__u32 pointers = probe_pointers(slot);

	for (int i = 0; i < 6; i++) {
		struct capture_id of = {.field = i, .part = PART_WHOLE, .moment = MOMENT_ENTRY};
		__u64 address = scratch->event.args[i], size = probe_at(slot)->structures[i];

		if (!(pointers & 1U << i))
			continue;
		if (!size)
			capture_probe_text(scratch, of, (const void *)address);
		else if ((__s64)address < 0) /* in the kernel's memory */
			capture_structure(scratch, of, (const void *)address, size);
	}
}

#endif
