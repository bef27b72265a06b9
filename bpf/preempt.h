/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_PREEMPT_H
#define TAILCALLD_PREEMPT_H

#include "kernel.h"
#include <bpf/bpf_helpers.h>

/*
 * Code that must not be preempted. From Linux 7.2 on the kernel may preempt a program of a raw
 * tracepoint. Between the reservation of a record and its commit, the consumer stops at that record
 * and everybody's events wait behind it: for ever, if the preempted task is of SCHED_IDLE and the
 * CPU has enough else to do. bpf_ringbuf_output() is no way out: it is preempted in between, too.
 * The functions came with 6.10; older kernels run these programs with preemption off.
 */
extern void bpf_preempt_disable(void) __ksym __weak;
extern void bpf_preempt_enable(void) __ksym __weak;

static __always_inline void preemption_off(void)
{
	if (bpf_ksym_exists(bpf_preempt_disable))
		bpf_preempt_disable();
}

static __always_inline void preemption_on(void)
{
	if (bpf_ksym_exists(bpf_preempt_enable))
		bpf_preempt_enable();
}

#endif
