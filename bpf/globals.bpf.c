// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The definitions of the globals that globals.h declares, and the list of types that the daemon
 * shares with the programs. */
#include "maps.h"
#include "tailcalld/handler.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

volatile __u32 live_base;
volatile __u64 timed_since_ns;
volatile struct run_time run_times[BANK_SLOTS];
volatile __u8 routed_numbers[ABI_SLOTS];
volatile struct bank banks[BANKS];
volatile struct limit limits[LIMITS];
volatile struct bucket buckets[BUCKETS_ALL];
volatile __u64 excluded_cgroups[EXCLUDED_CGROUPS];
volatile struct tree_pass tree_pass;
volatile __u64 cgroup_view;
volatile __u64 cgroup_tags_lost;
volatile __u64 process_trees_lost;
volatile __u64 process_trees_found;
const volatile struct recipe recipes[BANK_SLOTS];
const volatile struct inner_choice inner_choices[INNER_CHOICES];
const volatile struct inner_arguments inner_arguments[INNER_ARGUMENTS];
const volatile struct path_arguments path_arguments[BANK_SLOTS];
const volatile struct descriptors_of_call descriptors_of[BANK_SLOTS];
const volatile struct uring_arguments uring_arguments[URING_SLOTS];
volatile struct probe probes[PROBES];
volatile __u32 has_probes;
#define CAST_NAME(type) [CAST_##type] = {#type, 0},
const volatile struct cast_type cast_types[CASTS] = {FOR_CAST_TYPES(CAST_NAME)};
volatile __u32 consumer;
const volatile __u32 attach_kind;
const volatile __u32 is_session;
const volatile __u32 return_kind;
const volatile __u32 task_start_kind;
const volatile __u32 execution_kind;
const volatile __u32 ring_bytes;
const volatile __u32 ring_count;
const volatile __u8 ring_of[RING_CPUS];
const volatile __u32 ring_grant_events;
const volatile __u32 box_units;
const volatile __u32 box_call_count;
volatile __u64 box_element[BOX_CALL_BYTES / sizeof(__u64)];
volatile __u32 box_served;
volatile __u32 self_tgid;
volatile __u64 excluded_files[EXCLUDED_FILES];
volatile __u64 identified_file;
volatile __u64 identified_ns;
volatile struct executable identified_executable;
volatile __u32 table_programs[SLOTS];
volatile struct journal_query journal_query;
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
	struct ancestor ancestor;
	struct open_file open_file;
	struct open_socket open_socket;
	struct executable executable;
	struct tailcalld_handler tailcalld_handler;
	struct tailcalld_capture tailcalld_capture;
	enum tailcalld_limit tailcalld_limit;
	enum tailcalld_kind tailcalld_kind;
	enum call_flag call_flag;
	enum attach_kind attach_kind;
	enum event_kind event_kind;
	enum call_end call_end;
	enum capture_kind capture_kind;
	enum capture_status capture_status;
	enum capture_part capture_part;
	enum capture_moment capture_moment;
	enum step_op step_op;
	enum step_count step_count;
	enum step_when step_when;
	enum recipe_size recipe_size;
	enum inner_size inner_size;
	enum path_size path_size;
	enum descriptor_size descriptor_size;
	enum member_form member_form;
	enum sqe_member sqe_member;
	enum probe_form probe_form;
	enum probe_size probe_size;
	enum path_flag path_flag;
	enum open_socket_size open_socket_size;
	enum field_kind field_kind;
	enum field_role field_role;
	enum consumer_state consumer_state;
	enum namespace namespace;
	enum counter counter;
	enum odd_number odd_number;
	enum table_size table_size;
	enum counters_size counters_size;
	enum ring_size ring_size;
	enum box_size box_size;
	enum box_step box_step;
	struct black_box black_box;
	enum ledger_size ledger_size;
	enum wire_size wire_size;
	enum handler_size handler_size;
	enum continuation continuation;
	enum return_continuation return_continuation;
	enum special_handler special_handler;
	enum filter_size filter_size;
	enum operand operand;
	enum insn_op insn_op;
	enum operand_width operand_width;
	enum filter_end filter_end;
	enum text_kind text_kind;
	enum file_directory file_directory;
	enum pattern_anchor pattern_anchor;
	enum hash_factor hash_factor;
	enum tag_bit tag_bit;
	enum path_state path_state;
	enum name_kind name_kind;
	enum tag_size tag_size;
	enum limit_per limit_per;
	enum limit_size limit_size;
	enum tag_layout tag_layout;
} * _wire_types;
