/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_PROBE_TEXT_H
#define TAILCALLD_PROBE_TEXT_H

#include "kernel.h"
#include <bpf/bpf_helpers.h>

/* Reads a C string of a probe, wherever it is: the address tells the kernel's memory from that of
 * the process. */
static __always_inline long probe_text_read(void *to, __u32 size, const void *text)
{
	if ((__s64)text < 0)
		return bpf_probe_read_kernel_str(to, size, text);
	return bpf_probe_read_user_str(to, size, text);
}

#endif
