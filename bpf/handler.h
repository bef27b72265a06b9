/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_HANDLER_H
#define TAILCALLD_HANDLER_H

/* All that a handler needs. A handler is one file with one declaration and one program:
 *
 *	HANDLER(name) = { .name = "name", .summary = ..., .fields = ..., .messages = ... };
 *	TABLE_PROGRAM(handle_name) { ... }
 *
 * docs/architecture.md has the list of what belongs to a new one. */

#include "maps.h"
#include "route.h"
#include "emit.h"
#include "admit.h"

#define HANDLER(name) const volatile struct handler name##_handler SEC(".rodata.handlers")

#endif
