/* SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
 *
 * TCP's life: every change of state, and who did it.
 */
#pragma once
#include "process.h"

enum { ECONNABORTED = 103 };

/* Fills in all that is known of a TCP socket now. */
static ALWAYS_INLINE void put_tcp_socket(struct socket_record *out, struct sock *sk, struct life *life)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);

	put_socket(out, sk);
	out->cookie = bpf_get_socket_cookie(sk);
	out->error = sk->sk_err;
	if (tcp) {
		/* Kept when the number that the socket is found by is taken from it. */
		out->local_port = __builtin_bswap16(peek(((struct inet_sock *)tcp)->inet_sport));
		put_tcp(out, sk, tcp);
		put_measured(out, sk, tcp);
	}
	if (life)
		put_counters(out, life);
}

/* Tells of a step between opening and closing: its sides, its owner and its numbers are known, or come
 * with the closing. */
static ALWAYS_INLINE void tell_step(struct sock *sk, u8 old_state, u8 new_state)
{
	struct step_record out = { .head = { .length = sizeof(out), .kind = KIND_STEP } };

	out.time_ns = bpf_ktime_get_boot_ns();
	out.cookie = bpf_get_socket_cookie(sk);
	out.netns = sk->__sk_common.skc_net.net->ns.inum;
	out.state = new_state;
	out.old_state = old_state;
	tell(&out, sizeof(out));
}

/* struct sock *sk, int old_state, int new_state (include/trace/events/sock.h) */
SECTION("tp_btf/inet_sock_set_state") int tcp_state(u64 *context)
{
	struct sock *sk = (struct sock *)context[0];
	u8 old_state = context[1], new_state = context[2];
	struct task_struct *task = bpf_get_current_task_btf();
	struct socket_record out;
	struct life *life;

	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	/* A listener's copy that becomes a connection: neither its sides nor its cookie are set yet. */
	if (old_state == TCP_LISTEN && new_state == TCP_SYN_RECV)
		return 0;
	life = bpf_sk_storage_get(&lives, sk, NULL, CREATE);
	if (life && life->is_known && life->has_owner && new_state != TCP_ESTABLISHED &&
	    new_state != TCP_SYN_SENT && new_state != TCP_LISTEN && new_state != TCP_CLOSE) {
		tell_step(sk, old_state, new_state);
		return 0;
	}
	out = new_event(KIND_STATE);
	if (life && life->since_ns == 0)
		life->since_ns = out.time_ns;
	put_tcp_socket(&out, sk, life);
	out.old_state = old_state;
	out.state = new_state;
	if (life)
		life->is_known = true;
	/* Whoever has a connection aborted (SOCK_DESTROY) takes its lock too, and does not hold it. */
	if (life && !life->has_owner && is_used_by(sk, task) && sk->sk_err != ECONNABORTED) {
		life->has_owner = true;
		put_user(&out, task);
	}
	tell(&out, sizeof(out));
	return 0;
}

/* Tells who uses a TCP socket, the first time that somebody does. */
static ALWAYS_INLINE void tell_owner(struct sock *sk, struct life *life, struct task_struct *task)
{
	struct socket_record out = new_event(KIND_OWNER);

	life->has_owner = true;
	put_tcp_socket(&out, sk, life);
	put_user(&out, task);
	tell(&out, sizeof(out));
}

/* struct sock *sk (include/trace/events/tcp.h): who closes a connection that was reset before it was
 * ever used. */
SECTION("tp_btf/tcp_destroy_sock") int tcp_destroy(u64 *context)
{
	struct sock *sk = (struct sock *)context[0];
	struct task_struct *task = bpf_get_current_task_btf();
	struct life *life = bpf_sk_storage_get(&lives, sk, NULL, 0);

	if (life && !life->has_owner && is_used_by(sk, task))
		tell_owner(sk, life, task);
	return 0;
}
