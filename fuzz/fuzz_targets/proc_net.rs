//! libFuzzer's door to the tables of /proc/net.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sockeye_os::fuzzing::proc_net(data));
