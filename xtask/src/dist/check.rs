//! The check that packages can be made, of programs that were built for tests: twice the same, and as
//! the tools of those who get them want them.

use std::fs;
use std::path::Path;

use anyhow::{bail, ensure};

use super::{Kind, Made, build, make, time};
use crate::run;

/// Programs that read packages, and the package of Debian that has each.
const READERS: &[(&str, &str)] =
    &[("dpkg-deb", "dpkg"), ("lintian", "lintian"), ("tar", "tar"), ("unzip", "unzip")];

/// What `ci` may find among the files of each kind of package, to know that it is whole.
const EXPECTED: &[(&str, &[&str])] = &[
    (
        "linux.tar.gz",
        &[
            "/README.txt",
            "/SHA256SUMS",
            "/bin/sockeye",
            "/lib/systemd/system/sockeye-watch.service",
            "/share/man/man1/sockeye.1",
            "/sockeye.cdx.json",
            "/third-party-licences.txt",
        ],
    ),
    ("amd64.deb", &["usr/bin/sockeye", "usr/share/man/man1/sockeye", "/copyright", ".cdx.json.gz"]),
    (
        "windows.zip",
        &[
            "/sockeye.exe",
            "/tcpvcon.exe",
            "/README.txt",
            "/sockeye.cdx.json",
            "/completions/sockeye.ps1",
        ],
    ),
];

/// The packages of Debian that have the programs that are missing here.
pub(crate) fn missing_packages() -> Vec<&'static str> {
    let missing = READERS.iter().filter(|(reader, _)| !run::is_installed(reader));
    missing.map(|(_, package)| *package).collect()
}

/// Makes the packages of what is below cargo's target directory, and tells what could not be checked.
///
/// # Errors
///
/// When a package cannot be made, differs the second time, or is not as it should be.
pub(crate) fn check() -> anyhow::Result<Vec<String>> {
    let target = run::target_directory()?;
    let directory = target.join("dist-check");
    let mut skipped = gather(&target, &directory.join("programs"))?;
    let programs = build::take(&directory.join("programs"), false)?;
    let has_windows = programs.iter().any(|built| built.name == "sockeye.exe");
    let mut kinds = vec![Kind::Linux, Kind::Deb];
    if has_windows {
        kinds.push(Kind::Windows);
    } else {
        skipped.push("the zip: sockeye.exe was not built".to_owned());
    }
    let made = make(&kinds, &programs, time()?)?;
    let again = make(&kinds, &programs, time()?)?;
    for (one, other) in made.iter().zip(&again) {
        ensure!(one.bytes == other.bytes, "{} is another one the second time", one.name);
    }
    for Made { name, bytes, .. } in &made {
        let path = directory.join(name);
        fs::write(&path, bytes)?;
        skipped.extend(read(&path, name)?);
    }
    Ok(skipped)
}

/// Copies the programs that tests built, without what is for debuggers, and names those that are missing.
fn gather(target: &Path, to: &Path) -> anyhow::Result<Vec<String>> {
    fs::create_dir_all(to)?;
    let mut skipped = Vec::new();
    let windows = format!("{}/debug", build::WINDOWS);
    let places = [("debug", ""), (&*windows, ".exe")];
    for (directory, end) in places {
        for name in ["sockeye", "sockeye-gui"] {
            let name = format!("{name}{end}");
            let (from, to) = (target.join(directory).join(&name), to.join(&name));
            if !from.exists() {
                skipped.push(format!("{directory}/{name}: not built"));
                continue;
            }
            fs::copy(&from, &to)?;
            // It takes longer to compress otherwise, and is as good.
            run::succeeds(&["strip", "--strip-all", &to.to_string_lossy()]);
        }
    }
    Ok(skipped)
}

/// Reads a package with the tools of those who get it.
fn read(path: &Path, name: &str) -> anyhow::Result<Vec<String>> {
    let file = &*path.to_string_lossy();
    let (readers, list): (&[&str], &[&str]) = match name.rsplit('.').next() {
        Some("deb") => (&["dpkg-deb", "lintian"], &["dpkg-deb", "--contents", file]),
        Some("zip") => (&["unzip"], &["unzip", "-l", file]),
        _ => (&["tar"], &["tar", "-tzf", file]),
    };
    let is_missing = |reader: &&&str| !run::is_installed(reader);
    let missing: Vec<String> =
        readers.iter().filter(is_missing).map(|reader| remedy(reader)).collect();
    if !run::is_installed(list.first().copied().unwrap_or_default()) {
        return Ok(missing);
    }
    let list = run::output(list)?;
    let expected = EXPECTED.iter().find(|(end, _)| name.ends_with(end));
    for wanted in expected.into_iter().flat_map(|(_, wanted)| *wanted) {
        ensure!(list.contains(wanted), "{name} has no {wanted}");
    }
    match name.rsplit('.').next() {
        Some("deb") => judge_deb(file)?,
        Some("zip") => run::run(&["unzip", "-tqq", file])?,
        _ => {}
    }
    Ok(missing)
}

/// What Debian's own tools say of a package.
fn judge_deb(file: &str) -> anyhow::Result<()> {
    let fields = run::output(&["dpkg-deb", "--field", file])?;
    for field in ["Package: sockeye", "Depends: libc6 (>= ", "Maintainer: ", "Description: "] {
        ensure!(fields.contains(field), "{file} has no `{field}`:\n{fields}");
    }
    if !run::is_installed("lintian") {
        return Ok(());
    }
    let words = ["lintian", "--fail-on=error,warning", file];
    let output = run::command(&words).output()?;
    if !output.status.success() {
        bail!("lintian objects to {file}:\n{}", String::from_utf8_lossy(&output.stdout));
    }
    Ok(())
}

fn remedy(reader: &str) -> String {
    let package = READERS.iter().find(|(known, _)| *known == reader).map(|(_, package)| *package);
    format!("{reader}: not installed (Debian: {})", package.unwrap_or(reader))
}
