/* SPDX-License-Identifier: MIT OR Apache-2.0 OR GPL-2.0-only
 *
 * Sockeye's programs for the kernel. Each loads on its own: one that a kernel refuses costs what it
 * observes and nothing else. Built by `cargo xtask bpf`, which writes sockeye.bpf.o beside this file.
 */
#include "list.h"
#include "tcp.h"
#include "traffic.h"
#include "udp.h"

/* The kernel lets programs call its tracing helpers only under a licence compatible with the GPL. */
const char LICENSE[] SECTION("license") = "Dual MIT/GPL";
