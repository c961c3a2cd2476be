/* SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
 *
 * UDP's life, and with whom a socket exchanges that is connected to nobody. The programs on control
 * groups need CAP_NET_ADMIN and a cgroup2 mount; without them UDP is still seen when it is used.
 */
#pragma once
#include "process.h"

/* Copies an address out of a program's context, which may be read by words alone, each at a place that
 * the verifier knows. */
#define copy_ip6(to, from)                    \
	do {                                  \
		((u32 *)(to))[0] = (from)[0]; \
		((u32 *)(to))[1] = (from)[1]; \
		((u32 *)(to))[2] = (from)[2]; \
		((u32 *)(to))[3] = (from)[3]; \
	} while (0)

/* So many remotes of one socket are told: a server on the open network has as many as there are. */
enum { PEERS = 256 };

/* Whom a socket has exchanged with already. */
struct exchange {
	u64 cookie;
	u8 peer[16];
	u16 port;
	u16 spare[3];
};

struct {
	MAP_TYPE(MAP_TYPE_LRU_HASH);
	MAP_ENTRIES(16384);
	MAP_KEY(struct exchange);
	MAP_VALUE(u8);
} exchanges SECTION(".maps");

/* The remote as a socket of this family has it; `peer` is IPv6, or IPv4 as IPv6 carries it. */
static ALWAYS_INLINE void put_peer(struct socket_record *out, const u8 *peer)
{
	if (out->family == AF_INET6)
		__builtin_memcpy(out->remote, peer, sizeof(out->remote));
	else
		__builtin_memcpy(out->remote, peer + 12, 4);
}

/* Whether it is connected, and to another remote than was told. */
static ALWAYS_INLINE bool has_new_remote(struct sock *sk, struct life *life)
{
	struct sock_common *common = &sk->__sk_common;
	u32 *told = (u32 *)life->peer, *now;

	if (common->skc_dport == 0)
		return false;
	if (__builtin_bswap16(common->skc_dport) != life->peer_port)
		return true;
	if (common->skc_family == AF_INET)
		return common->skc_daddr != told[3];
	now = common->skc_v6_daddr.in6_u.u6_addr32;
	return now[0] != told[0] || now[1] != told[1] || now[2] != told[2] || now[3] != told[3];
}

/* Takes note of the remote that was told. */
static ALWAYS_INLINE void keep_remote(struct life *life, struct socket_record *out)
{
	life->peer_port = out->flags & IS_PEER ? 0 : out->remote_port;
	if (out->family == AF_INET6) {
		__builtin_memcpy(life->peer, out->remote, sizeof(life->peer));
	} else {
		__builtin_memset(life->peer, 0, 10);
		life->peer[10] = 0xff;
		life->peer[11] = 0xff;
		__builtin_memcpy(life->peer + 12, out->remote, 4);
	}
}

/* Tells of a UDP socket when it is first used, or used anew; by then it has a local port. */
static ALWAYS_INLINE void tell_used(struct sock *sk, struct life *life)
{
	struct socket_record out = new_event(KIND_USED);

	put_socket(&out, sk);
	if (out.local_port == 0)
		return;
	out.cookie = bpf_get_socket_cookie(sk);
	life->netns = out.netns;
	put_udp(&out, sk);
	if (life->has_peer && out.remote_port == 0) {
		put_peer(&out, life->peer);
		out.remote_port = life->peer_port;
		out.flags |= IS_PEER;
	}
	put_counters(&out, life);
	if (!is_of_kernel(sk))
		put_user(&out, bpf_get_current_task_btf());
	life->is_known = tell(&out, sizeof(out));
	life->has_peer = false;
	keep_remote(life, &out);
}

/* What programs on control groups see of a socket; its namespace, where that is not known, is taken to
 * be its process's, which has none any more when it ends. */
static ALWAYS_INLINE void put_seen_by_cgroup(struct socket_record *out, u64 cookie, struct life *life)
{
	struct task_struct *task = bpf_get_current_task_btf();

	out->cookie = cookie;
	out->protocol = IPPROTO_UDP;
	out->netns = life && life->netns ? life->netns : task->nsproxy->net_ns->ns.inum;
	if (life) {
		life->netns = out->netns;
		if (life->since_ns == 0)
			life->since_ns = out->time_ns;
		put_counters(out, life);
	}
	put_user(out, task);
	out->uid = out->holder.uid;
	out->cgroup = out->holder.cgroup;
}

