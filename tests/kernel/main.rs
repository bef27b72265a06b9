//! Tests of the real object in the running kernel. They need root: without it they print that they are skipped,
//! and fail under `CI=true`.

#[macro_use]
#[path = "../common/root.rs"]
mod root;
#[macro_use]
mod rig;
#[path = "../common/handler_object.rs"]
mod handler_object;

mod ancestor_exes;
mod ancestors;
mod args;
mod attach;
mod call;
mod cgroup;
mod cgroup_tags;
mod chain;
mod contention;
mod count;
mod counters;
mod counts;
mod descriptor_races;
mod descriptors;
mod entries;
mod env;
mod exclude;
mod exclude_units;
mod exe;
mod exec;
mod executable;
mod executions;
mod filter;
mod filter_paths;
mod filtered_call;
mod folder;
mod functions;
mod handlers;
mod inner;
mod journal_open;
mod known;
mod limit;
mod match_cache;
mod members;
mod memory;
mod memory_bounds;
mod names;
mod numbers;
mod pointers;
mod process;
mod process_tree;
mod reload;
mod results;
mod rings;
mod run_time;
mod sessions;
#[allow(dead_code)] // tests/abuse uses all of it
mod shell;
mod timer;
mod unknown_places;
mod uring;
mod wake;
mod who;
