//! The console binary: arguments in, printed endpoints out, and an exit status that tells.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
