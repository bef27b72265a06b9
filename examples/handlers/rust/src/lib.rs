// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//! `removed_rs`: the file that unlinkat removes, in Rust.
#![no_std]
// Symbols have the names that an object of a handler has.
#![allow(non_upper_case_globals)]

mod tailcalld;

use core::ffi::{c_int, c_void};

use tailcalld::{Call, Field, Handler, Kind, next};

const DIRFD: u8 = 0;
const FILENAME: u8 = 1;

#[unsafe(no_mangle)]
#[unsafe(link_section = ".rodata.tailcalld")]
pub static removed_rs_handler: Handler =
    Handler::new("removed_rs", "unlinkat: the file that is removed")
        .syscalls(&["unlinkat"])
        .fields(&[Field::new("dirfd", Kind::Dirfd), Field::new("filename", Kind::Text)])
        .messages(&["Removing {filename}"]);

#[unsafe(no_mangle)]
#[unsafe(link_section = "tailcalld")]
pub extern "C" fn handle(ctx: *mut c_void) -> c_int {
    let Some(call) = Call::current() else { return 0 };
    call.number(DIRFD, call.args[0]);
    call.text(FILENAME, call.args[1]);
    next(ctx)
}

#[unsafe(no_mangle)]
#[unsafe(link_section = "license")]
pub static LICENSE: [u8; 4] = *b"GPL\0";
