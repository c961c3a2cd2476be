//! Whose software processes run, beside what the package manager of this machine says.

#![cfg(target_os = "linux")]
#![expect(clippy::print_stdout, reason = "what was skipped is said")]
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]
#![expect(clippy::indexing_slicing, reason = "in a test a panic is the report")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use sockeye_core::ProcessId;
use sockeye_core::answer::{Origin, Package};
use sockeye_core::process::{Absent, Fact};
use sockeye_os::packages::{Image, Known, Packages};

/// A file of this test's own root.
fn image(path: &str) -> Image<'_> {
    let process = ProcessId { pid: std::process::id(), start: 0 };
    Image { process, path, is_deleted: false }
}

/// What `dpkg-query` prints, or `None` where there is none.
fn dpkg_query(arguments: &[&str]) -> Option<String> {
    let output = Command::new("dpkg-query").args(arguments).env("LC_ALL", "C").output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Plain files right below `directory`, by the path that the kernel would say.
fn files(directory: &str) -> Vec<String> {
    let listing = fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok);
    let plain = listing.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    plain.filter_map(|entry| entry.path().to_str().map(str::to_owned)).collect()
}

/// Owners by path: every line of every list, as `dpkg-query --search` tells them.
fn searched(paths: &[String]) -> Option<BTreeMap<String, BTreeSet<String>>> {
    let mut owners: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for chunk in paths.chunks(500) {
        // A merged /usr: lists say /bin where the file is /usr/bin.
        let short = chunk.iter().filter_map(|path| path.strip_prefix("/usr"));
        let arguments: Vec<&str> =
            ["--search"].into_iter().chain(chunk.iter().map(String::as_str)).chain(short).collect();
        for line in dpkg_query(&arguments)?.lines() {
            let Some((names, path)) = line.rsplit_once(": ") else { continue };
            let path = if path.starts_with("/usr/") { path.into() } else { format!("/usr{path}") };
            if names.starts_with("diversion by") || names.starts_with("local diversion") {
                continue;
            }
            let names = names.split(", ").map(|name| name.split(':').next().unwrap_or(name));
            owners.entry(path).or_default().extend(names.map(str::to_owned));
        }
    }
    undivert(&mut owners)?;
    Some(owners)
}

/// A file that was diverted belongs to those that put it at the old place, not to who asked for it.
fn undivert(owners: &mut BTreeMap<String, BTreeSet<String>>) -> Option<()> {
    let listing = Command::new("dpkg-divert").arg("--list").env("LC_ALL", "C").output().ok()?;
    for line in String::from_utf8_lossy(&listing.stdout).lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let ["diversion", "of", from, "to", to, "by", by] = words[..] else { continue };
        let merged = |path: &str| {
            path.replacen("/bin/", "/usr/bin/", usize::from(!path.starts_with("/usr")))
        };
        let (mine, others): (BTreeSet<_>, BTreeSet<_>) = owners
            .remove(&merged(from))
            .unwrap_or_default()
            .into_iter()
            .partition(|name| name == by);
        owners.extend(
            [(merged(from), mine), (merged(to), others)].into_iter().filter(|o| !o.1.is_empty()),
        );
    }
    Some(())
}

#[test]
fn programs_belong_to_whom_dpkg_says() {
    let paths: Vec<String> = ["/usr/bin", "/usr/sbin"].into_iter().flat_map(files).collect();
    let Some(expected) = searched(&paths).filter(|_| Path::new("/var/lib/dpkg/info").exists())
    else {
        println!("SKIPPED programs_belong_to_whom_dpkg_says: no dpkg here");
        return;
    };
    let format = "-f=${Package}\t${Version}\t${Origin}\t${Maintainer}\t${binary:Synopsis}\n";
    let listing = dpkg_query(&["-W", format]).unwrap();
    let facts: BTreeMap<&str, Vec<&str>> = listing
        .lines()
        .map(|line| line.split('\t').collect::<Vec<_>>())
        .map(|f| (f[0], f))
        .collect();
    let images: Vec<Image<'_>> = paths.iter().map(|path| image(path)).collect();
    let answers = Packages::new().owners_of(&images);
    let mut owned = 0;
    for (path, answer) in paths.iter().zip(answers) {
        let package = match (answer, expected.get(path)) {
            (Ok(package), Some(names)) if package.origin == Origin::Dpkg => {
                assert!(names.contains(&*package.name), "{path}: {names:?}, not {}", package.name);
                package
            }
            (Ok(package), None) if package.origin != Origin::Dpkg => continue,
            (Err(Absent::Nonexistent), None) => continue,
            (answer, names) => panic!("{path}: {names:?}, not {answer:?}"),
        };
        owned += 1;
        let fact = &facts[&*package.name];
        let maker = if fact[2].is_empty() { fact[3].split(" <").next().unwrap() } else { fact[2] };
        assert_eq!(package.version.as_deref(), Some(fact[1]), "{path}");
        assert_eq!(package.vendor.as_deref(), Some(maker), "{path}");
        assert_eq!(package.description.as_deref(), Some(fact[4]), "{path}");
    }
    assert!(owned > 100, "{owned} of {}", paths.len());
    println!("{owned} of {} programs belong to packages", paths.len());
}

