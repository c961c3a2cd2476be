//! libFuzzer's door to the filter language.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sockeye_fuzz::filter(data));
