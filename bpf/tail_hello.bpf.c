// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The dispatcher, the one program attached to syscalls: it takes the number of the syscall as an
 * index into the live bank of the table and tail-calls the program that is wired there. An empty
 * slot is the normal case and costs nothing beyond the look: no map lookup, no filter, no counter
 * stands on that path. It never reads the caller's memory and never writes to the ring.
 */
#include "args.h"
#include "stats.h"
#include "task.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

volatile __u32 bank;
volatile struct route routes[ROUTES];
volatile struct filter filters[2 * FILTERS_MAX];
volatile struct test tests[2 * TESTS_MAX];
volatile struct text_test text_tests[2 * TEXTS_MAX];
volatile struct limit limits[LIMITS];
volatile struct bucket buckets[BUCKETS_ALL];
volatile __u64 excluded_cgroups[EXCLUDED_CGROUPS];
volatile __u32 governed[GOVERNED];
volatile __u32 governed_count;
volatile __u64 tree_asked;
volatile __u64 tree_changes;
volatile __u64 places_lost;
volatile __u64 trees_lost;
const volatile struct recipe recipes[BANK_SLOTS];
volatile struct env_name env_names[2 * ENV_NAMES];
volatile __u32 consumer;
const volatile __u32 attach_kind;
const volatile __u32 return_kind;
const volatile __u32 wake_bytes;
volatile __u32 self_tgid;
volatile struct file_id excluded_files[EXCLUDED_FILES];
volatile struct file_id identified_file;
volatile struct initial_namespaces initial_namespaces;
volatile __u64 cgroups_lost;

/* The structures and constants of event.h and settings.h that no map holds; a type that nothing
 * refers to would be missing from the object's BTF, and so from the skeleton. */
struct wire_types {
	struct event event;
	struct capture capture;
	struct cgroup_event cgroup_event;
	struct selftest_event selftest_event;
	struct result_event result_event;
	enum call_flag call_flag;
	enum attach_kind attach_kind;
	enum event_kind event_kind;
	enum capture_kind capture_kind;
	enum capture_status capture_status;
	enum capture_part capture_part;
	enum capture_moment capture_moment;
	enum step_op step_op;
	enum step_count step_count;
	enum step_when step_when;
	enum recipe_size recipe_size;
	enum field_kind field_kind;
	enum consumer_state consumer_state;
	enum namespace namespace;
	enum counter counter;
	enum odd_number odd_number;
	enum table_size table_size;
	enum counters_size counters_size;
	enum wire_size wire_size;
	enum handler_size handler_size;
	enum continuation continuation;
	enum special_handler special_handler;
	enum filter_size filter_size;
	enum fact fact;
	enum test_op test_op;
	enum test_width test_width;
	enum test_end test_end;
	enum text_kind text_kind;
	enum text_part text_part;
	enum place_bit place_bit;
	enum place_stage place_stage;
	enum name_kind name_kind;
	enum place_size place_size;
	enum limit_per limit_per;
	enum limit_size limit_size;
} * _wire_types;

/* Kept out of line of the common path, and out of range of any table. */
static __always_inline void odd_number_count(__u32 number)
{
	__u32 class = number == -1U         ? ODD_MINUS_ONE
		      : number & (1U << 30) ? ODD_X32
					    : ODD_OUT_OF_RANGE;
	struct counters *row = stats_row(ODD_ROWS + class);

	if (row)
		stats_count(row, COUNTER_SEEN);
}

SEC("raw_tp/sys_enter")
int hello(void *ctx)
{
	__u32 number = call_number(ctx);

	if (number >= ABI_SLOTS) {
		odd_number_count(number);
		return 0;
	}
	/* The ABI before the index: number 11 is execve for i386 and munmap for x86_64. */
	bpf_tail_call(ctx, &syscalls, bank + call_slot(number, task_in_compat_syscall()));
	return 0;
}
