//! libFuzzer's door to the kernel's sock_diag answers.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sockeye_os::fuzzing::netlink(data));
