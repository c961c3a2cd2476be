/* SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
 *
 * A kernel socket becomes a record.
 */
#pragma once
#include "kernel.h"
#include "wire.h"

/* Reads a member behind a pointer that the verifier does not follow by itself. */
#define peek(member) \
	({ typeof(member) peeked = 0; bpf_probe_read_kernel(&peeked, sizeof(peeked), &(member)); peeked; })

/* Inode of the reader's PID namespace; 0 for the machine's first one, where no number has to be
 * translated. */
const volatile u32 our_pid_namespace = 0;

/* PID namespaces nest 32 deep at most (MAX_PID_NS_LEVEL, include/linux/pid_namespace.h). */
enum { DEEPEST_LEVEL = 32 };

/* The number that the struct pid at `address` has in the reader's PID namespace, 0 when it has none. */
CHECKED_ALONE u32 number_of(u64 address)
{
	struct pid *pid = (struct pid *)address;
	struct upid *number;
	u32 deepest;

	if (!pid)
		return 0;
	deepest = peek(pid->level);
	number = (struct upid *)&pid->numbers;
	for (u32 level = 0; level <= DEEPEST_LEVEL && level <= deepest; level++) {
		struct pid_namespace *namespace = peek(number->ns);

		if (peek(namespace->ns.inum) == our_pid_namespace)
			return peek(number->nr);
		number = (void *)number + __builtin_preserve_type_info(*number, 1);
	}
	return 0;
}

/* The number of the process that `leader` leads. */
static ALWAYS_INLINE u32 pid_of(struct task_struct *leader)
{
	if (our_pid_namespace == 0)
		return leader->tgid;
	return number_of((u64)peek(leader->thread_pid));
}

/* Who the process is that `task` belongs to. */
static ALWAYS_INLINE void put_holder(struct holder *holder, struct task_struct *task)
{
	struct task_struct *leader = task->group_leader;

	holder->pid = pid_of(leader);
	holder->parent = pid_of(leader->real_parent->group_leader);
	holder->start_ns = leader->start_boottime;
	holder->uid = leader->cred->euid.val;
	holder->cgroup = leader->cgroups->dfl_cgrp->kn->id;
	holder->groups = (u64)peek(leader->cgroups);
	bpf_probe_read_kernel(holder->name, sizeof(holder->name), &leader->comm);
}

/* The sides of a socket of any kind, TIME-WAIT and half-open ones too. */
static ALWAYS_INLINE void put_common(struct socket_record *out, struct sock_common *common)
{
	out->netns = common->skc_net.net->ns.inum;
	out->family = common->skc_family;
	out->state = common->skc_state;
	out->interface = common->skc_bound_dev_if;
	out->local_port = common->skc_num;
	out->remote_port = __builtin_bswap16(common->skc_dport);
	if (common->skc_family == AF_INET6) {
		bpf_probe_read_kernel(out->local, sizeof(out->local), &common->skc_v6_rcv_saddr);
		bpf_probe_read_kernel(out->remote, sizeof(out->remote), &common->skc_v6_daddr);
	} else {
		*(u32 *)out->local = common->skc_rcv_saddr;
		*(u32 *)out->remote = common->skc_daddr;
	}
}

/* What waits in a TCP socket; of `tcp_diag_get_info`, net/ipv4. */
static ALWAYS_INLINE void put_tcp(struct socket_record *out, struct sock *sk, struct tcp_sock *tcp)
{
	u32 unread = tcp->rcv_nxt - tcp->copied_seq;

	if (out->state == TCP_LISTEN) {
		out->receive_queue = sk->sk_ack_backlog;
		out->send_queue = sk->sk_max_ack_backlog;
		if (peek(((struct inet_connection_sock *)tcp)->icsk_accept_queue.qlen.counter) > 0)
			out->flags |= HAS_HANDSHAKES;
		return;
	}
	out->receive_queue = (s32)unread > 0 ? unread : 0;
	out->send_queue = tcp->write_seq - tcp->snd_una;
}

/* What TCP measured; of `tcp_get_info`. */
static ALWAYS_INLINE void put_measured(struct socket_record *out, struct sock *sk, struct tcp_sock *tcp)
{
	if (out->state == TCP_LISTEN)
		return;
	out->sent_bytes = tcp->bytes_sent - tcp->bytes_retrans;
	out->received_bytes = tcp->bytes_received;
	out->sent_packets = tcp->segs_out;
	out->received_packets = tcp->segs_in;
	out->rtt_us = tcp->srtt_us >> 3; /* kept in eighths */
	out->retransmits = tcp->total_retrans;
	out->flags |= HAS_METRICS;
	if (sk->__sk_common.skc_flags & (1 << SOCK_DONE))
		out->flags |= FIN_RECEIVED;
}

/* What is queued in a UDP socket; of `udp_rqueue_get` and `sk_wmem_alloc_get`, include/net. */
static ALWAYS_INLINE void put_udp(struct socket_record *out, struct sock *sk)
{
	s32 unread = sk->sk_backlog.rmem_alloc.counter - (s32)peek(((struct udp_sock *)sk)->forward_deficit);

	out->receive_queue = unread > 0 ? unread : 0;
	out->send_queue = sk->sk_wmem_alloc.refs.counter - 1;
}

/* All of a full socket but what its transport counts, and the group and file that it belongs to. */
static ALWAYS_INLINE void put_own(struct socket_record *out, struct sock *sk)
{
	put_common(out, &sk->__sk_common);
	out->protocol = sk->sk_protocol;
	out->uid = sk->sk_uid.val;
}

/* All of a full socket but what its transport counts. */
static ALWAYS_INLINE void put_socket(struct socket_record *out, struct sock *sk)
{
	struct socket *socket = sk->sk_socket;

	put_own(out, sk);
	out->cgroup = sk->sk_cgrp_data.cgroup->kn->id;
	if (socket) {
		out->inode = peek(((struct socket_alloc *)socket)->vfs_inode.i_ino);
		if (socket->file)
			out->flags |= HAS_FILE;
	}
}
