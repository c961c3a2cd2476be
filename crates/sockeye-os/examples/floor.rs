//! The floor of `cargo xtask bench`: the kernel's iterators alone; prints µs and records.

#![allow(clippy::print_stdout, reason = "the benchmark reads it")]

fn main() -> Result<(), sockeye_os::Error> {
    let (took, records) = sockeye_os::support::iterate_bare()?;
    println!("{} {records}", took.as_micros());
    Ok(())
}
