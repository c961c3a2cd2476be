//! libFuzzer's door to the kernel's description of its types.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sockeye_os::fuzzing::btf(data));
