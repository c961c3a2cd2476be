//! The console: arguments in, printed endpoints out.
fn main() {}