/// A directory of this test alone, gone afterwards.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sockeye-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Writes a file below it, directories included.
    fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A process that is ended afterwards.
struct Running(Child);

impl Running {
    /// Starts a program in a mount namespace of its own, in a root that has the machine's /usr and is
    /// otherwise `root`; waits until it runs.
    fn in_root(root: &Path, program: &str) -> Self {
        let script = r#"mount --bind /usr "$0/usr" && exec chroot "$0" "$1" 600"#;
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", script]);
        let child = Self(command.arg(root).arg(program).spawn().unwrap());
        let start = Instant::now();
        let link = format!("/proc/{}/exe", child.0.id());
        let name = Path::new(program).file_name();
        while fs::read_link(&link).ok().as_deref().and_then(Path::file_name) != name {
            assert!(start.elapsed() < Duration::from_secs(10), "{program} does not run");
            std::thread::yield_now();
        }
        child
    }

    fn owner(&self, packages: &mut Packages, path: &str, is_deleted: bool) -> Fact<Package> {
        let process = ProcessId { pid: self.0.id(), start: 0 };
        let answers = packages.owners_of(&[Image { process, path, is_deleted }]);
        answers[0].clone().map(|package| Package::clone(&package))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop((self.0.kill(), self.0.wait()));
    }
}

/// A root with links as a merged /usr has them.
fn merged_root(name: &str) -> Scratch {
    let root = Scratch::new(name);
    fs::create_dir_all(root.0.join("usr")).unwrap();
    for directory in ["bin", "sbin", "lib", "lib64"] {
        symlink(format!("usr/{directory}"), root.0.join(directory)).unwrap();
    }
    root
}

#[test]
fn a_container_is_asked_for_its_own_packages() {
    if !is_root() {
        println!("SKIPPED a_container_is_asked_for_its_own_packages: it takes root");
        return;
    }
    let root = merged_root("container");
    root.write("var/lib/dpkg/status", "Package: river\nVersion: 1\nArchitecture: all\n");
    root.write("var/lib/dpkg/info/river.list", "/bin/sleep\n/opt/sleeper\n");
    // A link out of the root leads into it.
    root.write("secret/diversions", "/bin/sleep\n/bin/awake\n:\n");
    symlink("/secret/diversions", root.0.join("var/lib/dpkg/diversions")).unwrap();
    root.write("opt/x", "");
    fs::copy("/usr/bin/sleep", root.0.join("opt/sleeper")).unwrap();
    let (sleep, sleeper) =
        (Running::in_root(&root.0, "/usr/bin/sleep"), Running::in_root(&root.0, "/opt/sleeper"));
    let mut packages = Packages::new();
    // The diversion moved it.
    assert_eq!(sleep.owner(&mut packages, "/usr/bin/sleep", false), Err(Absent::Nonexistent));
    assert_eq!(&*sleep.owner(&mut packages, "/usr/bin/awake", false).unwrap().name, "river");
    // A change of the database is seen.
    fs::remove_file(root.0.join("var/lib/dpkg/diversions")).unwrap();
    root.write("var/lib/dpkg/status-new", "Package: river\nVersion: 2\nArchitecture: all\n");
    fs::rename(root.0.join("var/lib/dpkg/status-new"), root.0.join("var/lib/dpkg/status")).unwrap();
    let owner = sleep.owner(&mut packages, "/usr/bin/sleep", false).unwrap();
    assert_eq!((&*owner.name, owner.version.as_deref()), ("river", Some("2")));
    // Of a file that was replaced, the version is another one's.
    fs::remove_file(root.0.join("opt/sleeper")).unwrap();
    let owner = sleeper.owner(&mut packages, "/opt/sleeper", true).unwrap();
    assert_eq!((&*owner.name, owner.version.as_deref()), ("river", None));
    // The same path outside is another file.
    let outside = Packages::new().owners_of(&[image("/opt/sleeper")]);
    assert!(outside[0].as_ref().is_err(), "{outside:?}");
}

