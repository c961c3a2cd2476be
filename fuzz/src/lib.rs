//! What is fuzzed: every function that reads bytes which somebody else wrote.
//!
//! A target is a function here, a row in [`TARGETS`], a `[[bin]]` of a few lines in fuzz_targets/
//! and seeds in fixtures/fuzz/. It may find what it likes in the bytes; it must return.

use sockeye_core::Transport;
use sockeye_core::address::Family;
use sockeye_core::filter::Filter;
use sockeye_os::decode::{inet_diag, mounts, proc_net, process};

/// A function that has to cope with any bytes.
pub type Target = fn(&[u8]);

/// Every target by name.
pub const TARGETS: &[(&str, Target)] = &[
    ("filter", filter),
    ("netlink", netlink),
    ("proc", proc),
    ("proc_net", proc_net),
];

/// The filter language, as it comes from a command line. What it accepts, it prints so that it is
/// read back as the same filter.
pub fn filter(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(filter) = Filter::parse(text) {
        let printed = filter.to_string();
        assert_eq!(Filter::parse(&printed), Ok(filter), "{printed}");
    }
}

/// One datagram of a `sock_diag` dump.
pub fn netlink(data: &[u8]) {
    for transport in [Transport::Tcp, Transport::Udp] {
        inet_diag::decode_answer(data, transport, drop);
    }
}

/// The texts and links of `/proc/PID`.
pub fn proc(data: &[u8]) {
    let _ = process::decode_stat(data);
    let _ = process::decode_status_users(data);
    let _ = process::decode_command_line(data);
    let _ = process::decode_cgroup(data);
    let _ = process::decode_image_link(data);
    let _ = process::decode_socket_link(data);
    let _ = process::decode_namespace_link(data);
    let mounts = mounts::decode_mounts(data);
    let _ = mounts::bound_namespaces(&mounts);
    let _ = mounts::cgroup2_mount_point(&mounts);
    let _ = mounts::is_proc_restricted(&mounts);
}

/// The tables of `/proc/net`.
pub fn proc_net(data: &[u8]) {
    for family in [Family::Ipv4, Family::Ipv6] {
        let _ = proc_net::decode_table(Transport::Tcp, family, data);
        let _ = proc_net::decode_table(Transport::Udp, family, data);
    }
}
