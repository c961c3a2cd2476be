//! The kernel's programs: compiles them to the object that is committed, and checks that it is current.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::run;

/// Which way `bpf` works.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Write nothing; fail when the committed object differs from what would be written.
    #[arg(long)]
    check: bool,
}

/// Where the programs are, and what they are called there.
const DIRECTORY: &str = "crates/sockeye-os/bpf";
const SOURCE: &str = "sockeye.bpf.c";
const OBJECT: &str = "sockeye.bpf.o";

/// The major version that the object is compiled with: another one would give other bytes.
const VERSION: u32 = 19;

/// Debian's packages of the two programs.
pub(crate) const PACKAGES: [&str; 2] = ["clang-19", "llvm-19"];

/// What makes the object: BTF comes with the debug information, of which only BTF stays.
const FLAGS: &[&str] = &["-O2", "-g", "-target", "bpf", "-mcpu=v3", "-Wall", "-Wextra", "-Werror"];

/// Writes the object, or checks it.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.check {
        return check();
    }
    let object = build(&directory())?;
    fs::write(directory().join(OBJECT), &object)?;
    println!("wrote {DIRECTORY}/{OBJECT}, {} bytes", object.len());
    Ok(())
}

/// Fails when the committed object is not what its sources compile to.
pub(crate) fn check() -> anyhow::Result<()> {
    let committed = fs::read(directory().join(OBJECT))?;
    if committed != build(&directory())? {
        bail!("{DIRECTORY}/{OBJECT} is not what its sources compile to: run `cargo xtask bpf`");
    }
    Ok(())
}

/// Whether the programs that compile and strip are here, in the version that is wanted.
pub(crate) fn is_possible() -> bool {
    find("clang").and(find("llvm-strip")).is_ok()
}

fn directory() -> PathBuf {
    run::root().join(DIRECTORY)
}

/// Compiles the source in `directory` and gives the object, in which no path of this machine is.
fn build(directory: &Path) -> anyhow::Result<Vec<u8>> {
    let (clang, strip) = (find("clang")?, find("llvm-strip")?);
    let object = std::env::temp_dir().join(format!("sockeye-{}.bpf.o", std::process::id()));
    let mut compile = Command::new(clang);
    compile.args(FLAGS).arg(format!("-ffile-prefix-map={}=.", directory.display()));
    compile.args(["-c", SOURCE, "-o"]).arg(&object).current_dir(directory);
    let built = run::finish(&mut compile)
        .and_then(|()| run::finish(Command::new(strip).arg("--strip-debug").arg(&object)))
        .and_then(|()| Ok(fs::read(&object)?));
    // Where the compiler failed there is nothing to remove.
    let _ = fs::remove_file(&object);
    built
}

/// The name under which `program` is installed in the version that is wanted.
fn find(program: &str) -> anyhow::Result<String> {
    let names = [format!("{program}-{VERSION}"), program.to_owned()];
    let found = names.into_iter().find(|name| {
        run::is_installed(name) && run::output(&[name, "--version"]).is_ok_and(|t| is_wanted(&t))
    });
    found.with_context(|| {
        format!("{program} {VERSION} is not installed (Debian: {})", PACKAGES.join(", "))
    })
}

/// Whether the text of `--version` tells the version that is wanted.
fn is_wanted(version: &str) -> bool {
    let number = version.split_once("version ").and_then(|(_, rest)| rest.split_once('.'));
    number.is_some_and(|(major, _)| major.parse() == Ok(VERSION))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_version_will_do() {
        let check = |text, expected| assert_eq!(is_wanted(text), expected, "{text}");
        check("Debian clang version 19.1.7 (3+b1)\nTarget: x86_64-pc-linux-gnu", true);
        check("llvm-strip, compatible with GNU strip\nDebian LLVM version 19.1.7", true);
        check("Debian LLVM version 14.0.6", false);
        check("Apple clang version 190.0.0", false);
        check("clang", false);
    }

    #[test]
    fn the_object_is_the_same_wherever_it_is_built_and_another_for_another_source() {
        if !is_possible() {
            println!("SKIPPED the object is the same wherever: clang {VERSION} is not installed");
            return;
        }
        let elsewhere = std::env::temp_dir().join(format!("sockeye-bpf-{}", std::process::id()));
        fs::create_dir_all(&elsewhere).unwrap();
        for file in fs::read_dir(directory()).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), elsewhere.join(file.file_name())).unwrap();
        }
        let here = build(&directory()).unwrap();
        assert!(here == build(&elsewhere).unwrap(), "paths are in the object");
        let header = elsewhere.join("list.h");
        let text = fs::read_to_string(&header).unwrap();
        fs::write(&header, text.replacen("local_port == 0", "local_port == 1", 1)).unwrap();
        assert!(here != build(&elsewhere).unwrap(), "a change of a header is not seen");
        fs::remove_dir_all(&elsewhere).unwrap();
    }
}
