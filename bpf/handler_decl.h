/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_HANDLER_DECL_H
#define TAILCALLD_HANDLER_DECL_H

/* The declaration of a handler, which the daemon reads from the object. */

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

/* The declaration of a handler. It is in the object's section .rodata.handlers, so that the daemon
 * can decode, describe and list a handler without code of its own for it. */
struct handler {
	__u32 id; /* set by the loader before load; the program compares routes with it */
	__u8 name[HANDLER_NAME_SIZE]; /* the program is handle_<name> */
	__u8 summary[HANDLER_SUMMARY_SIZE]; /* one line for `tailcalld handlers` */
	/* The syscalls whose arguments it decodes, and the only ones that may be routed to it; the
	 * route's `variant` is the index. Empty: any syscall. */
	__u8 syscalls[HANDLER_SYSCALLS][HANDLER_SYSCALL_SIZE];
	__u32 exact; /* 1: unreadable memory is read again at the return, if other calls do not pay
			for that */
	struct field fields[HANDLER_FIELDS];
	__u8 messages[HANDLER_MESSAGES][HANDLER_MESSAGE_SIZE]; /* `{field}` is replaced */
};

#endif
