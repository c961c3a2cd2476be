//! Installing: the programs and all that belongs to them, below a prefix, and taking them away again.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::{icons, run};

/// What is installed where.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Where it will be used from: programs go to its bin, the rest to its share.
    #[arg(long, value_name = "DIR", default_value = "/usr/local")]
    prefix: PathBuf,
    /// Copy below this directory instead of /, for whoever makes a package.
    #[arg(long, value_name = "DIR")]
    destdir: Option<PathBuf>,
    /// Take the programs from this directory instead of building them.
    #[arg(long, value_name = "DIR")]
    programs: Option<PathBuf>,
    /// Leave out the desktop application, and what belongs to it.
    #[arg(long)]
    console_only: bool,
    /// Remove what was installed there, and nothing else.
    #[arg(long, conflicts_with_all = ["programs", "console_only"])]
    uninstall: bool,
}

/// What the desktop application is called where names are unique: the names of its desktop entry, its
/// icon and its windows.
const ID: &str = "io.github.sockeye_net.Sockeye";
/// The list of what was installed, one path below the prefix a line.
const LIST: &str = "share/sockeye/installed-files";

/// Programs that judge what describes the application: name, Debian's package, arguments.
pub(crate) const VALIDATORS: &[(&str, &str, &[&str])] = &[
    (
        "desktop-file-validate",
        "desktop-file-utils",
        &["crates/sockeye-gui/assets/io.github.sockeye_net.Sockeye.desktop"],
    ),
    (
        "appstreamcli",
        "appstream",
        &[
            "validate",
            "--no-net",
            "crates/sockeye-gui/assets/io.github.sockeye_net.Sockeye.metainfo.xml",
        ],
    ),
];

/// Files of the repository, and where they go below the prefix.
const FILES: &[(&str, &str)] = &[
    ("docs/man/sockeye.1", "share/man/man1/sockeye.1"),
    ("completions/sockeye.bash", "share/bash-completion/completions/sockeye"),
    ("completions/sockeye.zsh", "share/zsh/site-functions/_sockeye"),
    ("completions/sockeye.fish", "share/fish/vendor_completions.d/sockeye.fish"),
    ("packaging/systemd/sockeye-watch.service", "lib/systemd/system/sockeye-watch.service"),
    ("LICENSE-MIT", "share/doc/sockeye/LICENSE-MIT"),
    ("LICENSE-APACHE", "share/doc/sockeye/LICENSE-APACHE"),
    ("README.md", "share/doc/sockeye/README.md"),
    ("CHANGELOG.md", "share/doc/sockeye/CHANGELOG.md"),
];

/// A file to install.
pub(crate) struct Item {
    pub(crate) from: PathBuf,
    /// Where to, below the prefix, with `/`.
    pub(crate) to: String,
    pub(crate) is_program: bool,
}

/// Installs, or removes what was installed.
///
/// # Errors
///
/// When a program cannot be built, or a file not be written or removed.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let place = place(arguments)?;
    if arguments.uninstall {
        return uninstall(&place);
    }
    let programs = match &arguments.programs {
        Some(directory) => directory.clone(),
        None => build(arguments.console_only)?,
    };
    let items = items(&programs, arguments.console_only);
    install(&items, &place)?;
    println!("installed {} files below {}", items.len(), place.display());
    Ok(())
}

/// The prefix, below the directory that stands for `/`.
fn place(arguments: &Arguments) -> anyhow::Result<PathBuf> {
    let prefix = std::path::absolute(&arguments.prefix)?;
    let Some(destdir) = &arguments.destdir else { return Ok(prefix) };
    let below: PathBuf = prefix.components().skip_while(|part| !is_normal(part)).collect();
    Ok(std::path::absolute(destdir)?.join(below))
}

fn is_normal(part: &std::path::Component<'_>) -> bool {
    matches!(part, std::path::Component::Normal(_))
}

/// Builds the programs for release and tells where they are.
fn build(console_only: bool) -> anyhow::Result<PathBuf> {
    let desktop: &[&str] = if console_only { &[] } else { &["--package=sockeye-gui"] };
    let cargo = ["cargo", "build", "--release", "--locked", "--package=sockeye"];
    run::run(&[&cargo, desktop].concat())?;
    Ok(run::target_directory()?.join("release"))
}

