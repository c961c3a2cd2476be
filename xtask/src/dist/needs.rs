//! What an executable needs of the system it runs on, read from the executable itself.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context as _, bail};
use object::LittleEndian;
use object::elf::{DT_NEEDED, FileHeader64};
use object::read::elf::FileHeader as _;
use object::read::pe::PeFile64;

/// What an executable needs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// Linux: its libraries, each with the newest version of it that is needed, where it has versions.
    /// None at all: it is linked statically.
    Linux(BTreeMap<String, Option<Version>>),
    /// Windows: the libraries that it is linked with.
    Windows(Vec<String>),
}

/// A version of a library's interface.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(Vec<u32>);

/// The packages of Debian that have a library, and how the library calls its versions.
const PACKAGES: &[(&str, &str, &str)] = &[
    ("ld-linux-x86-64.so.2", "libc6", "GLIBC_"),
    ("libc.so.6", "libc6", "GLIBC_"),
    ("libdl.so.2", "libc6", "GLIBC_"),
    ("libgcc_s.so.1", "libgcc-s1", "GCC_"),
    ("libm.so.6", "libc6", "GLIBC_"),
    ("libpthread.so.0", "libc6", "GLIBC_"),
    ("librt.so.1", "libc6", "GLIBC_"),
];

/// Reads an executable.
///
/// # Errors
///
/// When it is none for Linux or Windows on x86-64.
pub(super) fn read(bytes: &[u8]) -> anyhow::Result<Needs> {
    if bytes.starts_with(b"\x7fELF") {
        return read_elf(bytes).context("this is no executable for Linux");
    }
    read_pe(bytes).context("this is an executable neither for Linux nor for Windows")
}

fn read_elf(bytes: &[u8]) -> anyhow::Result<Needs> {
    let header = FileHeader64::<LittleEndian>::parse(bytes)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, bytes)?;
    let mut libraries = BTreeMap::new();
    let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
    let table = sections.dynamic_table(endian, bytes)?;
    for entry in table.iter().filter(|entry| entry.tag == DT_NEEDED) {
        libraries.insert(text(table.string(entry)?), None);
    }
    let Some((mut needs, link)) = sections.gnu_verneed(endian, bytes)? else {
        return Ok(Needs::Linux(libraries));
    };
    let strings = sections.strings(endian, bytes, link)?;
    while let Some((need, mut versions)) = needs.next()? {
        let newest = libraries.entry(text(need.file(endian, strings)?)).or_default();
        while let Some(version) = versions.next()? {
            let version = Version::read(&text(version.name(endian, strings)?));
            *newest = version.max(newest.take());
        }
    }
    Ok(Needs::Linux(libraries))
}

fn read_pe(bytes: &[u8]) -> anyhow::Result<Needs> {
    let Some(imports) = PeFile64::parse(bytes)?.import_table()? else {
        return Ok(Needs::Windows(Vec::new()));
    };
    let mut libraries = Vec::new();
    let mut descriptors = imports.descriptors()?;
    while let Some(descriptor) = descriptors.next()? {
        let name = imports.name(descriptor.name.get(LittleEndian))?;
        libraries.push(String::from_utf8_lossy(name).to_lowercase());
    }
    libraries.sort();
    libraries.dedup();
    Ok(Needs::Windows(libraries))
}

impl Version {
    /// Reads `GLIBC_2.34`; `None` for what is no number, as `GLIBC_PRIVATE` and `GLIBC_ABI_DT_RELR`.
    fn read(name: &str) -> Option<Self> {
        let (_, numbers) = name.rsplit_once('_')?;
        let numbers: Result<Vec<u32>, _> = numbers.split('.').map(str::parse).collect();
        numbers.ok().map(Self)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.0.iter().map(u32::to_string).collect();
        f.write_str(&numbers.join("."))
    }
}

impl Needs {
    /// The packages of Debian that it depends on, as its field `Depends` has them.
    ///
    /// # Errors
    ///
    /// When a library is of a package that is not known here, or it is for Windows.
    pub(super) fn packages(&self) -> anyhow::Result<Vec<String>> {
        let Self::Linux(libraries) = self else { bail!("Debian runs no programs for Windows") };
        let mut packages: BTreeMap<&str, Option<&Version>> = BTreeMap::new();
        for (library, version) in libraries {
            let package = PACKAGES.iter().find(|(known, ..)| known == library);
            let (_, package, _) = package.with_context(|| {
                format!("no package of Debian is known here that has {library}")
            })?;
            let newest = packages.entry(package).or_default();
            *newest = (*newest).max(version.as_ref());
        }
        Ok(packages.into_iter().map(|(package, version)| relation(package, version)).collect())
    }
}

