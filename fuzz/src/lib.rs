//! What is fuzzed: every function that reads bytes which somebody else wrote.
//!
//! A target is a function here or in [`fuzzing`], a row in [`TARGETS`], a `[[bin]]` of a few lines in
//! fuzz_targets/ and seeds in fixtures/fuzz/. It may find what it likes in the bytes; it must return.

use sockeye_core::filter::Filter;
use sockeye_os::fuzzing;

/// A function that has to cope with any bytes.
pub type Target = fn(&[u8]);

/// Every target by name.
pub const TARGETS: &[(&str, Target)] = &[
    ("bpf", fuzzing::bpf),
    ("btf", fuzzing::btf),
    ("containers", fuzzing::containers),
    ("dump", fuzzing::dump),
    ("filter", filter),
    ("netlink", fuzzing::netlink),
    ("packages", fuzzing::packages),
    ("proc", fuzzing::process),
    ("proc_net", fuzzing::proc_net),
    ("rpm", fuzzing::rpm),
    ("socket_unit", fuzzing::socket_unit),
    ("windows", fuzzing::windows),
];

/// The filter language, as it comes from a command line. What it accepts, it prints so that it is
/// read back as the same filter.
pub fn filter(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(filter) = Filter::parse(text) {
        let printed = filter.to_string();
        assert_eq!(Filter::parse(&printed), Ok(filter), "{printed}");
    }
}
