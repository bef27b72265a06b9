/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_HANDLER_DECL_H
#define TAILCALLD_HANDLER_DECL_H

/* What a handler tells about itself, for the daemon to read out of the object. */

enum handler_size {
	HANDLERS_MAX = 64,
	HANDLER_NAME_SIZE = 16,
	HANDLER_SUMMARY_SIZE = 96,
	HANDLER_SYSCALLS = 8,
	HANDLER_SYSCALL_SIZE = 24,
	HANDLER_FIELDS = 16,
	HANDLER_MESSAGES = 6,
	HANDLER_MESSAGE_SIZE = 96,
};

struct field {
	__u8 name[HANDLER_NAME_SIZE]; /* lower case; SYSCALL_ARG_<NAME> in the journal */
	__u16 kind; /* enum field_kind; 0 ends the table */
	__u16 role; /* enum field_role */
};

/* What a handler tells about itself. It lies in the object's .rodata.handlers, so that the daemon
 * can decode, describe and list a handler that it has never heard of. */
struct handler {
	__u32 id; /* given by the loader before load; the program compares routes with it */
	__u8 name[HANDLER_NAME_SIZE]; /* the program is handle_<name> */
	__u8 summary[HANDLER_SUMMARY_SIZE]; /* one line for `tailcalld handlers` */
	/* The syscalls whose arguments it understands, and the only ones it may be wired to; the
	 * route's `variant` is the index. None: it takes any syscall. */
	__u8 syscalls[HANDLER_SYSCALLS][HANDLER_SYSCALL_SIZE];
	__u32 exact; /* 1: read memory again at the return if that costs other calls nothing */
	struct field fields[HANDLER_FIELDS];
	__u8 messages[HANDLER_MESSAGES][HANDLER_MESSAGE_SIZE]; /* `{field}` is replaced */
};

#endif