/// Everything that is installed, the programs from the directory `programs`.
fn items(programs: &Path, console_only: bool) -> Vec<Item> {
    let mut items = vec![program(programs, "sockeye")];
    items.extend(console_files());
    if !console_only {
        items.push(program(programs, "sockeye-gui"));
        items.extend(desktop_files());
    }
    items
}

/// What belongs to the console program, without it.
pub(crate) fn console_files() -> Vec<Item> {
    FILES.iter().map(|(from, to)| file(run::root().join(from), (*to).to_owned())).collect()
}

/// What belongs to the desktop application, without it.
pub(crate) fn desktop_files() -> Vec<Item> {
    let root = run::root();
    let manual = root.join("docs/man/sockeye-gui.1");
    let mut items = vec![file(manual, "share/man/man1/sockeye-gui.1".to_owned())];
    let assets = root.join("crates/sockeye-gui/assets");
    for (directory, end) in [("applications", "desktop"), ("metainfo", "metainfo.xml")] {
        let name = format!("{ID}.{end}");
        items.push(file(assets.join(&name), format!("share/{directory}/{name}")));
    }
    let icon = |size: &str, end| format!("share/icons/hicolor/{size}/apps/{ID}.{end}");
    items.push(file(icons::drawing(), icon("scalable", "svg")));
    for size in icons::SIZES {
        items.push(file(icons::picture(size), icon(&format!("{size}x{size}"), "png")));
    }
    items
}

fn file(from: PathBuf, to: String) -> Item {
    Item { from, to, is_program: false }
}

fn program(directory: &Path, name: &str) -> Item {
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    Item { from: directory.join(&name), to: format!("bin/{name}"), is_program: true }
}

/// Copies `items` below `place`, and leaves the list of them there.
fn install(items: &[Item], place: &Path) -> anyhow::Result<()> {
    for item in items {
        let to = place.join(&item.to);
        put(item, &to).with_context(|| {
            format!("cannot install {} as {}", item.from.display(), to.display())
        })?;
    }
    let mut list: Vec<&str> = items.iter().map(|item| &*item.to).collect();
    list.push(LIST);
    let path = place.join(LIST);
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(&path, list.join("\n") + "\n")
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Copies one file. What is there is removed first: a program that runs cannot be written over.
fn put(item: &Item, to: &Path) -> std::io::Result<()> {
    to.parent().map_or(Ok(()), fs::create_dir_all)?;
    if to.symlink_metadata().is_ok() {
        fs::remove_file(to)?;
    }
    fs::copy(&item.from, to)?;
    set_mode(to, if item.is_program { 0o755 } else { 0o644 })
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "where files have modes, setting them can fail")]
fn set_mode(_: &Path, _: u32) -> std::io::Result<()> {
    Ok(())
}

/// Removes what the list at `place` names, and the directories that are empty then.
fn uninstall(place: &Path) -> anyhow::Result<()> {
    let list = place.join(LIST);
    let text = fs::read_to_string(&list)
        .with_context(|| format!("nothing was installed here: cannot read {}", list.display()))?;
    let paths: Vec<&Path> = text.lines().map(Path::new).collect();
    // A list that was tampered with must not lead elsewhere.
    if let Some(path) = paths.iter().find(|path| !path.components().all(|part| is_normal(&part))) {
        bail!(
            "{} names {}, which is not below {}",
            list.display(),
            path.display(),
            place.display()
        );
    }
    for path in &paths {
        remove(&place.join(path), place)?;
    }
    println!("removed {} files below {}", paths.len(), place.display());
    Ok(())
}

