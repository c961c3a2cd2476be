/* SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
 *
 * The parts of the kernel's structures that our programs read. Only names matter: where a member
 * lies is looked up in the running kernel's BTF when a program is loaded (CO-RE), so these hold
 * nothing but what we use. Members keep the kernel's own names.
 */
#pragma once
#include "helpers.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* include/net/sock.h and what it stands on */
typedef struct { struct net *net; } possible_net_t;
typedef struct { s64 counter; } atomic64_t;
typedef struct { s32 counter; } atomic_t;
typedef struct { atomic_t refs; } refcount_t;
typedef struct { u32 val; } kuid_t;
typedef struct { int owned; } socket_lock_t;
struct ns_common { u32 inum; };
struct net { struct ns_common ns; };
struct in6_addr { union { u8 u6_addr8[16]; u32 u6_addr32[4]; } in6_u; };
struct kernfs_node { u64 id; };
struct cgroup { struct kernfs_node *kn; };
struct sock_cgroup_data { struct cgroup *cgroup; };
struct inode { unsigned long i_ino; };
struct vfsmount;
struct dentry;
struct path { struct vfsmount *mnt; struct dentry *dentry; };
struct file { struct inode *f_inode; struct path f_path; };
struct sock;
struct socket { struct file *file; struct sock *sk; };
struct socket_alloc { struct socket socket; struct inode vfs_inode; };

struct sock_common {
	u32 skc_daddr;
	u32 skc_rcv_saddr;
	u16 skc_dport;
	u16 skc_num;
	u16 skc_family;
	volatile u8 skc_state;
	int skc_bound_dev_if;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	unsigned long skc_flags;
	atomic64_t skc_cookie;
};

struct sock {
	struct sock_common __sk_common;
	int sk_err;
	struct socket *sk_socket;
	socket_lock_t sk_lock;
	refcount_t sk_wmem_alloc;
	struct { atomic_t rmem_alloc; int len; } sk_backlog;
	kuid_t sk_uid;
	u16 sk_protocol;
	u32 sk_ack_backlog;
	u32 sk_max_ack_backlog;
	struct sock_cgroup_data sk_cgrp_data;
};

/* include/net/inet_sock.h, include/linux/tcp.h, include/linux/udp.h */
struct inet_sock { u16 inet_sport; };
struct request_sock_queue { atomic_t qlen; };
struct inet_connection_sock { struct request_sock_queue icsk_accept_queue; };
struct tcp_sock {
	u32 copied_seq;
	u32 segs_out;
	u64 bytes_sent;
	u64 bytes_retrans;
	u32 write_seq;
	u32 rcv_nxt;
	u32 snd_una;
	u32 srtt_us;
	u64 bytes_received;
	u32 segs_in;
	u32 total_retrans;
};
struct udp_sock { u32 forward_deficit; };
struct inet_timewait_sock { struct sock_common __tw_common; volatile u8 tw_substate; };
struct tcp_timewait_sock { struct inet_timewait_sock tw_sk; };

/* include/linux/sched.h, cred.h, pid.h, mm_types.h, fs.h, mount.h, dcache.h, fs/mount.h */
struct pid_namespace { struct ns_common ns; };
struct upid { int nr; struct pid_namespace *ns; };
struct pid { u32 level; struct upid numbers[1]; };
struct cred { kuid_t euid; };
struct css_set { struct cgroup *dfl_cgrp; };
struct qstr { const u8 *name; };
struct hlist_bl_node { struct hlist_bl_node **pprev; };
struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
};
struct vfsmount { struct dentry *mnt_root; };
struct mount { struct mount *mnt_parent; struct dentry *mnt_mountpoint; struct vfsmount mnt; };
struct mm_struct { struct file *exe_file; unsigned long arg_start; unsigned long arg_end; };
struct nsproxy { struct net *net_ns; };
struct task_struct {
	u32 flags;
	int tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	u64 start_boottime;
	const struct cred *cred;
	u64 self_exec_id;
	char comm[16];
	struct css_set *cgroups;
	struct mm_struct *mm;
	struct nsproxy *nsproxy;
};

/* kernel/bpf: what iterators hand to a program */
struct bpf_iter_meta { void *seq; u64 session_id; u64 seq_num; };
struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	u32 fd;
	struct file *file;
};
struct bpf_iter__tcp { struct bpf_iter_meta *meta; struct sock_common *sk_common; u32 uid; };
struct bpf_iter__udp { struct bpf_iter_meta *meta; struct udp_sock *udp_sk; u32 uid; };

#pragma clang attribute pop

/* include/uapi/linux/bpf.h: stable, rewritten by the kernel itself when a program is loaded */
struct bpf_sock {
	u32 bound_dev_if, family, type, protocol, mark, priority;
	u32 src_ip4, src_ip6[4], src_port;
	u16 dst_port, spare;
	u32 dst_ip4, dst_ip6[4], state, rx_queue_mapping;
};
struct bpf_sock_addr {
	u32 user_family, user_ip4, user_ip6[4], user_port, family, type, protocol;
	u32 msg_src_ip4, msg_src_ip6[4];
	struct bpf_sock *sk;
};

/* include/linux/socket.h, include/uapi/linux/in.h, include/net/tcp_states.h, linux/sched.h */
enum { AF_INET = 2, AF_INET6 = 10 };
enum { IPPROTO_TCP = 6, IPPROTO_UDP = 17, IPPROTO_MPTCP = 262 };
enum { TCP_ESTABLISHED = 1, TCP_SYN_SENT = 2, TCP_SYN_RECV = 3, TCP_CLOSE = 7, TCP_LISTEN = 10 };
enum { PF_KTHREAD = 0x00200000, MSG_PEEK = 2, SOCK_DONE = 1 };
