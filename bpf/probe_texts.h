/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_PROBE_TEXTS_H
#define TAILCALLD_PROBE_TEXTS_H

#include "capture.h"
#include "route.h"

/* Captures the texts that arguments of a probe point to. */

static __always_inline __u32 probe_texts(__u64 slot)
{
	__u64 at = slot - PROBE_SLOT;

	barrier_var(at);
	return is_slot_of_probe(slot) ? probes[at & (PROBES - 1)].texts : 0;
}

static __always_inline void probe_texts_capture(struct scratch *scratch, __u64 slot)
{
	__u32 texts = probe_texts(slot);

	for (int i = 0; i < 6; i++) {
		struct capture_id of = {.field = i, .part = PART_WHOLE, .moment = MOMENT_ENTRY};

		if (texts & 1U << i)
			capture_probe_text(scratch, of, (const void *)scratch->event.args[i]);
	}
}

#endif