/// Removes a file, if it is still there, and the directories of ours that it leaves empty.
fn remove(file: &Path, place: &Path) -> anyhow::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot remove {}", file.display()));
        }
        _ => {}
    }
    let directories = file.ancestors().skip(1).take_while(|directory| *directory != place);
    for directory in directories {
        // It fails where there is something left, which then is not ours.
        if fs::remove_dir(directory).is_err() {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An empty directory for one test.
    fn directory(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("sockeye-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        path
    }

    /// Every file below a directory, sorted.
    fn files(directory: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let mut left = vec![directory.to_owned()];
        while let Some(next) = left.pop() {
            for entry in fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    left.push(path);
                } else {
                    let below = path.strip_prefix(directory).unwrap();
                    found.push(below.to_str().unwrap().replace('\\', "/"));
                }
            }
        }
        found.sort();
        found
    }

    /// A directory with programs, as a build leaves them.
    fn programs(parent: &Path) -> PathBuf {
        let programs = parent.join("built");
        fs::create_dir_all(&programs).unwrap();
        for name in ["sockeye", "sockeye-gui"] {
            let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
            fs::write(programs.join(name), "a program").unwrap();
        }
        programs
    }

    #[test]
    fn what_is_installed_can_be_taken_away() {
        let directory = directory("install");
        let mut arguments = Arguments {
            prefix: "/opt/sockeye".into(),
            destdir: Some(directory.join("package")),
            programs: Some(programs(&directory)),
            console_only: false,
            uninstall: false,
        };
        // Twice: over what is there.
        run(&arguments).unwrap();
        run(&arguments).unwrap();
        let place = directory.join("package/opt/sockeye");
        let found = files(&place);
        assert_eq!(found.len(), 1 + 2 + FILES.len() + 1 + 2 + 1 + icons::SIZES.len(), "{found:?}");
        let expected = [
            "share/applications/io.github.sockeye_net.Sockeye.desktop",
            "share/icons/hicolor/48x48/apps/io.github.sockeye_net.Sockeye.png",
            "share/icons/hicolor/scalable/apps/io.github.sockeye_net.Sockeye.svg",
            "share/man/man1/sockeye.1",
            "share/man/man1/sockeye-gui.1",
            LIST,
        ];
        for path in expected {
            assert!(found.iter().any(|found| found == path), "{path} in {found:?}");
        }
        fs::write(place.join("share/man/man1/other.1"), "another's").unwrap();
        arguments.uninstall = true;
        run(&arguments).unwrap();
        assert_eq!(files(&place), ["share/man/man1/other.1"]);
        assert!(!place.join("bin").exists() && place.join("share/man").exists());
        assert!(run(&arguments).unwrap_err().to_string().contains("nothing was installed"));
        fs::remove_dir_all(directory).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn programs_can_be_run_and_files_be_read() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = directory("modes");
        let items = items(&programs(&directory), true);
        install(&items, &directory.join("usr")).unwrap();
        for item in &items {
            let mode = fs::metadata(directory.join("usr").join(&item.to)).unwrap().permissions();
            let expected = if item.to == "bin/sockeye" { 0o755 } else { 0o644 };
            assert_eq!(mode.mode() & 0o777, expected, "{}", item.to);
        }
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_list_leads_nowhere_else() {
        let directory = directory("list");
        let victim = directory.join("victim");
        fs::write(&victim, "").unwrap();
        let place = directory.join("prefix");
        fs::create_dir_all(place.join("share/sockeye")).unwrap();
        for line in ["../victim", "/etc/nothing", "share/../../victim"] {
            fs::write(place.join(LIST), format!("{line}\n")).unwrap();
            assert!(uninstall(&place).unwrap_err().to_string().contains("not below"), "{line}");
        }
        assert!(victim.exists());
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn what_is_said_of_the_application_is_said_of_its_programs() {
        let assets = run::root().join("crates/sockeye-gui/assets");
        let entry = fs::read_to_string(assets.join(format!("{ID}.desktop"))).unwrap();
        let metainfo = fs::read_to_string(assets.join(format!("{ID}.metainfo.xml"))).unwrap();
        for line in [format!("Icon={ID}"), "Exec=sockeye-gui".into()] {
            assert!(entry.lines().any(|found| found == line), "{line}");
        }
        assert!(metainfo.contains(&format!("<id>{ID}</id>")));
        assert!(metainfo.contains("<binary>sockeye-gui</binary>"));
        let program = fs::read_to_string(run::root().join("crates/sockeye-gui/src/main.rs"));
        assert!(program.unwrap().contains(&format!("{ID:?}")));
    }
}
