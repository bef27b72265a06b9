/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_WAKE_H
#define TAILCALLD_WAKE_H

#include "ring.h"

/*
 * Wakes the consumer, the daemon, if it is asleep. Records are committed without a wakeup, and this
 * runs after the commit: the commit is a full barrier in the kernel (an xchg of the record's
 * header), so either the consumer's last look sees the record or this function sees its flag. If
 * the flag were read before the commit, a record could be committed after the consumer's look and
 * before its sleep, and no program would wake it.
 *
 * The wakeup is sent with a discarded record of the smallest size. Two CPUs may both find the flag
 * set; a second wakeup does no harm. A full ring refuses the extra record; then a wakeup was sent
 * earlier, when the ring was a quarter full. The consumer waits for all rings at once, so it is all
 * the same in which of them the wakeup is.
 */
static __always_inline void consumer_wake(void)
{
	__u32 state = consumer;

	if (state == CONSUMER_AWAKE)
		return;
	if (state == CONSUMER_DOZING && ring_fill() < ring_bytes / 4)
		return;
	void *nudge = ring_reserve(8);
	if (!nudge)
		return;
	consumer = CONSUMER_AWAKE;
	bpf_ringbuf_discard(nudge, BPF_RB_FORCE_WAKEUP);
}

#endif
