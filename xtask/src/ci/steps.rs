//! The steps of CI, in order.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Log, Outcome, Step, is_ci, skipped_file};
use crate::{bpf, dist, docs, fuzz, icons, install, run, tidy, wine};

/// Every step; the cheap ones that fail most often come first.
pub(super) const STEPS: &[Step] = &[
    Step { name: "tools", is_quick: false, act: tools },
    Step { name: "format", is_quick: true, act: format },
    Step { name: "clippy", is_quick: true, act: clippy },
    Step { name: "tidy", is_quick: true, act: |_| passed(tidy::run()) },
    Step { name: "bpf", is_quick: true, act: programs },
    Step { name: "packaging data", is_quick: true, act: packaging },
    Step { name: "unit tests", is_quick: true, act: unit_tests },
    Step { name: "doc tests", is_quick: false, act: doc_tests },
    Step { name: "end-to-end tests", is_quick: false, act: end_to_end_tests },
    Step { name: "end-to-end by eBPF", is_quick: false, act: end_to_end_by_ebpf },
    Step { name: "clippy for Windows", is_quick: false, act: clippy_for_windows },
    Step { name: "check for Windows by MSVC", is_quick: false, act: check_for_msvc },
    Step { name: "Windows under Wine", is_quick: false, act: under_wine },
    Step { name: "packages", is_quick: false, act: packages },
    Step { name: "documentation", is_quick: false, act: documentation },
    Step { name: "generated files", is_quick: false, act: |_| passed(docs::check()) },
    Step { name: "fuzz smoke", is_quick: false, act: |_| passed(fuzz::smoke()) },
    Step { name: "dependencies", is_quick: false, act: dependencies },
    Step { name: "advisories", is_quick: false, act: advisories },
];

/// Programs that end-to-end tests compare with or run under, and the Debian package of each.
const TOOLS: &[(&str, &str)] = &[
    ("ip", "iproute2"),
    ("ss", "iproute2"),
    ("lsof", "lsof"),
    ("netstat", "net-tools"),
    ("setpriv", "util-linux"),
    ("unshare", "util-linux"),
    ("Xvfb", "xvfb"),
    ("xdotool", "xdotool"),
];

/// Libraries that a window on X opens while it runs, and the Debian package of each.
const LIBRARIES: &[(&str, &str)] = &[
    ("libEGL.so.1", "libegl1"),
    ("libGL.so.1", "libgl1"),
    ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
];

fn passed(result: anyhow::Result<()>) -> anyhow::Result<Outcome> {
    result.map(|()| Outcome::Passed)
}

fn skipped(reason: impl Into<String>) -> anyhow::Result<Outcome> {
    Ok(Outcome::Skipped(reason.into()))
}

/// Installs what the tests need where that is allowed; the tests themselves say what they miss.
fn tools(log: &mut Log) -> anyhow::Result<Outcome> {
    if !cfg!(target_os = "linux") {
        return skipped("the tools are Linux's");
    }
    let is_missing = |(program, _): &&(&str, &str)| !run::is_installed(program);
    let missing = || TOOLS.iter().filter(is_missing).chain(missing_libraries());
    let mut packages: Vec<&str> = missing().map(|(_, package)| *package).collect();
    packages.dedup();
    install(&packages);
    for (program, package) in missing() {
        log.skipped.push(format!("{program}: not installed (Debian: {package})"));
    }
    Ok(Outcome::Passed)
}

/// The libraries that the linker does not know.
fn missing_libraries() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    let known = run::output(&["ldconfig", "-p"]).unwrap_or_default();
    LIBRARIES.iter().filter(move |(library, _)| !known.contains(library))
}

/// Installs these packages of Debian where that is allowed; whoever needs them looks what came of it.
fn install(packages: &[&str]) {
    if packages.is_empty() || !is_ci() || !is_root() {
        return;
    }
    run::succeeds(&["apt-get", "update"]);
    run::succeeds(&[&["apt-get", "install", "--yes"], packages].concat());
}

fn is_root() -> bool {
    run::output(&["id", "-u"]).is_ok_and(|id| id.trim() == "0")
}

fn format(_: &mut Log) -> anyhow::Result<Outcome> {
    run::run(&["cargo", "fmt", "--all", "--check"])?;
    passed(run::run(&["cargo", "fmt", "--manifest-path=fuzz/Cargo.toml", "--check"]))
}

fn clippy(_: &mut Log) -> anyhow::Result<Outcome> {
    let clippy = ["cargo", "clippy", "--workspace", "--all-targets", "--locked"];
    passed(run::run(&[&clippy[..], &["--", "--deny=warnings"]].concat()))
}

/// The object of the kernel's programs is what their sources compile to.
fn programs(_: &mut Log) -> anyhow::Result<Outcome> {
    if !bpf::is_possible() {
        install(&bpf::PACKAGES);
    }
    if !bpf::is_possible() {
        return skipped(format!("not both installed: {}", bpf::PACKAGES.join(", ")));
    }
    passed(bpf::check())
}

/// The icon's pictures are what its drawing shows, and what describes the application is as its
/// readers want it.
fn packaging(log: &mut Log) -> anyhow::Result<Outcome> {
    icons::check()?;
    for (program, package, arguments) in install::VALIDATORS {
        if !run::is_installed(program) {
            install(&[package]);
        }
        if !run::is_installed(program) {
            log.skipped.push(format!("{program}: not installed (Debian: {package})"));
            continue;
        }
        run::run(&[&[*program], *arguments].concat())?;
    }
    Ok(Outcome::Passed)
}

