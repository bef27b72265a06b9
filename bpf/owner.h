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

static __always_inline __u32 task_charged_user(const struct cred *cred,
					       const struct user_namespace *user_ns)
{
	if ((__u64)user_ns == initial_namespaces.user)
		return task_user(cred);
	return user_ns_maker(user_ns);
}

#endif