#[test]
fn a_process_that_ended_has_no_package() {
    let mut child = Command::new("true").spawn().unwrap();
    let process = ProcessId { pid: child.id(), start: 0 };
    child.wait().unwrap();
    let gone = Image { process, path: "/usr/bin/true", is_deleted: false };
    let other = ProcessId { pid: std::process::id(), start: 1 };
    let answers = Packages::new().owners_of(&[gone, Image { process: other, ..gone }]);
    assert_eq!(answers, [Err(Absent::Vanished), Err(Absent::Vanished)]);
}

#[test]
fn desktop_entries_and_icons_stand_for_what_is_in_no_package() {
    let scratch = Scratch::new("desktop");
    let program = scratch.0.join("bin/salmon");
    scratch.write("bin/salmon", "#!/bin/sh\n");
    scratch.write("bin/script.py", "");
    let entry = |name: &str, exec: &str| {
        format!(
            "[Desktop Entry]\nType=Application\nName={name}\nComment=Swims\nIcon=fish\nExec={exec}\n"
        )
    };
    symlink("salmon", scratch.0.join("bin/link")).unwrap();
    let path = |name: &str| scratch.0.join(name).to_str().unwrap().to_owned();
    scratch.write(
        "share/applications/a.desktop",
        entry("New window", &format!("{} --new", path("bin/link"))),
    );
    scratch.write("share/applications/sub/b.desktop", entry("Salmon", &path("bin/link")));
    scratch.write(
        "share/applications/c.desktop",
        entry("Script", &format!("python3 {}", path("bin/script.py"))),
    );
    scratch.write("share/applications/d.desktop", entry("Shell", "sh -c true"));
    scratch.write(
        "share/icons/hicolor/index.theme",
        "[Icon Theme]\nName=h\n[16]\nSize=16\n[48]\nSize=48\n",
    );
    scratch.write("share/icons/hicolor/16/fish.png", "");
    scratch.write("share/icons/hicolor/48/fish.png", "");
    scratch.write("share/icons/other/index.theme", "[Icon Theme]\nName=o\n[48]\nSize=48\n");
    scratch.write("share/icons/other/48/application-x-executable.svg", "");
    scratch.write("share/pixmaps/trout.png", "");
    let mut packages = Packages::with_data_directories(vec![scratch.0.join("share")]);
    let paths = [path("bin/salmon"), path("bin/script.py"), "/usr/bin/dash".into()];
    let images: Vec<Image<'_>> = paths.iter().map(|path| image(path)).collect();
    let answers = packages.owners_of(&images[..2]);
    let names: Vec<&str> = answers.iter().map(|answer| &*answer.as_ref().unwrap().name).collect();
    assert_eq!(names, ["Salmon", "Script"]);
    assert_eq!(answers[0].as_ref().unwrap().origin, Origin::DesktopEntry);
    let entry = packages.desktop_entry_of(&images[0]).unwrap();
    assert_eq!(packages.desktop_entry_of(&images[2]), None, "a shell is everybody's");
    let mut icon = |path: &str, known: Known<'_>, size: u16| {
        let found = packages.icon_of(path, known, size)?;
        Some(found.strip_prefix(&scratch.0).unwrap().to_str().unwrap().to_owned())
    };
    let known = Known { entry: Some(&entry), package: None };
    let check =
        |found: Option<String>, expected: Option<&str>| assert_eq!(found.as_deref(), expected);
    let program = program.to_str().unwrap();
    check(icon(program, known, 16), Some("share/icons/hicolor/16/fish.png"));
    check(icon(program, known, 64), Some("share/icons/hicolor/48/fish.png"));
    check(icon("/bin/trout", Known::default(), 16), Some("share/pixmaps/trout.png"));
    let any = Some("share/icons/other/48/application-x-executable.svg");
    check(icon("/bin/nothing", Known::default(), 16), any);
    let nowhere =
        Packages::with_data_directories(Vec::new()).icon_of("/bin/x", Known::default(), 16);
    assert_eq!(nowhere, None);
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}
