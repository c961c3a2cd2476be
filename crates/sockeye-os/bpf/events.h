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
	u32 owner;      /* the process that user space was told to use it, 0 for none */
	bool is_known;  /* user space was told of it */
	bool has_peer;  /* UDP: sent to this remote before it was told of */
	u16 peer_port;  /* UDP: once it is told of, its own remote, 0 for none */
	u8 peer[16];    /* IPv4 as IPv6 carries it */
	u32 peers;      /* UDP: how many it was told to have exchanged with */
	u32 netns;      /* UDP: where it is; 0 when that is not known yet */
	u32 spare;
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

/* What outlives an event; user space reads the first two. */
struct {
	u64 lost_events; /* did not fit */
	u64 told_within; /* changes of state that `tcp_state` missed and `tcp_state_within` met */
	u64 our_image;   /* the file that whoever reads the iterators runs */
} shared = {};

/* User space looks often enough by itself; it is woken only when so many bytes wait. */
const volatile u64 wake_at_bytes = 0;

static ALWAYS_INLINE u64 wake_flags(void)
{
	return bpf_ringbuf_query(&events, AVAILABLE_DATA) >= wake_at_bytes ? FORCE_WAKEUP : NO_WAKEUP;
}

/* Whether it could be told. What could not is told again with the next event, where it still matters. */
static ALWAYS_INLINE bool tell(void *record, u64 length)
{
	if (!bpf_ringbuf_output(&events, record, length, wake_flags()))
		return true;
	__sync_fetch_and_add(&shared.lost_events, 1);
	return false;
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

/* Whether it is the kernel's own: it works in the name of whichever process needs it. */
static ALWAYS_INLINE bool is_of_kernel(struct sock *sk)
{
	struct socket *socket = sk->sk_socket;

	return socket && !socket->file;
}

/* The file that a process runs, as an address; 0 when it is ending. */
static ALWAYS_INLINE u64 image_of(struct task_struct *task)
{
	struct mm_struct *memory = task->mm;

	return memory ? (u64)peek(peek(memory->exe_file)->f_inode) : 0;
}

/* Whether this process runs Sockeye: an iterator holds each file that it visits, and when that is
 * closed meanwhile, whoever reads the iterator is the last to let go and closes the socket. */
static ALWAYS_INLINE bool is_reader(struct task_struct *task)
{
	u64 image = image_of(task);

	return image != 0 && image == shared.our_image;
}

/* Whether the code that runs now acts for the process `task` on this socket: it holds the lock that
 * system calls take. What runs in an interrupt, in the name of whichever process was there, waits
 * until that lock is free. What came meanwhile is worked off by whoever gives the lock back, which may
 * be one that only looked at the socket: then the backlog is not empty yet (`__release_sock`). */
static ALWAYS_INLINE bool is_used_by(struct sock *sk, struct task_struct *task)
{
	return sk->sk_lock.owned && sk->sk_backlog.len == 0 && !(task->flags & PF_KTHREAD) &&
	       !is_of_kernel(sk);
}
