//! libFuzzer's door to what Windows tells.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sockeye_os::fuzzing::windows(data));