fn unit_tests(_: &mut Log) -> anyhow::Result<Outcome> {
    passed(run::finish(&mut tests(&["--lib", "--bins"])))
}

/// The tests in `crates/*/tests`, which run whole programs; they say what they could not do.
fn end_to_end_tests(log: &mut Log) -> anyhow::Result<Outcome> {
    if !has_end_to_end_tests()? {
        return skipped("there are none yet");
    }
    run_whole_programs(log, &mut tests(&["--test=*"]))
}

/// The truth suite once more by programs in the kernel, which small machines are spared otherwise.
fn end_to_end_by_ebpf(log: &mut Log) -> anyhow::Result<Outcome> {
    let sockeye = ["--quiet", "--locked", "--package=sockeye"];
    run::run(&[&["cargo", "build"], &sockeye[..]].concat())?;
    let mut tried =
        run::command(&[&["cargo", "run"], &sockeye[..], &["--", "--source=ebpf"]].concat());
    let output = tried.output()?;
    if !matches!(output.status.code(), Some(0 | 1)) {
        return skipped(String::from_utf8_lossy(&output.stderr).trim());
    }
    run_whole_programs(log, tests(&["--test=e2e"]).env("SOCKEYE_E2E_SOURCE", "ebpf"))
}

/// What only the Windows build compiles.
fn clippy_for_windows(_: &mut Log) -> anyhow::Result<Outcome> {
    if is_ci() && (wine::missing_target().is_some() || wine::missing_msvc().is_some()) {
        wine::add_targets();
    }
    match wine::missing_target() {
        Some(remedy) => skipped(format!("the target is not installed: {remedy}")),
        None => passed(wine::clippy()),
    }
}

/// The step before has added the target, where that can be done.
fn check_for_msvc(_: &mut Log) -> anyhow::Result<Outcome> {
    match wine::missing_msvc() {
        Some(remedy) => skipped(format!("the target is not installed: {remedy}")),
        None => passed(wine::check_msvc()),
    }
}

/// The Windows build's own tests. What Wine cannot do is skipped by name.
fn under_wine(log: &mut Log) -> anyhow::Result<Outcome> {
    install(&wine::missing_packages());
    match wine::obstacle() {
        Some(obstacle) => skipped(obstacle),
        None => noting_skipped(log, wine::test),
    }
}

/// Packages can be made, of the programs that the tests before have run: a release takes half an hour.
fn packages(log: &mut Log) -> anyhow::Result<Outcome> {
    if !cfg!(target_os = "linux") {
        return skipped("packages are made on Linux");
    }
    install(&dist::missing_packages());
    log.skipped.extend(dist::check()?);
    Ok(Outcome::Passed)
}

/// Runs `tests` and notes what they had to skip.
fn run_whole_programs(log: &mut Log, tests: &mut Command) -> anyhow::Result<Outcome> {
    noting_skipped(log, |file| run::finish(tests.env("SOCKEYE_SKIPPED", file)))
}

/// Does `act`, which may write what it had to skip to a file, and notes that.
fn noting_skipped(
    log: &mut Log,
    act: impl FnOnce(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<Outcome> {
    let file = skipped_file();
    fs::write(&file, "")?;
    let result = act(&file);
    let skipped = fs::read_to_string(&file).unwrap_or_default();
    fs::remove_file(&file)?;
    let skipped = skipped.lines().map(|line| line.trim_start_matches("SKIPPED "));
    log.skipped.extend(skipped.map(str::to_owned));
    passed(result)
}

fn has_end_to_end_tests() -> anyhow::Result<bool> {
    let mut crates = fs::read_dir(run::root().join("crates"))?;
    Ok(crates.any(|entry| entry.is_ok_and(|e| e.path().join("tests").is_dir())))
}

/// The command that tests the workspace, by nextest where that is installed.
fn tests(targets: &[&str]) -> Command {
    let has_nextest = run::is_installed("cargo-nextest");
    let runner: &[&str] = if has_nextest { &["nextest", "run"] } else { &["test"] };
    run::command(&[&["cargo"], runner, &["--workspace", "--locked"], targets].concat())
}

fn doc_tests(_: &mut Log) -> anyhow::Result<Outcome> {
    passed(run::run(&["cargo", "test", "--workspace", "--locked", "--doc", "--quiet"]))
}

fn documentation(_: &mut Log) -> anyhow::Result<Outcome> {
    let mut doc = run::command(&["cargo", "doc", "--workspace", "--no-deps", "--locked"]);
    passed(run::finish(doc.arg("--document-private-items").env("RUSTDOCFLAGS", "--deny=warnings")))
}

/// Licences, sources and double versions, by cargo-deny, which CI installs.
fn dependencies(_: &mut Log) -> anyhow::Result<Outcome> {
    if !run::is_installed("cargo-deny") && is_ci() {
        run::run(&["cargo", "install", "cargo-deny", "--locked"])?;
    }
    if !run::is_installed("cargo-deny") {
        return skipped("cargo-deny is not installed");
    }
    let deny = ["cargo", "deny", "--offline", "--log-level=warn", "check"];
    passed(run::run(&[&deny[..], &["licenses", "bans", "sources"]].concat()))
}

/// Known vulnerabilities, when the database of them is within reach.
fn advisories(_: &mut Log) -> anyhow::Result<Outcome> {
    if !run::is_installed("cargo-deny") {
        return skipped("cargo-deny is not installed");
    }
    if !run::succeeds(&["cargo", "deny", "fetch", "db"]) {
        return skipped("the advisory database could not be fetched");
    }
    passed(run::run(&["cargo", "deny", "--offline", "check", "advisories"]))
}
