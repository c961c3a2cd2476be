//! libFuzzer's door to the RPM database and its headers.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sockeye_os::fuzzing::rpm(data));
