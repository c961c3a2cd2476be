//! Debian's packages: what is in them, and what they say of themselves.

use std::fmt::Write as _;
use std::fs;

use anyhow::Context as _;
use jiff::Timestamp;
use md5::{Digest as _, Md5};

use super::tree::{File, Tree, hexadecimal};
use super::{archive, needs};
use crate::run;

/// One of the packages.
pub(super) struct Package {
    pub(super) name: &'static str,
    section: &'static str,
    /// One line, then the lines of the long description.
    description: &'static str,
    /// What it is better with.
    recommends: &'static [&'static str],
    /// Scripts that dpkg runs, of `packaging/debian`.
    scripts: &'static [&'static str],
}

/// For servers: the console program.
pub(super) const CONSOLE: Package = Package {
    name: "sockeye",
    section: "net",
    description: "list and watch TCP and UDP endpoints with their processes
 Sockeye lists every TCP and UDP endpoint of the machine, in every network
 namespace it may look into, with every process that holds it. It watches
 them as they open and close, by eBPF where that is permitted, closes
 connections and ends processes, and says what it cannot see and why.
 .
 The unit sockeye-watch.service, which is not enabled by itself, logs what
 happens to the journal.",
    recommends: &[],
    scripts: &["postinst", "prerm", "postrm"],
};

/// For desktops: the window.
pub(super) const DESKTOP: Package = Package {
    name: "sockeye-gui",
    section: "net",
    description: "show TCP and UDP endpoints with their processes, live
 Sockeye's window shows every TCP and UDP endpoint of the machine with the
 program behind it, and keeps the list up to date: what opened, changed and
 closed has a colour of its own.",
    // Opened while it runs, by X11 or Wayland as it may be.
    recommends: &[
        "libegl1",
        "libgl1",
        "libwayland-client0",
        "libwayland-cursor0",
        "libwayland-egl1",
        "libx11-6",
        "libx11-xcb1",
        "libxcursor1",
        "libxi6",
        "libxkbcommon-x11-0",
        "libxkbcommon0",
    ],
    scripts: &[],
};

/// Who answers for the packages.
const MAINTAINER: &str = "The Sockeye developers <sockeye-net@users.noreply.github.com>";
/// What Debian calls the only architecture that is packaged.
pub(super) const ARCHITECTURE: &str = "amd64";

/// The name of a package's file.
pub(super) fn file_name(package: &Package) -> String {
    format!("{}_{}_{ARCHITECTURE}.deb", package.name, version())
}

/// Sockeye's version, and the first packaging of it.
fn version() -> String {
    format!("{}-1", env!("CARGO_PKG_VERSION"))
}

/// Where a file that is installed at `path` below a prefix lies in a package; `None` for what
/// Debian has in another form.
pub(super) fn place(path: &str) -> Option<String> {
    if path.starts_with("share/doc/") {
        return None;
    }
    let path = path.replace("share/zsh/site-functions/", "share/zsh/vendor-completions/");
    Some(format!("usr/{path}"))
}

/// The directory with what there is to read about a package.
pub(super) fn documents(package: &Package) -> String {
    format!("usr/share/doc/{}", package.name)
}

/// Makes a package of its files, which lie where [`place`] says.
///
/// # Errors
///
/// When a program needs what no package of Debian is known for, or a file of ours is missing.
pub(super) fn make(package: &Package, mut data: Tree, time: Timestamp) -> anyhow::Result<Vec<u8>> {
    let depends = depends(&data)?;
    let root = run::root();
    let documents = documents(package);
    let copyright = root.join("packaging/debian/copyright");
    data.put_all(&copyright, &format!("{documents}/copyright"))?;
    data.put_all(&root.join("CHANGELOG.md"), &format!("{documents}/changelog"))?;
    data.put(format!("{documents}/changelog.Debian"), changelog(package, time));
    let overrides = fs::read_to_string(root.join("packaging/debian/lintian-overrides"))?;
    let overrides = overrides.replace("PACKAGE", package.name);
    data.put(format!("usr/share/lintian/overrides/{}", package.name), overrides);
    let data = data.try_map(compressed)?;
    let mut control = Tree::default();
    control.put("control", fields(package, &depends, installed_kib(&data)));
    control.put("md5sums", md5_sums(&data));
    for script in package.scripts {
        let path = root.join(format!("packaging/debian/{}.{script}", package.name));
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        control.put_program(*script, text);
    }
    archive::deb(&control, &data, time)
}

/// What the programs of a package depend on.
fn depends(data: &Tree) -> anyhow::Result<Vec<String>> {
    let mut depends = Vec::new();
    for (path, file) in data.iter().filter(|(_, file)| file.is_program) {
        let needs = needs::read(&file.bytes).with_context(|| path.to_owned())?;
        depends.extend(needs.packages().with_context(|| path.to_owned())?);
    }
    depends.sort();
    depends.dedup();
    Ok(depends)
}

