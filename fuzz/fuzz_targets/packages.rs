//! libFuzzer's door to package databases in text, package notes, desktop entries and icon themes.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sockeye_os::fuzzing::packages(data));
