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

/* Whether a state is one between opening and closing. */
static ALWAYS_INLINE bool is_step(u8 state)
{
	return state != TCP_ESTABLISHED && state != TCP_SYN_SENT && state != TCP_LISTEN && state != TCP_CLOSE;
}

static ALWAYS_INLINE void tell_state(struct sock *sk, u8 old_state, u8 new_state)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct socket_record out;
	bool is_by_other = false;
	struct life *life;

	if (sk->sk_protocol != IPPROTO_TCP)
		return;
	/* A listener's copy that becomes a connection: neither its sides nor its cookie are set yet. */
	if (old_state == TCP_LISTEN && new_state == TCP_SYN_RECV)
		return;
	life = bpf_sk_storage_get(&lives, sk, NULL, CREATE);
	/* A handshake that comes to nothing: nobody was told that it began. */
	if (old_state == TCP_SYN_RECV && new_state == TCP_CLOSE && !(life && life->is_known))
		return;
	if (life && (new_state == TCP_SYN_SENT || new_state == TCP_LISTEN))
		__builtin_memset(life, 0, sizeof(*life)); /* a new life, of the same socket perhaps */
	/* Whoever has a socket aborted (SOCK_DESTROY) takes its lock too, and does not hold it; of a
	 * listener nothing tells that. */
	if (life && is_used_by(sk, task) && sk->sk_err != ECONNABORTED && old_state != TCP_LISTEN) {
		is_by_other = life->owner != (u32)task->tgid;
		if (is_by_other && old_state != TCP_CLOSE && is_reader(task))
			is_by_other = false; /* of its own sockets we were told when it opened them */
		else
			tell_process(); /* it may run another image than when it was told */
	}
	if (life && life->is_known && life->owner && !is_by_other && is_step(new_state)) {
		tell_step(sk, old_state, new_state);
		return;
	}
	out = new_event(KIND_STATE);
	if (life && life->since_ns == 0)
		life->since_ns = out.time_ns;
	put_tcp_socket(&out, sk, life);
	out.old_state = old_state;
	out.state = new_state;
	if (is_by_other)
		put_holder(&out.holder, task);
	if (tell(&out, sizeof(out)) && life) {
		life->is_known = true;
		if (is_by_other)
			life->owner = task->tgid;
	}
}

/* The change of state that was told last on this processor. */
struct change {
	u64 socket;
	u64 states;
};

struct {
	MAP_TYPE(MAP_TYPE_PERCPU_ARRAY);
	MAP_ENTRIES(1);
	MAP_KEY(u32);
	MAP_VALUE(struct change);
} last_change SECTION(".maps");

static ALWAYS_INLINE struct change *our_last_change(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&last_change, &zero);
}

/* struct sock *sk, int old_state, int new_state (include/trace/events/sock.h) */
SECTION("tp_btf/inet_sock_set_state") int tcp_state(u64 *context)
{
	struct change *last = our_last_change();

	if (last)
		last->socket = 0; /* nothing is told until it is: an interrupt may come */
	tell_state((struct sock *)context[0], context[1], context[2]);
	if (last) {
		last->socket = context[0];
		last->states = context[1] << 8 | context[2];
	}
	return 0;
}

/* The kernel never runs a program inside itself on one processor (`__bpf_trace_run`): a change of state
 * in an interrupt that hits while one is told would be passed over without a word. This program stands
 * behind the first and tells what that has not. An interrupt between the two makes it tell a change
 * twice, which is no news. */
SECTION("tp_btf/inet_sock_set_state") int tcp_state_within(u64 *context)
{
	struct change *last = our_last_change();

	if (last && last->socket == context[0] && last->states == (context[1] << 8 | context[2])) {
		last->socket = 0;
		return 0;
	}
	__sync_fetch_and_add(&shared.told_within, 1);
	tell_state((struct sock *)context[0], context[1], context[2]);
	return 0;
}

/* Tells who uses a TCP socket, the first time that somebody does. */
static ALWAYS_INLINE void tell_owner(struct sock *sk, struct life *life, struct task_struct *task)
{
	struct socket_record out = new_event(KIND_OWNER);

	put_tcp_socket(&out, sk, life);
	put_user(&out, task);
	if (tell(&out, sizeof(out)))
		life->owner = task->tgid;
}

/* struct sock *sk (include/trace/events/tcp.h): who closes a connection that was reset before it was
 * ever used. */
SECTION("tp_btf/tcp_destroy_sock") int tcp_destroy(u64 *context)
{
	struct sock *sk = (struct sock *)context[0];
	struct task_struct *task = bpf_get_current_task_btf();
	struct life *life = bpf_sk_storage_get(&lives, sk, NULL, 0);

	if (life && !life->owner && is_used_by(sk, task) && !is_reader(task))
		tell_owner(sk, life, task);
	return 0;
}
