/* SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
 *
 * What goes to user space; read by src/decode/bpf.rs. Native byte order, no padding left to chance,
 * every record a multiple of eight bytes and beginning with its length and kind.
 */
#pragma once
#include "helpers.h"

enum kind {
	/* from the iterators */
	KIND_HELD = 1,      /* a socket behind a descriptor of a process */
	KIND_UNHELD = 2,    /* a socket that no file belongs to */
	KIND_COOKIE = 3,    /* a socket that a file belongs to, by its cookie alone */
	/* events */
	KIND_STATE = 16,    /* TCP: from `old_state` to `state` */
	KIND_STEP = 23,     /* the same of a socket that was told of before: a step_record */
	KIND_OWNER = 17,    /* TCP: a process used a socket that nobody was known to hold */
	KIND_BOUND = 18,    /* UDP: bound to a local port */
	KIND_USED = 19,     /* UDP: sent or received for the first time */
	KIND_PEER = 20,     /* UDP: exchanged with this remote for the first time */
	KIND_RELEASED = 21, /* UDP: its last descriptor was closed */
	KIND_PROCESS = 32,  /* what is known of a process, before the first event that names it */
};

struct head {
	u16 length;
	u8 kind;
	u8 spare[5];
};

struct cookie_record {
	struct head head;
	u64 cookie;
};

struct step_record {
	struct head head;
	u64 time_ns; /* since boot */
	u64 cookie;
	u32 netns;
	u8 state;
	u8 old_state;
	u16 spare;
};

/* Who holds or uses a socket. pid 0: not known, or outside of our PID namespace. */
struct holder {
	u32 pid;
	u32 fd;
	u64 start_ns; /* since boot */
	u32 parent;
	u32 uid;
	u64 cgroup;
	u64 groups; /* the same for processes in the same control groups of every hierarchy */
	char name[16];
};

struct socket_record {
	struct head head;
	u64 time_ns; /* since boot; events only */
	u64 cookie;
	u64 inode;
	u64 cgroup;
	u64 sent_bytes;
	u64 received_bytes;
	u64 counted_ns; /* since boot: since when messages, and UDP's bytes, are counted; 0 if not */
	u32 sent_messages;
	u32 received_messages;
	u32 sent_packets;
	u32 received_packets;
	u32 rtt_us;
	u32 retransmits;
	u32 receive_queue;
	u32 send_queue;
	u32 netns;
	u32 uid;
	u32 interface;
	u16 local_port;
	u16 remote_port;
	u16 family;
	u16 protocol;
	u8 state;
	u8 old_state;
	u8 error;
	u8 flags;
	u8 local[16];
	u8 remote[16];
	struct holder holder;
};

/* flags of a socket_record */
enum {
	HAS_METRICS = 1,  /* bytes, packets, times and retransmits are TCP's own */
	HAS_FILE = 2,     /* a process holds it, or a descriptor is on its way to one */
	FIN_RECEIVED = 4, /* the other side has closed; its FIN counts as a byte in TCP's numbers */
	HAS_HANDSHAKES = 16, /* a listener with connections in SYN-RECEIVED */
	IS_PEER = 8,      /* UDP: the remote is not the socket's own but whom it exchanged with */
};

/* Names in a path, and bytes of it and of a command line, that are told at most. */
enum { PATH_DEPTH = 64, PATH_ROOM = 4096, NAME_ROOM = 256, ARGUMENT_ROOM = 4096 };

struct process_record {
	struct head head;
	u64 time_ns;
	struct holder holder;
	u16 path_length;      /* bytes of the path in `texts`: its names, the last one first, each ended
				 by a NUL */
	u16 arguments_length; /* bytes of the command line after it, as in /proc/PID/cmdline */
	u8 is_deleted;
	u8 is_path_cut;
	u8 are_arguments_cut;
	u8 spare;
	u8 texts[PATH_ROOM + NAME_ROOM + ARGUMENT_ROOM];
};
