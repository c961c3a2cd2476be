//! libFuzzer's door to records of our programs in the kernel.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sockeye_os::fuzzing::bpf(data));
