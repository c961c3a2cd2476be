//! libFuzzer's door to what container runtimes answer and keep.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sockeye_os::fuzzing::containers(data));
