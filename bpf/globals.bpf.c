// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The definitions of the globals that globals.h declares, and the list of types that the daemon
 * shares with the programs. */
#include "maps.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

volatile __u32 bank;
volatile struct route routes[ROUTES];
volatile struct filter filters[2 * FILTERS_MAX];
volatile struct test tests[2 * TESTS_MAX];
volatile struct text_test text_tests[2 * TEXTS_MAX];
volatile struct limit limits[LIMITS];
volatile struct bucket buckets[BUCKETS_ALL];
volatile __u64 excluded_cgroups[EXCLUDED_CGROUPS];
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
