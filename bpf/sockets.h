/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TAILCALLD_SOCKETS_H
#define TAILCALLD_SOCKETS_H

#include "dentry.h"

/* Describes the socket behind a descriptor: struct open_socket. Nothing is locked meanwhile: a
 * socket that is connected right now may have one part of an address without the other. */

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define AF_NETLINK 16

/* Of kernels that have IPv6, and that have UNIX and netlink sockets built in. */
#define HAS_IPV6 bpf_core_field_exists(((struct sock_common *)0)->skc_v6_daddr)
#define HAS_UNIX bpf_core_field_exists(((struct unix_sock *)0)->addr)
#define HAS_NETLINK bpf_core_field_exists(((struct netlink_sock *)0)->portid)

/* Returns the inode number of the socket, as the kernel tells it a peer; 0 if it has none yet. */
static __always_inline __u64 sock_inode(__u64 sock)
{
	__u64 socket = KERNEL_READ(sock, sock, sk_socket);
	__u64 file = socket ? KERNEL_READ(socket, socket, file) : 0;
	__u64 inode = file ? KERNEL_READ(file, file, f_inode) : 0;

	return inode ? KERNEL_READ(inode, inode, i_ino) : 0;
}

static __always_inline void sock_ports(volatile struct open_socket *to, __u64 sock)
{
	to->port = KERNEL_READ(sock, sock, __sk_common.skc_num);
	to->peer_port = __builtin_bswap16(KERNEL_READ(sock, sock, __sk_common.skc_dport));
}

static __always_inline void sock_ipv4(volatile struct open_socket *to, __u64 sock)
{
	sock_ports(to, sock);
	*(volatile __u32 *)to->address = KERNEL_READ(sock, sock, __sk_common.skc_rcv_saddr);
	*(volatile __u32 *)to->peer = KERNEL_READ(sock, sock, __sk_common.skc_daddr);
}

/* Copies an address of IPv6. */
#define SOCK_IPV6(to, sock, member)                                                                \
	bpf_probe_read_kernel((void *)(to), ADDRESS_BYTES,                                         \
			      (const __u8 *)(sock) +                                               \
				      bpf_core_field_offset(struct sock, __sk_common.member))

static __always_inline void sock_ipv6(volatile struct open_socket *to, __u64 sock)
{
	if (!HAS_IPV6)
		return;
	sock_ports(to, sock);
	SOCK_IPV6(to->address, sock, skc_v6_rcv_saddr);
	SOCK_IPV6(to->peer, sock, skc_v6_daddr);
}

/* Copies the address of a UNIX socket behind the rest. Returns its bytes; a longer one, which does
 * not exist, has none. */
static __always_inline __u32 unix_path(__u8 *to, __u64 sock)
{
	__u64 address = KERNEL_READ(sock, unix_sock, addr);
	__u64 family = bpf_core_field_offset(struct sockaddr_un, sun_path);
	__u64 bytes;

	if (!address)
		return 0; /* it is bound to none */
	bytes = KERNEL_READ(address, unix_address, len) - family;
	barrier_var(bytes);
	if (bytes > SUN_PATH_BYTES)
		return 0;
	bpf_probe_read_kernel(to, bytes,
			      (const __u8 *)address +
				      bpf_core_field_offset(struct unix_address, name) + family);
	return bytes;
}

static __always_inline __u32 sock_unix(volatile struct open_socket *to, __u64 sock)
{
	__u64 peer;

	if (!HAS_UNIX)
		return 0;
	peer = KERNEL_READ(sock, unix_sock, peer);
	to->peer_inode = peer ? sock_inode(peer) : 0;
	return unix_path((__u8 *)(to + 1), sock);
}

/* Describes a socket. Returns the bytes of the address that follows. */
static __always_inline __u32 sock_describe(volatile struct open_socket *to, __u64 sock)
{
	__u64 protocol = KERNEL_READ(sock, sock, __sk_common.skc_prot);

	to->family = KERNEL_READ(sock, sock, __sk_common.skc_family);
	to->protocol = KERNEL_READ(sock, sock, sk_protocol);
	bpf_probe_read_kernel_str((void *)to->name, PROTOCOL_BYTES,
				  (const __u8 *)protocol +
					  bpf_core_field_offset(struct proto, name));
	switch (to->family) {
	case AF_INET:
		sock_ipv4(to, sock);
		break;
	case AF_INET6:
		sock_ipv6(to, sock);
		break;
	case AF_NETLINK:
		if (HAS_NETLINK)
			to->port_id = KERNEL_READ(sock, netlink_sock, portid);
		break;
	case AF_UNIX:
		return sock_unix(to, sock);
	}
	return 0;
}

#endif
