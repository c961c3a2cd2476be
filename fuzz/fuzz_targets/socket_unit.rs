//! libFuzzer's door to systemd's socket units.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sockeye_os::fuzzing::socket_unit(data));