/// Compresses what Debian wants compressed, manuals and changelogs, and what is long and seldom read.
/// Guides stay as they are: they link to each other.
fn compressed(path: String, file: File) -> anyhow::Result<(String, File)> {
    const ENDS: &[&str] =
        &[".cdx.json", "/changelog", "/changelog.Debian", ".html", "-licences.txt"];
    let is_document =
        path.starts_with("usr/share/doc/") && ENDS.iter().any(|end| path.ends_with(end));
    if !is_document && !path.starts_with("usr/share/man/") {
        return Ok((path, file));
    }
    let bytes = archive::gzip(&file.bytes)?;
    Ok((format!("{path}.gz"), File { bytes, is_program: false }))
}

/// The space that it takes, as Debian counts: whole KiB for each file and directory.
fn installed_kib(data: &Tree) -> usize {
    let files: usize = data.iter().map(|(_, file)| file.bytes.len().div_ceil(1024)).sum();
    files + data.directories().len()
}

/// The file `control` (deb-control(5)).
fn fields(package: &Package, depends: &[String], installed_kib: usize) -> String {
    let mut text = format!(
        "Package: {}\nVersion: {}\nArchitecture: {ARCHITECTURE}\nMaintainer: {MAINTAINER}\n\
         Installed-Size: {installed_kib}\n",
        package.name,
        version()
    );
    let recommends: Vec<String> = package.recommends.iter().map(|&name| name.into()).collect();
    for (field, packages) in [("Depends", depends), ("Recommends", &recommends)] {
        if !packages.is_empty() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{field}: {}", packages.join(", "));
        }
    }
    text + &format!(
        "Section: {}\nPriority: optional\nHomepage: {}\nDescription: {}\n",
        package.section,
        super::HOMEPAGE,
        package.description
    )
}

/// The sums of all files, as dpkg checks them.
fn md5_sums(data: &Tree) -> String {
    let lines = data
        .iter()
        .map(|(path, file)| format!("{}  {path}\n", hexadecimal(&Md5::digest(&file.bytes))));
    lines.collect()
}

/// Debian's own changelog (deb-changelog(5)): one entry, that of the packaging.
fn changelog(package: &Package, time: Timestamp) -> String {
    let time = time.strftime("%a, %d %b %Y %H:%M:%S +0000");
    format!(
        "{} ({}) unstable; urgency=medium\n\n  * Packaged by `cargo xtask dist`; changelog.gz has what \
         changed.\n\n -- {MAINTAINER}  {time}\n",
        package.name,
        version()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_go_where_debian_has_them() {
        let check = |path, expected: Option<&str>| {
            assert_eq!(place(path).as_deref(), expected, "{path}");
        };
        check("bin/sockeye", Some("usr/bin/sockeye"));
        check("share/zsh/site-functions/_x", Some("usr/share/zsh/vendor-completions/_x"));
        check("lib/systemd/system/x.service", Some("usr/lib/systemd/system/x.service"));
        check("share/doc/sockeye/LICENSE-MIT", None);
    }

    #[test]
    fn manuals_changelogs_and_bills_are_compressed() {
        let check = |path: &str, expected: &str| {
            let file = File { bytes: b"x".to_vec(), is_program: false };
            assert_eq!(compressed(path.to_owned(), file).unwrap().0, expected);
        };
        check("usr/share/man/man1/a.1", "usr/share/man/man1/a.1.gz");
        check("usr/share/doc/a/changelog.Debian", "usr/share/doc/a/changelog.Debian.gz");
        check("usr/share/doc/a/a.cdx.json", "usr/share/doc/a/a.cdx.json.gz");
        check("usr/share/doc/a/copyright", "usr/share/doc/a/copyright");
        check("usr/share/doc/a/docs/book/a.md", "usr/share/doc/a/docs/book/a.md");
        check("usr/bin/a", "usr/bin/a");
    }

    #[test]
    fn a_package_says_what_it_is() {
        let text = fields(&CONSOLE, &["libc6 (>= 2.34)".to_owned()], 7);
        for line in [
            "Package: sockeye",
            "Architecture: amd64",
            "Depends: libc6 (>= 2.34)",
            "Installed-Size: 7",
            "Description: list and watch TCP and UDP endpoints with their processes",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
        assert!(!text.contains("Recommends") && text.ends_with('\n') && !text.contains("\n\n"));
        let log = changelog(&DESKTOP, Timestamp::UNIX_EPOCH);
        assert!(log.ends_with("  Thu, 01 Jan 1970 00:00:00 +0000\n"), "{log}");
    }
}
