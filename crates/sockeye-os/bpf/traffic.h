/* SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
 *
 * Bytes and messages, counted with the socket. Called for every sending and receiving: it looks the
 * socket up and adds; an event comes only from the first, and from the first to a new remote of UDP.
 */
#pragma once
#include "tcp.h"
#include "udp.h"

static ALWAYS_INLINE int count(struct sock *sk, int length, int flags, bool is_sent)
{
	u16 protocol = sk->sk_protocol, family = sk->__sk_common.skc_family;
	struct life *life;

	if (family != AF_INET && family != AF_INET6)
		return 0;
	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP)
		return 0;
	life = bpf_sk_storage_get(&lives, sk, NULL, CREATE);
	if (!life)
		return 0;
	if (life->since_ns == 0)
		life->since_ns = bpf_ktime_get_boot_ns();
	if (length >= 0 && !(flags & MSG_PEEK)) {
		__sync_fetch_and_add(is_sent ? &life->sent_bytes : &life->received_bytes, length);
		__sync_fetch_and_add(is_sent ? &life->sent_messages : &life->received_messages, 1);
	}
	if (protocol == IPPROTO_UDP) {
		if (!life->is_known || has_new_remote(sk, life))
			tell_used(sk, life);
	} else if (!life->owner) {
		struct task_struct *task = bpf_get_current_task_btf();

		if (!(task->flags & PF_KTHREAD) && !is_of_kernel(sk))
			tell_owner(sk, life, task);
	}
	return 0;
}

/* struct sock *sk, int length, int flags (include/trace/events/sock.h, since Linux 6.3) */
SECTION("tp_btf/sock_send_length") int count_sent(u64 *context)
{
	return count((struct sock *)context[0], context[1], context[2], true);
}

SECTION("tp_btf/sock_recv_length") int count_received(u64 *context)
{
	return count((struct sock *)context[0], context[1], context[2], false);
}
