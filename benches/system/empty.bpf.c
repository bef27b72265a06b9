// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The least that a program on sys_enter can cost. */
__attribute__((section("license"), used)) char LICENSE[] = "Dual BSD/GPL";

__attribute__((section("raw_tp/sys_enter"), used)) int empty(void *ctx)
{
	return 0;
}
