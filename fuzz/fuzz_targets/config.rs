#![no_main]

#[path = "../../tests/fuzz/bodies/mod.rs"]
#[allow(dead_code)] // each target runs one body
mod bodies;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bodies::config(bytes));
