//! Running other programs from the root of the repository.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Where cargo builds.
///
/// # Errors
///
/// When cargo does not tell.
pub(crate) fn target_directory() -> anyhow::Result<PathBuf> {
    let metadata = ["cargo", "metadata", "--no-deps", "--format-version=1", "--offline"];
    let metadata: serde_json::Value = serde_json::from_str(&output(&metadata)?)?;
    let target = metadata.get("target_directory").and_then(serde_json::Value::as_str);
    Ok(target.context("cargo tells no target directory")?.into())
}

/// A command that starts in the root: the first word is the program, the others its arguments.
pub(crate) fn command(words: &[&str]) -> Command {
    let (program, arguments) = words.split_first().unwrap_or((&"true", &[]));
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}

/// Runs a command to its end.
///
/// # Errors
///
/// When it does not start or does not succeed.
pub(crate) fn run(words: &[&str]) -> anyhow::Result<()> {
    finish(&mut command(words))
}

/// Like [`run`], for a command that was changed after it was made.
pub(crate) fn finish(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("{} did not start", shown(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", shown(command));
    }
    Ok(())
}

/// What a command printed.
///
/// # Errors
///
/// When it does not start, does not succeed or prints something else than UTF-8.
pub(crate) fn output(words: &[&str]) -> anyhow::Result<String> {
    let mut command = command(words);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("{} did not start", shown(&command)))?;
    if !output.status.success() {
        bail!("{} ended with {}", shown(&command), output.status);
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("{} printed no UTF-8", shown(&command)))
}

/// A command as it would be typed.
fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    format!("`{}`", words.join(" "))
}

/// Whether a command can be run and succeeds, silently.
pub(crate) fn succeeds(words: &[&str]) -> bool {
    let mut command = command(words);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Whether a program of this name is on the search path.
pub(crate) fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let name = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path).any(|directory| directory.join(&name).is_file())
}
