/* SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
 *
 * The kernel's helper functions that our programs call, by their numbers in the kernel's stable
 * interface (enum bpf_func_id, include/uapi/linux/bpf.h), and the attributes that clang needs.
 */
#pragma once

#define SECTION(name) __attribute__((section(name), used))
#define ALWAYS_INLINE inline __attribute__((always_inline))
/* A function that the verifier checks once, by itself, whatever it is called with. */
#define CHECKED_ALONE __attribute__((noinline))

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int s32;
typedef long long s64;
typedef _Bool bool;
#define true 1
#define false 0
#define NULL ((void *)0)

/* Maps: the members are only types, which the loader reads from BTF. */
#define MAP_TYPE(number) int(*type)[number]
#define MAP_FLAGS(number) int(*map_flags)[number]
#define MAP_ENTRIES(number) int(*max_entries)[number]
#define MAP_KEY(type) typeof(type) *key
#define MAP_VALUE(type) typeof(type) *value

enum { MAP_TYPE_PERCPU_ARRAY = 6, MAP_TYPE_LRU_HASH = 9,
       MAP_TYPE_SK_STORAGE = 24, MAP_TYPE_RINGBUF = 27 };
enum { NO_PREALLOC = 1, CREATE = 1, NO_WAKEUP = 1, FORCE_WAKEUP = 2, AVAILABLE_DATA = 0 };

static void *(*bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*bpf_map_update_elem)(void *map, const void *key, const void *value, u64 flags) = (void *)2;
static u64 (*bpf_get_socket_cookie)(void *socket) = (void *)46;
static void *(*bpf_sk_storage_get)(void *map, void *socket, void *value, u64 flags) = (void *)107;
static long (*bpf_probe_read_user)(void *to, u32 size, const void *from) = (void *)112;
static long (*bpf_probe_read_kernel)(void *to, u32 size, const void *from) = (void *)113;
static long (*bpf_probe_read_kernel_str)(void *to, u32 size, const void *from) = (void *)115;
static u64 (*bpf_ktime_get_boot_ns)(void) = (void *)125;
static long (*bpf_seq_write)(void *seq, const void *data, u32 length) = (void *)127;
static long (*bpf_ringbuf_output)(void *ring, void *data, u64 size, u64 flags) = (void *)130;
static u64 (*bpf_ringbuf_query)(void *ring, u64 flags) = (void *)134;
static void *(*bpf_skc_to_tcp_sock)(void *socket) = (void *)137;
static void *(*bpf_skc_to_tcp_timewait_sock)(void *socket) = (void *)138;
static void *(*bpf_get_current_task_btf)(void) = (void *)158;
static void *(*bpf_sock_from_file)(void *file) = (void *)162;
