//! libFuzzer's door to dump files.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sockeye_os::fuzzing::dump(data));
