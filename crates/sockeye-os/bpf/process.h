/* SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
 *
 * What is known of a process is told before the first event that names it, so that it is still known
 * when the process has long ended.
 */
#pragma once
#include "events.h"

/* Which image of which process was told. */
struct told {
	u64 start_ns;
	u64 exec;
	u64 time_ns;
};

/* User space forgets processes that nobody names for a while: they are told again after this long. */
enum { TELL_AGAIN_NS = 200000000 };

struct {
	MAP_TYPE(MAP_TYPE_LRU_HASH);
	MAP_ENTRIES(16384);
	MAP_KEY(u32);
	MAP_VALUE(struct told);
} told SECTION(".maps");

/* Where a record is written that is too large for the stack, and how far its path has been climbed. */
struct desk {
	u64 is_taken; /* by a process that was interrupted for another on this processor */
	struct dentry *dentry;
	struct mount *mount;
	u64 length;
	struct process_record record;
};

struct {
	MAP_TYPE(MAP_TYPE_PERCPU_ARRAY);
	MAP_ENTRIES(1);
	MAP_KEY(u32);
	MAP_VALUE(struct desk);
} desk SECTION(".maps");

static ALWAYS_INLINE struct desk *our_desk(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&desk, &zero);
}

/* Appends one name to the path; false when there is no more room. */
static ALWAYS_INLINE bool put_name(struct desk *desk, struct dentry *dentry)
{
	u64 at = desk->length;
	s64 size;

	if (at >= PATH_ROOM)
		return false;
	size = bpf_probe_read_kernel_str(&desk->record.texts[at], NAME_ROOM, peek(dentry->d_name.name));
	if (size <= 1)
		return false;
	desk->length = at + size;
	return true;
}

/* Takes one step from a file towards the root of its mount namespace and writes the name that was
 * passed; false at the end. All that it knows lies on the desk, so that the verifier needs to think of
 * one step only. */
CHECKED_ALONE bool climb(void)
{
	struct desk *desk = our_desk();
	struct dentry *dentry, *parent;
	struct mount *above;

	if (!desk)
		return false;
	dentry = desk->dentry;
	parent = peek(dentry->d_parent);
	if (dentry != peek(desk->mount->mnt.mnt_root) && dentry != parent) {
		desk->dentry = parent;
		return put_name(desk, dentry);
	}
	above = peek(desk->mount->mnt_parent);
	if (above == desk->mount) {
		if (desk->length == 0) /* in no directory: memfd_create(2) */
			put_name(desk, dentry);
		desk->record.is_path_cut = false;
		return false;
	}
	desk->dentry = peek(desk->mount->mnt_mountpoint);
	desk->mount = above;
	return true;
}

/* Writes the path of `file` to the desk, from its last name to the root. */
static ALWAYS_INLINE void put_path(struct desk *desk, struct file *file)
{
	desk->length = 0;
	desk->dentry = peek(file->f_path.dentry);
	desk->mount = (void *)peek(file->f_path.mnt) -
		      __builtin_preserve_field_info(((struct mount *)0)->mnt, 0);
	desk->record.is_deleted = peek(desk->dentry->d_hash.pprev) == NULL;
	desk->record.is_path_cut = true;
	for (u32 step = 0; step < PATH_DEPTH && climb(); step++)
		;
}

/* The command line, as it stands in the process's memory. */
static ALWAYS_INLINE u32 put_arguments(struct process_record *out, u32 at, struct mm_struct *memory)
{
	u64 start = memory->arg_start;
	u64 length = memory->arg_end - start;

	if (length >= ARGUMENT_ROOM) {
		length = ARGUMENT_ROOM - 1;
		out->are_arguments_cut = true;
	}
	if (at > PATH_ROOM + NAME_ROOM)
		return 0;
	if (bpf_probe_read_user(&out->texts[at], length, (void *)start)) {
		out->are_arguments_cut = true;
		return 0;
	}
	return length;
}

/* Tells of the process that runs now, unless this image of it was told already. */
CHECKED_ALONE int tell_process(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_struct *leader = task->group_leader;
	struct told now = { leader->start_boottime, leader->self_exec_id, bpf_ktime_get_boot_ns() };
	u32 key = leader->tgid;
	struct told *before = bpf_map_lookup_elem(&told, &key);
	struct mm_struct *memory = task->mm;
	struct desk *desk = our_desk();
	struct process_record *out;
	u64 path_length, length;

	if (before && before->start_ns == now.start_ns && before->exec == now.exec &&
	    now.time_ns - before->time_ns < TELL_AGAIN_NS)
		return 0;
	if (!desk || __sync_val_compare_and_swap(&desk->is_taken, 0, 1))
		return 0;
	out = &desk->record;
	__builtin_memset(out, 0, sizeof(*out) - sizeof(out->texts));
	out->head.kind = KIND_PROCESS;
	out->time_ns = now.time_ns;
	put_holder(&out->holder, task);
	if (memory) {
		put_path(desk, memory->exe_file);
		path_length = desk->length;
		if (path_length <= PATH_ROOM + NAME_ROOM) {
			out->path_length = path_length;
			out->arguments_length = put_arguments(out, path_length, memory);
		}
	} else { /* it is ending */
		out->is_path_cut = true;
		out->are_arguments_cut = true;
	}
	length = sizeof(*out) - sizeof(out->texts) + out->path_length + out->arguments_length;
	length = (length + 7) & ~7ULL;
	out->head.length = length;
	if (length <= sizeof(*out) && tell(out, length) && memory)
		bpf_map_update_elem(&told, &key, &now, 0);
	desk->is_taken = 0;
	return 0;
}

/* Puts the process that runs now on an event, and tells of it first. */
static ALWAYS_INLINE void put_user(struct socket_record *out, struct task_struct *task)
{
	tell_process();
	put_holder(&out->holder, task);
}
