//! The Windows build: checked by clippy, and its tests run under Wine in a network of their own.

pub(crate) mod desktop;
pub(crate) mod limits;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use crate::run;

/// What Windows is built for here: the target that needs no tools of Microsoft's.
const TARGET: &str = "x86_64-pc-windows-gnu";
/// What Microsoft's tools build, which are not to be had here: it is checked alone.
const MSVC: &str = "x86_64-pc-windows-msvc";
/// The crates that are for Windows too, as `--package` takes them.
const CRATES: [&str; 6] =
    ["sockeye-core", "sockeye-os", "sockeye-engine", "sockeye-print", "sockeye", "sockeye-gui"];
/// The tests that run under Wine: the contract of the backend, the console, its arguments.
const TESTS: [&str; 2] = ["windows", "cli"];
/// Programs that it takes, and the Debian package of each.
const PROGRAMS: [(&str, &str); 8] = [
    ("x86_64-w64-mingw32-gcc", "gcc-mingw-w64-x86-64"),
    ("x86_64-w64-mingw32-windres", "binutils-mingw-w64-x86-64"),
    ("wine", "wine"),
    ("wineserver", "wine"),
    ("unshare", "util-linux"),
    ("ip", "iproute2"),
    ("Xvfb", "xvfb"),
    ("xdotool", "xdotool"),
];
/// Runs what follows it once the network that it is in can be used.
const NETWORK: [&str; 4] = ["sh", "-c", "ip link set lo up && exec \"$@\"", "sh"];
/// The desktop's program.
const DESKTOP: &str = "sockeye-gui.exe";
/// The library that Wine before 8.1 lacks.
const LIBRARY: &str = "bcryptprimitives.dll";
/// So long one program of tests may take, before it counts as hanging.
const SECONDS: &str = "300";

/// What is missing to build for Windows.
pub(crate) fn missing_target() -> Option<String> {
    missing(TARGET)
}

/// What is missing to check the build by Microsoft's tools.
pub(crate) fn missing_msvc() -> Option<String> {
    missing(MSVC)
}

fn missing(target: &str) -> Option<String> {
    let library = run::output(&["rustc", "--print=target-libdir", "--target", target]);
    let is_there = library.is_ok_and(|path| Path::new(path.trim()).is_dir());
    (!is_there).then(|| format!("rustup target add {target}"))
}

/// Adds the targets, where rustup is there to do so.
pub(crate) fn add_targets() {
    run::succeeds(&["rustup", "target", "add", TARGET, MSVC]);
}

/// The Debian packages of programs that are not installed.
pub(crate) fn missing_packages() -> Vec<&'static str> {
    let missing = PROGRAMS.iter().filter(|(program, _)| !run::is_installed(program));
    let mut packages: Vec<&str> = missing.map(|(_, package)| *package).collect();
    packages.dedup();
    packages
}

/// Why nothing can be run under Wine here.
pub(crate) fn obstacle() -> Option<String> {
    let packages = missing_packages();
    if !packages.is_empty() {
        return Some(format!("not installed (Debian): {}", packages.join(", ")));
    }
    let is_permitted = run::succeeds(&[&unshare()[..], &["true"]].concat());
    missing_target()
        .or_else(|| (!is_permitted).then(|| "no network of its own is permitted".to_owned()))
}

/// Runs clippy for Windows; it takes no linker.
///
/// # Errors
///
/// When clippy finds something.
pub(crate) fn clippy() -> anyhow::Result<()> {
    let packages = CRATES.iter().flat_map(|name| ["--package", name]);
    let mut clippy = run::command(&["cargo", "clippy", "--locked", "--all-targets"]);
    clippy.args(["--target", TARGET]).args(packages);
    run::finish(clippy.args(["--", "--deny=warnings"]))
}

/// Checks that nothing in it is for the GNU target alone; it takes no linker either.
///
/// # Errors
///
/// When it does not compile.
pub(crate) fn check_msvc() -> anyhow::Result<()> {
    let packages = CRATES.iter().flat_map(|name| ["--package", name]);
    let mut check = run::command(&["cargo", "check", "--locked", "--target", MSVC]);
    run::finish(check.args(packages))
}

/// The task: clippy, then the tests; says in the end what Wine cannot do.
///
/// # Errors
///
/// When something is missing, or a test failed.
pub(crate) fn run() -> anyhow::Result<()> {
    if let Some(obstacle) = obstacle() {
        bail!("this cannot be done here: {obstacle}");
    }
    clippy()?;
    let skipped = directory().join("skipped.txt");
    fs::create_dir_all(directory())?;
    fs::write(&skipped, "")?;
    test(&skipped)?;
    print!("{}", fs::read_to_string(&skipped)?);
    Ok(())
}

/// Builds the tests and runs each under Wine; they append to the file `skipped`, which is empty, what Wine
/// cannot do.
///
/// # Errors
///
/// When one does not build or fails, or skips something else than is listed.
pub(crate) fn test(skipped: &Path) -> anyhow::Result<()> {
    let Built { programs, desktop } = build()?;
    let prefix = prepare()?;
    let mut failed = Vec::new();
    for (program, home) in &programs {
        stop(&prefix);
        let result = run::finish(&mut under_wine(&prefix, program, home, skipped));
        failed.extend(result.err().map(|error| error.to_string()));
    }
    stop(&prefix);
    failed.extend(look_at(&prefix, &desktop, &programs).err().map(|error| error.to_string()));
    stop(&prefix);
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    limits::check(&fs::read_to_string(skipped)?)
}

