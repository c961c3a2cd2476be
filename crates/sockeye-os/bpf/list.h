/* SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
 *
 * The list: every socket behind a descriptor, and every one without.
 */
#pragma once
#include "events.h"

/* Whether events are told, so that something was counted. */
const volatile bool has_events = false;
/* Whether TCP's measurements are wanted: they lie in memory that nothing else here touches. */
const volatile bool is_measuring = false;

/* The sockets that a process holds, in every network namespace. */
SECTION("iter/task_file") int list_held(struct bpf_iter__task_file *context)
{
	struct socket_record out = { .head = { .length = sizeof(out), .kind = KIND_HELD } };
	struct task_struct *task = context->task;
	struct file *file = context->file;
	struct socket *socket;
	struct tcp_sock *tcp;
	struct sock *sk;

	if (has_events && context->meta->seq_num == 0)
		shared.our_image = image_of(bpf_get_current_task_btf());
	if (!task || !file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket)
		return 0;
	sk = socket->sk;
	if (!sk)
		return 0;
	if (sk->__sk_common.skc_family != AF_INET && sk->__sk_common.skc_family != AF_INET6)
		return 0;
	/* Each read of a socket is memory that no cache has: what its holder tells as well is not read. */
	put_own(&out, sk);
	out.flags |= HAS_FILE;
	out.inode = file->f_inode->i_ino;
	out.cookie = bpf_get_socket_cookie(sk);
	if (out.protocol == IPPROTO_TCP) {
		if (out.state == TCP_CLOSE && out.local_port == 0)
			return 0; /* no table has it: neither bound nor connected */
		tcp = bpf_skc_to_tcp_sock(sk);
		if (tcp) {
			put_tcp(&out, sk, tcp);
			if (is_measuring)
				put_measured(&out, sk, tcp);
		}
	} else if (out.protocol == IPPROTO_UDP) {
		if (out.local_port == 0)
			return 0;
		put_udp(&out, sk);
	} else if (out.protocol != IPPROTO_MPTCP) {
		return 0;
	}
	if (has_events) {
		struct life *life = bpf_sk_storage_get(&lives, sk, NULL, 0);

		if (life)
			put_counters(&out, life);
	}
	put_holder(&out.holder, task);
	out.holder.fd = context->fd;
	bpf_seq_write(context->meta->seq, &out, sizeof(out));
	return 0;
}

/* Tells of a socket that a file belongs to; false for one that has none. */
static ALWAYS_INLINE bool tell_cookie(struct bpf_iter_meta *meta, struct sock *sk, u64 cookie)
{
	struct cookie_record brief = { .head = { .length = sizeof(brief), .kind = KIND_COOKIE } };
	struct socket *socket = sk->sk_socket;

	if (!socket || !socket->file)
		return false;
	brief.cookie = cookie;
	bpf_seq_write(meta->seq, &brief, sizeof(brief));
	return true;
}

/* TCP in the network namespace of whoever opens the iterator: what no file belongs to in full, the
 * rest by cookie, so that user space knows what the walk over descriptors has missed. */
SECTION("iter/tcp") int list_tcp(struct bpf_iter__tcp *context)
{
	struct socket_record out = { .head = { .length = sizeof(out), .kind = KIND_UNHELD } };
	struct sock_common *common = context->sk_common;
	struct tcp_timewait_sock *waiting;
	struct tcp_sock *tcp;

	if (!common)
		return 0;
	out.cookie = bpf_get_socket_cookie(common);
	tcp = bpf_skc_to_tcp_sock(common);
	if (tcp) {
		struct sock *sk = (struct sock *)tcp;

		if (tell_cookie(context->meta, sk, out.cookie))
			return 0;
		put_socket(&out, sk);
		put_tcp(&out, sk, tcp);
		put_measured(&out, sk, tcp);
	} else {
		put_common(&out, common);
		out.protocol = IPPROTO_TCP;
		out.uid = context->uid;
		waiting = bpf_skc_to_tcp_timewait_sock(common);
		if (waiting)
			out.state = waiting->tw_sk.tw_substate;
	}
	bpf_seq_write(context->meta->seq, &out, sizeof(out));
	return 0;
}

/* The same for UDP. */
SECTION("iter/udp") int list_udp(struct bpf_iter__udp *context)
{
	struct socket_record out = { .head = { .length = sizeof(out), .kind = KIND_UNHELD } };
	struct sock *sk = (struct sock *)context->udp_sk;

	if (!sk)
		return 0;
	out.cookie = bpf_get_socket_cookie(sk);
	if (tell_cookie(context->meta, sk, out.cookie))
		return 0;
	put_socket(&out, sk);
	put_udp(&out, sk);
	bpf_seq_write(context->meta->seq, &out, sizeof(out));
	return 0;
}
