/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_OWNER_H
#define TAILCALLD_OWNER_H

#include "globals.h"
#include "task.h"

/*
 * The user to whom a task is charged: its real user, or in a user namespace the user who made the
 * outermost one. A user has tens of thousands of subordinate ids (/etc/subuid) for the namespaces
 * that they make, and would otherwise have as many limits.
 */

/* create_user_ns() refuses a level above 32 (4.9 and newer). */
#define USER_NAMESPACES_DEEP 33

static __always_inline const struct user_namespace *cred_user_ns(const struct cred *cred)
{
	if (TASK_IS_TYPED)
		return cred->user_ns;
	return BPF_CORE_READ(cred, user_ns);
}

/* Returns the user who made the outermost namespace around this one; the initial one has level 0.
 */
static __always_inline __u32 user_ns_maker(const struct user_namespace *user_ns)
{
	for (int i = 0; i < USER_NAMESPACES_DEEP; i++) {
		if (BPF_CORE_READ(user_ns, level) <= 1)
			break;
		user_ns = BPF_CORE_READ(user_ns, parent);
	}
	return BPF_CORE_READ(user_ns, owner.val);
}

/* Stores the user to whom the task is charged. In memory, for the verifier: in a register, the code
 * that follows would be verified twice, 5,000 instructions in each handler (6.18). */
static __always_inline void task_charged_user(volatile __u64 *charged, const struct cred *cred,
					      const struct user_namespace *user_ns)
{
	*charged = (__u32)task_user(cred);
	if ((__u64)user_ns != initial_namespaces.user)
		*charged = user_ns_maker(user_ns);
}

#endif