/// Where all of it is kept.
fn directory() -> PathBuf {
    run::root().join("target/wine")
}

/// Has the desktop's window opened and looked at, in a network that holds nothing else.
fn look_at(prefix: &Path, desktop: &Path, programs: &[(PathBuf, PathBuf)]) -> anyhow::Result<()> {
    let own = |(_, home): &&(PathBuf, PathBuf)| home.ends_with("sockeye-gui");
    let (listener, _) = programs.iter().find(own).context("the desktop has no tests")?;
    let start = ["timeout", "--kill-after=10", SECONDS];
    let mut command = run::command(&[&unshare()[..], &NETWORK, &start].concat());
    command.arg(std::env::current_exe()?).arg("wine-desktop");
    run::finish(command.args([prefix, desktop, listener, &directory()]))
}

/// What was built.
struct Built {
    /// The tests: each program with the directory that it expects to be in.
    programs: Vec<(PathBuf, PathBuf)>,
    /// The desktop's program.
    desktop: PathBuf,
}

/// Builds tests and programs for Windows.
fn build() -> anyhow::Result<Built> {
    let mut cargo = run::command(&["cargo", "test", "--no-run", "--locked", "--target", TARGET]);
    cargo.args(["--package=sockeye-os", "--package=sockeye", "--package=sockeye-gui"]);
    cargo.args(TESTS.iter().flat_map(|test| ["--test", test]));
    cargo.arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit());
    // Nobody debugs what runs under Wine: its programs are smaller so.
    cargo.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_PROFILE_TEST_DEBUG", "0");
    let output = cargo.output().context("cargo did not start")?;
    ensure!(output.status.success(), "the tests do not build for Windows");
    let (mut programs, mut desktop) = (Vec::new(), None);
    for line in String::from_utf8(output.stdout)?.lines() {
        let message: Value = serde_json::from_str(line)?;
        let is_test = message.pointer("/profile/test") == Some(&Value::Bool(true));
        let text = |field: &str| message.get(field).and_then(Value::as_str).map(PathBuf::from);
        if let (true, Some(program), Some(manifest)) =
            (is_test, text("executable"), text("manifest_path"))
        {
            let home = manifest.parent().map(Path::to_owned).unwrap_or_default();
            programs.push((program, home));
        } else if let Some(program) = text("executable").filter(|it| it.ends_with(DESKTOP)) {
            desktop = Some(program);
        }
    }
    ensure!(!programs.is_empty(), "cargo built no tests");
    Ok(Built { programs, desktop: desktop.context("cargo built no desktop")? })
}

/// Makes a prefix for Wine that nobody else uses, and gives it what Rust needs of later ones.
fn prepare() -> anyhow::Result<PathBuf> {
    let prefix = directory().join("prefix");
    let system = prefix.join("drive_c/windows/system32");
    if !prefix.join("system.reg").is_file() {
        fs::create_dir_all(&prefix)?;
        run::finish(wine(&prefix, &["wineboot", "--init"]).stdout(Stdio::null()))?;
        run::finish(&mut wine(&prefix, &["wineserver", "--wait"]))?;
    }
    if !system.join(LIBRARY).exists() {
        let source = run::root().join("xtask/src/wine/bcryptprimitives.c");
        let mut compile =
            run::command(&["x86_64-w64-mingw32-gcc", "-shared", "-O1", "-Werror", "-o"]);
        run::finish(compile.arg(system.join(LIBRARY)).arg(source).arg("-ladvapi32"))?;
    }
    Ok(prefix)
}

/// One of Wine's programs, quiet and asking for nothing to be installed.
fn wine(prefix: &Path, words: &[&str]) -> Command {
    let mut command = run::command(words);
    command.env("WINEPREFIX", prefix).env("WINEDEBUG", "-all");
    command.env("WINEDLLOVERRIDES", "mscoree,mshtml=").env_remove("DISPLAY");
    command
}

/// Ends Wine's server, which makes the sockets and stays in the network that it was started in.
fn stop(prefix: &Path) {
    // There may be none.
    let _ = wine(prefix, &["wineserver", "--kill"]).stderr(Stdio::null()).status();
    let _ = wine(prefix, &["wineserver", "--wait"]).stderr(Stdio::null()).status();
}

/// The command that makes a network, as root or as whoever may be root in a user namespace.
fn unshare() -> Vec<&'static str> {
    let is_root = run::output(&["id", "-u"]).is_ok_and(|id| id.trim() == "0");
    if is_root { vec!["unshare", "--net"] } else { vec!["unshare", "--map-root-user", "--net"] }
}

/// A program of tests under Wine, in a network that holds nothing else.
fn under_wine(prefix: &Path, program: &Path, home: &Path, skipped: &Path) -> Command {
    let start = ["timeout", "--kill-after=10", SECONDS, "wine"];
    let mut command = wine(prefix, &[&unshare()[..], &NETWORK, &start].concat());
    command.arg(program).arg("--test-threads=1").current_dir(home);
    command.env("SOCKEYE_SKIPPED", dos_path(skipped));
    command
}

/// A file by the name that programs under Wine know it by: the root of the file system is drive Z.
fn dos_path(path: &Path) -> String {
    format!("Z:{}", path.display().to_string().replace('/', r"\"))
}
