#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Adds the syscalls of a kernel header to a table of numbers, on standard output:
#
#	sh tools/numbers.sh /usr/include/x86_64-linux-gnu/asm/unistd_64.h tables/x86_64.tsv
#
# Rows that exist are kept as they are, because their functions cannot be seen in a header. A new row gets the
# function that almost every syscall has, sys_NAME: look it up in the kernel's syscall table (*.tbl).
set -eu
[ $# = 2 ] || { sed -n 's/^#	//p' "$0" >&2; exit 2; }
header=$1 table=$2

grep '^#' "$table"
{
	grep -v '^#' "$table"
	sed -nE 's/^#define __NR(3264)?_([a-z0-9_]+)[[:space:]]+(\(__NR_SYSCALL_BASE \+ )?([0-9]+)\)?$/\4	\2	sys_\2/p' "$header"
} | awk -F '\t' '!known[$1]++' | sort -n
