//! Linux: `sock_diag` netlink and `/proc`.

mod act;
mod bpf;
mod cgroups;
mod closings;
mod describe;
mod facts;
mod memory;
mod namespaces;
mod netlink;
mod observe;
mod output;
mod packages;
mod polling;
mod ports;
mod source;
mod support;
mod tables;
mod users;
mod walk;
mod watch;
mod workloads;

pub(crate) use act::{close, end, is_running};
pub(crate) use bpf::iterate_bare;
pub(crate) use describe::Describer;
pub(crate) use observe::{gather, observe};
pub(crate) use output::{is_output_read, show_colours};
pub(crate) use packages::Packages;
pub(crate) use support::{examine, kernel_release};
pub(crate) use watch::Watcher;
pub(crate) use workloads::{container_names, read_socket_units, read_socket_units_in};
