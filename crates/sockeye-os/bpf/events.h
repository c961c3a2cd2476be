/* SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
 *
 * How events get to user space, and what is kept with a socket meanwhile.
 */
#pragma once
#include "sockets.h"

/* What is kept with a socket from its first event on, in its own storage: it goes with it. */
struct life {
	u64 since_ns;
	u64 sent_bytes;
	u64 received_bytes;
	u32 sent_messages;
	u32 received_messages;
	bool has_owner;  /* user space was told who uses it */
	bool is_known;   /* user space was told of it */
	bool has_peer;   /* UDP: sent to this remote before it was told of */
	u8 spare;
	u16 peer_port;
	u8 peer[16];
};

struct {
	MAP_TYPE(MAP_TYPE_SK_STORAGE);
	MAP_FLAGS(NO_PREALLOC);
	MAP_KEY(int);
	MAP_VALUE(struct life);
} lives SECTION(".maps");

/* The size is set by user space. */
struct {
	MAP_TYPE(MAP_TYPE_RINGBUF);
	MAP_ENTRIES(4096);
} events SECTION(".maps");

/* Events that did not fit. */
u64 lost_events = 0;

/* User space looks often enough by itself; it is woken only when so many bytes wait. */
const volatile u64 wake_at_bytes = 0;

static ALWAYS_INLINE u64 wake_flags(void)
{
	return bpf_ringbuf_query(&events, AVAILABLE_DATA) >= wake_at_bytes ? FORCE_WAKEUP : NO_WAKEUP;
}

static ALWAYS_INLINE void tell(void *record, u64 length)
{
	if (bpf_ringbuf_output(&events, record, length, wake_flags()))
		__sync_fetch_and_add(&lost_events, 1);
}

static ALWAYS_INLINE struct socket_record new_event(u8 kind)
{
	struct socket_record out = { .head = { .length = sizeof(out), .kind = kind } };

	out.time_ns = bpf_ktime_get_boot_ns();
	return out;
}

/* What was counted for this socket in its life so far. */
static ALWAYS_INLINE void put_counters(struct socket_record *out, struct life *life)
{
	out->counted_ns = life->since_ns;
	out->sent_messages = life->sent_messages;
	out->received_messages = life->received_messages;
	if (out->protocol == IPPROTO_TCP)
		return; /* counts its bytes itself */
	out->sent_bytes = life->sent_bytes;
	out->received_bytes = life->received_bytes;
}

/* Whether the code that runs now acts for the process `task` on this socket: it holds the lock that
 * system calls take. What runs in an interrupt, in the name of whichever process was there, waits
 * until that lock is free. What came meanwhile is worked off by whoever gives the lock back, which may
 * be one that only looked at the socket: then the backlog is not empty yet (`__release_sock`). */
static ALWAYS_INLINE bool is_used_by(struct sock *sk, struct task_struct *task)
{
	return sk->sk_lock.owned && sk->sk_backlog.len == 0 && !(task->flags & PF_KTHREAD);
}