/// A package with the version that it takes. Debian has no zeros in the end: GCC_4.2.0 is in 4.2.
fn relation(package: &str, version: Option<&Version>) -> String {
    let Some(Version(numbers)) = version else { return package.to_owned() };
    let zeros = if numbers.len() > 2 && numbers.ends_with(&[0]) { 1 } else { 0 };
    let kept = numbers.iter().take(numbers.len() - zeros).copied().collect();
    format!("{package} (>= {})", Version(kept))
}

/// What a user has to have.
impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Linux(libraries) if libraries.is_empty() => f.write_str("no library (static)"),
            Self::Linux(libraries) => {
                let version = libraries.get("libc.so.6").and_then(Option::as_ref);
                match version {
                    Some(version) => write!(f, "glibc {version} or later")?,
                    None => f.write_str("glibc")?,
                }
                let others = libraries.keys().filter(|name| !is_of_glibc(name));
                others.into_iter().try_for_each(|name| write!(f, ", {name}"))
            }
            Self::Windows(libraries) => write!(f, "Windows, {}", libraries.join(" ")),
        }
    }
}

fn is_of_glibc(library: &str) -> bool {
    PACKAGES.iter().any(|(known, _, prefix)| *known == library && *prefix == "GLIBC_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run;

    #[test]
    fn versions_are_compared_as_numbers() {
        let check = |name: &str, expected: Option<&str>| {
            assert_eq!(Version::read(name).map(|v| v.to_string()).as_deref(), expected, "{name}");
        };
        check("GLIBC_2.2.5", Some("2.2.5"));
        check("GLIBC_2.34", Some("2.34"));
        check("GLIBC_PRIVATE", None);
        check("GLIBC_ABI_DT_RELR", None);
        assert!(Version::read("GLIBC_2.34") > Version::read("GLIBC_2.4"));
        assert!(Version::read("GLIBC_2.2.5") > Version::read("GLIBC_2.2"));
    }

    #[test]
    fn libraries_become_packages() {
        let check = |libraries: &[(&str, &str)], expected: &[&str]| {
            let libraries = libraries.iter();
            let libraries = libraries.map(|(name, v)| ((*name).to_owned(), Version::read(v)));
            let packages = Needs::Linux(libraries.collect()).packages();
            assert_eq!(packages.unwrap_or_else(|error| vec![error.to_string()]), expected);
        };
        check(&[], &[]);
        check(
            &[
                ("libc.so.6", "GLIBC_2.34"),
                ("libm.so.6", "GLIBC_2.29"),
                ("libgcc_s.so.1", "GCC_4.2.0"),
            ],
            &["libc6 (>= 2.34)", "libgcc-s1 (>= 4.2)"],
        );
        check(&[("libc.so.6", "")], &["libc6"]);
        check(&[("libx.so.1", "")], &["no package of Debian is known here that has libx.so.1"]);
    }

    #[test]
    fn what_is_no_executable_is_an_error() {
        for bytes in [&b""[..], b"MZ", b"\x7fELF", b"#!/bin/sh\n", &[0x7f; 4096]] {
            assert!(read(bytes).is_err(), "{bytes:?}");
        }
    }

    /// Debian's own tool as the oracle, asked about this very program.
    #[cfg(target_os = "linux")]
    #[test]
    fn debian_computes_the_same_dependencies() {
        let name = "debian_computes_the_same_dependencies";
        if !run::is_installed("dpkg-shlibdeps") {
            println!("SKIPPED {name}: dpkg-shlibdeps is not installed (Debian: dpkg-dev)");
            return;
        }
        let directory = std::env::temp_dir().join(format!("sockeye-needs-{}", std::process::id()));
        std::fs::create_dir_all(directory.join("debian")).unwrap();
        std::fs::write(
            directory.join("debian/control"),
            "Source: x\n\nPackage: x\nArchitecture: any\n",
        )
        .unwrap();
        let program = std::env::current_exe().unwrap();
        let mut tool = run::command(&["dpkg-shlibdeps", "-O"]);
        let output = tool.arg(&program).current_dir(&directory).output().unwrap();
        let output = String::from_utf8(output.stdout).unwrap();
        let depends = output.lines().find_map(|line| line.strip_prefix("shlibs:Depends="));
        let ours = read(&std::fs::read(program).unwrap()).unwrap().packages().unwrap();
        assert_eq!(depends, Some(&*ours.join(", ")), "{output}");
        std::fs::remove_dir_all(directory).unwrap();
    }
}
