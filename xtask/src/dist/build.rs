//! The programs that are shipped: built for release, each for its target, or taken from a directory.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::{Kind, tree};
use crate::run;

/// A program that was built.
#[derive(Clone)]
pub(super) struct Built {
    /// What its file is called in packages.
    pub(super) name: &'static str,
    /// The package of cargo's that it is the binary of.
    pub(super) package: &'static str,
    pub(super) target: &'static str,
    pub(super) bytes: Vec<u8>,
}

/// Every program that was built.
pub(super) type Programs = Vec<Built>;

/// A program that may be shipped.
struct Recipe {
    name: &'static str,
    package: &'static str,
    target: &'static str,
    /// What kinds of packages it is for.
    kinds: &'static [Kind],
    /// Whether packages are made without it where it cannot be built.
    is_optional: bool,
}

/// For which machines the programs of packages are: the libraries of Debian, no library, Windows.
pub(super) const GLIBC: &str = "x86_64-unknown-linux-gnu";
pub(super) const MUSL: &str = "x86_64-unknown-linux-musl";
pub(super) const WINDOWS: &str = "x86_64-pc-windows-gnu";

/// The console program that needs no library.
pub(super) const STATIC: &str = "sockeye-static";

/// Every program that is shipped.
const RECIPES: &[Recipe] = &[
    recipe("sockeye", "sockeye", GLIBC, &[Kind::Linux, Kind::Deb]),
    recipe("sockeye-gui", "sockeye-gui", GLIBC, &[Kind::Linux, Kind::Deb]),
    Recipe { is_optional: true, ..recipe(STATIC, "sockeye", MUSL, &[Kind::Linux]) },
    recipe("sockeye.exe", "sockeye", WINDOWS, &[Kind::Windows]),
    recipe("sockeye-gui.exe", "sockeye-gui", WINDOWS, &[Kind::Windows]),
];

const fn recipe(
    name: &'static str,
    package: &'static str,
    target: &'static str,
    kinds: &'static [Kind],
) -> Recipe {
    Recipe { name, package, target, kinds, is_optional: false }
}

/// What builds a target besides Rust: the compiler of C, and the package of Debian that has it.
const COMPILERS: &[(&str, &str, &str)] = &[
    (GLIBC, "cc", "gcc"),
    (MUSL, "musl-gcc", "musl-tools"),
    (WINDOWS, "x86_64-w64-mingw32-gcc", "gcc-mingw-w64-x86-64"),
];

/// Builds what these kinds of packages take.
///
/// # Errors
///
/// When a target is missing, with the command that adds it, or something does not build.
pub(super) fn build(kinds: &[Kind], console_only: bool) -> anyhow::Result<Programs> {
    let is_wanted = |recipe: &&Recipe| {
        let is_for = recipe.kinds.iter().any(|kind| kinds.contains(kind));
        is_for && !(console_only && recipe.package == "sockeye-gui")
    };
    let mut programs = Vec::new();
    for recipe in RECIPES.iter().filter(is_wanted) {
        match obstacle(recipe.target) {
            Some(obstacle) if recipe.is_optional => {
                println!("left out: {}, because {obstacle}", recipe.name);
            }
            Some(obstacle) => bail!("{} cannot be built: {obstacle}", recipe.name),
            None => programs.push(build_one(recipe)?),
        }
    }
    Ok(programs)
}

/// Why nothing can be built for a target.
fn obstacle(target: &str) -> Option<String> {
    let library = run::output(&["rustc", "--print=target-libdir", "--target", target]);
    if !library.is_ok_and(|path| Path::new(path.trim()).is_dir()) {
        return Some(format!("the target is not installed: rustup target add {target}"));
    }
    let (_, compiler, package) = COMPILERS.iter().find(|(of, ..)| *of == target)?;
    (!run::is_installed(compiler))
        .then(|| format!("{compiler} is not installed (Debian: {package})"))
}

/// Builds a program as it is released, without a trace of where that was.
fn build_one(recipe: &Recipe) -> anyhow::Result<Built> {
    let Recipe { package, target, .. } = recipe;
    let mut cargo = run::command(&["cargo", "build", "--release", "--locked"]);
    cargo.args([format!("--package={package}"), format!("--target={target}")]);
    let flags = [(run::root(), "."), (cargo_home()?, "cargo")]
        .map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()));
    // What the environment says besides would make another program on another machine.
    run::finish(cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f")).env_remove("RUSTFLAGS"))?;
    let end = if *target == WINDOWS { ".exe" } else { "" };
    let file = format!("{target}/release/{package}{end}");
    built(recipe, &run::target_directory()?.join(file))
}

/// Where cargo keeps the sources of crates.
fn cargo_home() -> anyhow::Result<PathBuf> {
    if let Some(home) = std::env::var_os("CARGO_HOME") {
        return Ok(home.into());
    }
    let home = std::env::home_dir().context("there is no home directory")?;
    Ok(home.join(".cargo"))
}

/// Takes programs that were built before.
///
/// # Errors
///
/// When one cannot be read that is there.
pub(super) fn take(directory: &Path, console_only: bool) -> anyhow::Result<Programs> {
    let directory = run::root().join(directory);
    let recipes =
        RECIPES.iter().filter(|recipe| !(console_only && recipe.package == "sockeye-gui"));
    let there = recipes.filter(|recipe| directory.join(recipe.name).exists());
    there.map(|recipe| built(recipe, &directory.join(recipe.name))).collect()
}

fn built(recipe: &Recipe, path: &Path) -> anyhow::Result<Built> {
    let &Recipe { name, package, target, .. } = recipe;
    Ok(Built { name, package, target, bytes: tree::read(path)? })
}
