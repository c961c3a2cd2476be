//! All automation of Sockeye, in Rust.
fn main() {}
