//! The truth suite: the real binary on the real kernel, compared with witnesses of its own.
//!
//! Every test makes a scenario inside a world of its own (see [`world`]), runs `sockeye` there and
//! compares with what `ss` and `/proc` say and with what the test itself did. What cannot be
//! tested on a machine is written down as skipped, never passed in silence.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy.toml exempts tests; what tests call is a test too, and a panic is its report"
)]

mod dns;
mod group;
mod proc;
mod sockeye;
mod ss;
mod world;

mod bad_input;
mod bytes;
mod close_end;
mod completeness;
mod crosscheck;
mod doctor;
mod filters;
mod inspect;
mod names;
mod namespaces;
mod output;
mod owners;
mod places;
mod ports;
mod races;
mod replay;
mod resolve;
mod states;
mod tcpvcon;
mod udp;
mod udp_events;
mod unprivileged;
mod watch;
mod whois;
mod whole_table;
mod workloads;
