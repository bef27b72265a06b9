/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_FILTER_H
#define TAILCALLD_FILTER_H

#include "context.h"
#include "continued.h"
#include "globals.h"
#include "maps.h"
#include "process_tree.h"
#include "repeat.h"
#include "route.h"
#include "task.h"
#include <bpf/bpf_core_read.h>

/*
 * Interprets a filter, which selects the rule of a route that applies to a call. A filter is a
 * program of instructions, as in classic BPF: each compares one operand and jumps forward, to
 * another instruction, to a rule, or to FILTER_REJECT. The operands that the filter needs are
 * loaded before; patterns are matched only when an instruction needs them.
 */

#define OPERAND_BIT(operand) (1U << (operand))

/* Levels of ancestors that are searched for the tags of a cgroup that the map lacks: a unit of the
 * system is at the 2nd to 5th, one of a user's manager at the 4th to 7th. */
#define ANCESTOR_LEVELS 7

/* Returns the bits of the properties that remain unknown below an ancestor with that state. */
static __always_inline __u64 bits_unknown_below(__u64 state)
{
	const __u64 container = 1ULL << TAG_CONTAINER_UNKNOWN;

	return state == PATH_IN_UNIT || state == PATH_IN_USER_UNIT
		       ? container
		       : container | 1ULL << TAG_NAMES_UNKNOWN;
}

/* Returns the id of the ancestor of the current cgroup at a level; 0 if it is not as deep. Tracing
 * programs may call the helper since 5.15. */
static __always_inline __u64 ancestor_id(int level)
{
	const struct cgroup *cgroup = BPF_CORE_READ(task_untyped(), cgroups, dfl_cgrp);
	const struct cgroup___ids *old = (const void *)cgroup;
	const __u64 *ids = __builtin_preserve_access_index(&old->ancestor_ids[0]);
	__u64 id = 0;

	if (!bpf_core_field_exists(old->ancestor_ids))
		return bpf_get_current_ancestor_cgroup_id(level);
	if (level <= BPF_CORE_READ(cgroup, level))
		bpf_probe_read_kernel(&id, sizeof(id), ids + level);
	return id;
}

/* Returns the tags of a cgroup that the map lacks because it is full: those of the nearest ancestor
 * in the map, with the bits of what remains unknown. */
static __always_inline __u64 cgroup_bits_of_ancestors(void)
{
	for (int level = ANCESTOR_LEVELS; level > 0; level--) {
		__u64 id = ancestor_id(level);
		const struct cgroup_tags *tags = bpf_map_lookup_elem(&cgroup_tags, &id);

		if (tags)
			return tags->bits | bits_unknown_below(tags->state);
	}
	return bits_unknown_below(PATH_IN_SYSTEM);
}

static __always_inline __u64 cgroup_bits(const struct task_struct *task)
{
	__u64 id = task_cgroup_id(task);
	const struct cgroup_tags *tags = bpf_map_lookup_elem(&cgroup_tags, &id);

	return tags ? tags->bits : cgroup_bits_of_ancestors();
}

/* Returns the trees of the current process. While the map lacks some members for want of room, any
 * process that is in no tree may be in one. */
static __always_inline __u64 tree_bits(void)
{
	const struct tree_process *member = tree_member_of_current();

	if (member)
		return member->bits;
	return process_trees_lost != process_trees_found ? 1ULL << TREE_UNKNOWN : 0;
}

/* The filter of the call's route. NULL if it has none, which the daemon prevents. */
static __always_inline const volatile struct filter *
filter_of(const volatile struct filtering *filtering)
{
	__u64 number = slot_route(filtering->bank, filtering->slot)->filter;

	if (!number)
		return NULL;
	return &bank_at(filtering->bank)->filters[(number - 1) & (FILTERS_PER_BANK - 1)];
}

static __always_inline void operands_load(void *ctx, struct filtering *filtering,
					  const struct call *call,
					  const volatile struct filter *filter)
{
	const struct cred *cred = task_cred(call->task);
	__u64 user = task_user(cred);
	__u32 euid, egid;

	filtering->operands[OPERAND_UID] = (__u32)user;
	filtering->operands[OPERAND_GID] = user >> 32;
	if (filter->operands & (OPERAND_BIT(OPERAND_EUID) | OPERAND_BIT(OPERAND_EGID))) {
		cred_effective(cred, &euid, &egid);
		filtering->operands[OPERAND_EUID] = euid;
		filtering->operands[OPERAND_EGID] = egid;
	}
	if (filter->operands & OPERAND_BIT(OPERAND_LOGINUID))
		filtering->operands[OPERAND_LOGINUID] = task_loginuid(call->task);
	if (filter->operands & OPERAND_BIT(OPERAND_CGROUP_TAGS))
		filtering->operands[OPERAND_CGROUP_TAGS] = cgroup_bits(call->task);
	if (filter->operands & OPERAND_BIT(OPERAND_PROCESS_TREES))
		filtering->operands[OPERAND_PROCESS_TREES] = tree_bits();
	if (!filter->arguments)
		return;
	if (is_slot_in_row(call->slot))
		current_args(call->current, &filtering->operands[OPERAND_ARGUMENT]);
	else
		call_args(ctx, call->compat, &filtering->operands[OPERAND_ARGUMENT]);
}

/* Converts an operand so that all widths compare as 64-bit unsigned numbers: the highest bit of
 * signed ones is inverted. */
static __always_inline __u64 widened(__u64 value, __u8 width)
{
	const __u64 highest = 1ULL << 63;

	if (width == WIDTH_UNSIGNED_32)
		return (__u32)value;
	if (width == WIDTH_SIGNED_32)
		return (__u64)(__s64)(__s32)value ^ highest;
	return width == WIDTH_SIGNED ? value ^ highest : value;
}

static __always_inline bool insn_holds(const volatile struct filtering *filtering,
				       const volatile struct filter_insn *insn)
{
	__u64 operand = insn->operand;

	barrier_var(operand);
	if (operand >= OPERANDS)
		return false;
	__u64 value = widened(filtering->operands[operand], insn->width);
	return insn->op == INSN_ANY_BIT ? (value & insn->a) != 0
					: value >= insn->a && value <= insn->b;
}

/* Executes an instruction. Returns false at the end of the filter, and at an instruction whose
 * patterns are not matched yet. The bank is loaded each time: kept in a register, it would make
 * each round more work for the verifier. */
static __always_inline bool insn_run(volatile struct filtering *filtering)
{
	__u64 pc = filtering->pc;

	if (pc >= INSNS_PER_BANK)
		return false;
	barrier_var(pc);
	const volatile struct filter_insn *insn =
		&bank_at(filtering->bank)->insns[pc & (INSNS_PER_BANK - 1)];
	if (insn->operand == OPERAND_PATTERNS && !filtering->patterns_known) {
		filtering->wants_patterns = true;
		return false;
	}
	filtering->wants_patterns = false;
	filtering->pc = insn_holds(filtering, insn) ? insn->jt : insn->jf;
	return true;
}

/* Executes up to four instructions. Returns false at the end of the filter. */
static __always_inline bool insns_run_four(volatile struct filtering *filtering)
{
	return insn_run(filtering) && insn_run(filtering) && insn_run(filtering) &&
	       insn_run(filtering);
}

/* Executes INSNS_PER_JUMP instructions at most. Few filters have more than four: the first round is
 * outside of the loop, of which each round calls a function of the kernel. */
static __always_inline void insns_run(volatile struct filtering *filtering)
{
	if (insns_run_four(filtering))
		REPEAT(INSNS_PER_JUMP / 4 - 1, insns_run_four(filtering));
}

#endif
