//! libFuzzer's door to the texts of /proc/PID.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sockeye_os::fuzzing::process(data));