static ALWAYS_INLINE int udp_bound(struct bpf_sock *socket, u16 family)
{
	struct socket_record out;
	struct life *life;

	if (socket->protocol != IPPROTO_UDP)
		return 1;
	out = new_event(KIND_BOUND);
	out.family = family;
	out.local_port = socket->src_port;
	life = bpf_sk_storage_get(&lives, socket, NULL, CREATE);
	put_seen_by_cgroup(&out, bpf_get_socket_cookie(socket), life);
	if (family == AF_INET) {
		*(u32 *)out.local = socket->src_ip4;
	} else {
		copy_ip6(out.local, socket->src_ip6);
	}
	if (tell(&out, sizeof(out)) && life) {
		life->is_known = true;
		life->peer_port = 0;
	}
	return 1;
}

SECTION("cgroup/post_bind4") int udp_bound4(struct bpf_sock *socket)
{
	return udp_bound(socket, AF_INET);
}

SECTION("cgroup/post_bind6") int udp_bound6(struct bpf_sock *socket)
{
	return udp_bound(socket, AF_INET6);
}

SECTION("cgroup/sock_release") int udp_released(struct bpf_sock *socket)
{
	struct socket_record out;
	struct life *life;

	if (socket->protocol != IPPROTO_UDP)
		return 1;
	life = bpf_sk_storage_get(&lives, socket, NULL, 0);
	out = new_event(KIND_RELEASED);
	put_seen_by_cgroup(&out, bpf_get_socket_cookie(socket), life);
	if (is_reader(bpf_get_current_task_btf()))
		out.holder.pid = 0; /* unless it is its own, of which we were told before */
	tell(&out, sizeof(out));
	return 1;
}

/* An exchange with the remote that `message` names. */
static ALWAYS_INLINE int udp_exchanged(struct bpf_sock_addr *message, u16 family)
{
	struct exchange key = {};
	struct socket_record out;
	struct life *life;
	u8 yes = 1;

	if (message->protocol != IPPROTO_UDP || !message->sk)
		return 1;
	key.cookie = bpf_get_socket_cookie(message);
	key.port = __builtin_bswap16(message->user_port);
	/* IPv4 as IPv6 carries it: a socket of IPv6 comes here by either way. */
	if (family == AF_INET) {
		key.peer[10] = 0xff;
		key.peer[11] = 0xff;
		((u32 *)key.peer)[3] = message->user_ip4;
	} else {
		copy_ip6(key.peer, message->user_ip6);
	}
	life = bpf_sk_storage_get(&lives, message->sk, NULL, CREATE);
	if ((life && life->peers >= PEERS) || bpf_map_lookup_elem(&exchanges, &key))
		return 1;
	bpf_map_update_elem(&exchanges, &key, &yes, 0);
	if (life)
		life->peers++;
	if (life && !life->is_known) {
		/* It may have no local port yet: told with the rest when the sending is done. */
		__builtin_memcpy(life->peer, key.peer, sizeof(life->peer));
		life->peer_port = key.port;
		life->has_peer = true;
		return 1;
	}
	out = new_event(KIND_PEER);
	out.family = message->family;
	put_peer(&out, key.peer);
	out.remote_port = key.port;
	out.flags |= IS_PEER;
	put_seen_by_cgroup(&out, key.cookie, life);
	tell(&out, sizeof(out));
	return 1;
}

SECTION("cgroup/sendmsg4") int udp_sent4(struct bpf_sock_addr *message)
{
	return udp_exchanged(message, AF_INET);
}

SECTION("cgroup/sendmsg6") int udp_sent6(struct bpf_sock_addr *message)
{
	return udp_exchanged(message, AF_INET6);
}

SECTION("cgroup/recvmsg4") int udp_received4(struct bpf_sock_addr *message)
{
	return udp_exchanged(message, AF_INET);
}

SECTION("cgroup/recvmsg6") int udp_received6(struct bpf_sock_addr *message)
{
	return udp_exchanged(message, AF_INET6);
}
