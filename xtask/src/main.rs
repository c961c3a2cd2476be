//! All automation of Sockeye, in Rust, so that it runs wherever Rust does: `cargo xtask help`.
//!
//! One module for each task. Making a load and measuring under it need Linux; the rest does not.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "automation talks to people and to CI's log"
)]

#[cfg(target_os = "linux")]
mod bench;
mod bpf;
#[cfg(target_os = "linux")]
mod churn;
mod ci;
mod dist;
mod docs;
mod fuzz;
mod icons;
mod install;
#[cfg(target_os = "linux")]
mod load;
#[cfg(target_os = "linux")]
mod netlink;
mod ports;
mod run;
mod screen;
mod tidy;
mod wine;

use std::process::ExitCode;

use clap::Parser;

/// Sockeye's automation: checks, loads, measurements, generated files.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Check the rules of the house that the compiler does not: edges, sizes, words, links.
    Tidy,
    /// Do everything that CI does; go on after a failure and end with a summary.
    Ci(ci::Arguments),
    /// Generate the committed documents: field reference, man page, CLI reference, completions.
    Docs(docs::Arguments),
    /// Compile the programs for the kernel to the committed object, or check that it is current.
    Bpf(bpf::Arguments),
    /// Draw the application's icon in every size, or check that the pictures are current.
    Icons(icons::Arguments),
    /// Build the programs and copy them, with all that belongs to them, below a prefix.
    Install(install::Arguments),
    /// Make the packages that are released: tar.gz and .deb for Linux, zip for Windows.
    Dist(dist::Arguments),
    /// Check the Windows build, and run its tests under Wine in a network of their own.
    Wine,
    /// Look at the desktop's window under Wine.
    #[command(hide = true)]
    WineDesktop(wine::desktop::Arguments),
    /// Fuzz the decoders and parsers, with libFuzzer where it is installed.
    Fuzz(fuzz::Arguments),
    /// Hold many connections open until Enter, the end of input or SIGTERM.
    #[cfg(target_os = "linux")]
    Load(load::Arguments),
    /// Open and close many short connections, and say what that took.
    #[cfg(target_os = "linux")]
    Churn(churn::Arguments),
    /// Measure Sockeye beside ss, lsof, netstat and the bare kernel; write docs/benchmarks.md.
    #[cfg(target_os = "linux")]
    Bench(bench::Arguments),
    /// One process of a load.
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    LoadMember(load::member::Arguments),
    /// One process of a load of short connections.
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    ChurnMember(churn::member::Arguments),
    /// Run one command and print what it took.
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    Measure(bench::measure::Arguments),
    /// Do the bare work that no tool of this kind can avoid.
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    Floor(bench::floor::Arguments),
}

fn main() -> ExitCode {
    match act(Task::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn act(task: Task) -> anyhow::Result<()> {
    match task {
        Task::Tidy => tidy::run(),
        Task::Ci(arguments) => ci::run(&arguments),
        Task::Docs(arguments) => docs::run(&arguments),
        Task::Bpf(arguments) => bpf::run(&arguments),
        Task::Icons(arguments) => icons::run(&arguments),
        Task::Install(arguments) => install::run(&arguments),
        Task::Dist(arguments) => dist::run(&arguments),
        Task::Wine => wine::run(),
        Task::WineDesktop(arguments) => wine::desktop::run(&arguments),
        Task::Fuzz(arguments) => fuzz::run(&arguments),
        #[cfg(target_os = "linux")]
        Task::Load(arguments) => load::run(&arguments),
        #[cfg(target_os = "linux")]
        Task::Churn(arguments) => churn::run(&arguments),
        #[cfg(target_os = "linux")]
        Task::Bench(arguments) => bench::run(&arguments),
        #[cfg(target_os = "linux")]
        Task::LoadMember(arguments) => load::member::run(&arguments),
        #[cfg(target_os = "linux")]
        Task::ChurnMember(arguments) => churn::member::run(&arguments),
        #[cfg(target_os = "linux")]
        Task::Measure(arguments) => bench::measure::run(&arguments),
        #[cfg(target_os = "linux")]
        Task::Floor(arguments) => bench::floor::run(&arguments),
    }
}
