//! Databases that real tools wrote (fixtures/packages), and input that means no good.

use proptest::prelude::*;
use sockeye_core::answer::{Origin, Package};

use super::desktop::DesktopEntry;
use super::*;
use crate::decode::hostile;
use crate::decode::number;
use icons::Theme;

/// A fixture by its hexadecimal digits.
macro_rules! fixture {
    ($name:literal) => {
        unhex(include_str!(concat!("../../../../../fixtures/packages/", $name, ".hex")))
    };
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let byte = |pair: &[u8]| number(pair, 16).and_then(|byte| byte.try_into().ok()).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// A package in the words of `rpm -qa --qf '%{NAME}|%{EVR}|%{VENDOR}|%{PACKAGER}|%{SUMMARY}|…'`, the
/// maker once, without a mail address.
fn shown(header: rpm::Header<'_>) -> String {
    let package = header.package().unwrap();
    let part = |text: &Option<Box<str>>| text.as_deref().unwrap_or("(none)").to_owned();
    let (version, vendor) = (part(&package.version), part(&package.vendor));
    let files: Vec<String> =
        header.files().map(|(directory, name)| lossy(&[directory, name].concat())).collect();
    let (name, files) = (&package.name, files.join(" "));
    format!("{name}|{version}|{vendor}|{}|{files}", part(&package.description))
}

fn assert_headers<B: AsRef<[u8]>>(
    headers: impl Iterator<Item = Result<B, crate::decode::Malformed>>,
    expected: &[&str],
) {
    let blobs: Vec<B> = headers.map(Result::unwrap).collect();
    let mut lines: Vec<String> =
        blobs.iter().map(|blob| shown(rpm::Header::decode(blob.as_ref()).unwrap())).collect();
    lines.sort_unstable();
    assert_eq!(lines, expected);
}

const PIKE: &str = "pike|1.2-3|Ann|Hunts|/usr/bin/pike";
const SALMON: &str = "salmon|7:1.2-3|River Works|Swims upstream|/opt/river/lib/salmon \
/usr/bin/roe /usr/bin/salmon";
const TROUT: &str = "trout|1.2-3|(none)|Stays where it is|/bin/trout /usr/sbin/roe";

#[test]
fn rpm_databases_hold_what_rpm_says() {
    for file in [fixture!("rpm-bdb"), fixture!("rpm-bdb-big-endian")] {
        assert_headers(bdb::headers(&file).unwrap(), &[PIKE, SALMON, TROUT]);
    }
    // trout was removed there.
    assert_headers(ndb::headers(&fixture!("rpm-ndb")).unwrap(), &[PIKE, SALMON]);
}

#[test]
fn other_files_are_no_rpm_database() {
    let (ndb_file, bdb_file) = (fixture!("rpm-ndb"), fixture!("rpm-bdb"));
    assert!(ndb::headers(&bdb_file).is_err() && bdb::headers(&ndb_file).is_err());
    assert!(ndb::headers(b"").is_err() && bdb::headers(b"").is_err());
    let mut newer = ndb_file.clone();
    newer[4] = 1;
    assert!(ndb::headers(&newer).is_err());
}

#[test]
fn one_bad_header_hides_no_other() {
    let mut file = fixture!("rpm-ndb");
    let good = |file: &[u8]| ndb::headers(file).unwrap().filter(Result::is_ok).count();
    assert_eq!(good(&file), 2);
    // The magic of the first blob in use.
    let at = file.windows(4).position(|bytes| bytes == b"BlbS").unwrap();
    file[at] = b'X';
    assert_eq!(good(&file), 1);
}

fn owner<'a>(catalogue: &'a Catalogue, path: &str) -> Option<&'a str> {
    catalogue.owner_of(path.as_bytes()).map(|package| &*package.name)
}

#[test]
fn aliases_lead_to_one_path() {
    let mut aliases = Aliases::default();
    aliases.add("/sbin", "/usr/sbin");
    aliases.add("/usr/sbin", "/usr/bin");
    let check = |path: &str, expected: &str| {
        assert_eq!(lossy(&aliases.canonical(path.as_bytes())), expected, "{path}");
    };
    check("/sbin/ip", "/usr/bin/ip");
    check("/usr/sbin/ip", "/usr/bin/ip");
    check("/usr/bin/ip", "/usr/bin/ip");
    check("/sbinary/ip", "/sbinary/ip");
    check("/sbin", "/sbin");
}

const STATUS: &[u8] = b"Package: salmon
Status: install ok installed
Architecture: amd64
Multi-Arch: same
Version: 7:1.2-3
Origin: River
Maintainer: Ann <ann@example.net>
Description: swims upstream
 Version: in a long text

Package: salmon
Status: install ok installed
Architecture: i386
Version: 7:1.2-4
Maintainer: Ann <ann@example.net>
Description: swims upstream

Package: trout
Status: deinstall ok config-files
Architecture: all
Version: 1

Package: pike
status: hold ok unpacked
Architecture: all
Maintainer: ann@example.net

Version: 1
";

#[test]
fn dpkg_knows_what_is_installed() {
    let mut aliases = Aliases::default();
    aliases.add("/bin", "/usr/bin");
    let mut reader = dpkg::Reader::new(aliases);
    reader.add_status(STATUS);
    reader.add_diversions(
        b"/usr/bin/fry\n/usr/bin/fry.real\npike\n/usr/bin/egg\n/usr/bin/egg.old\n:\n",
    );
    reader.add_list(b"salmon:amd64", b"/.\n/usr\n/bin/salmon\n/usr/bin/fry\n/usr/bin/egg\n");
    reader.add_list(b"salmon:i386", b"/usr/lib/i386/salmon\n");
    reader.add_list(b"pike", b"/usr/bin/pike\n/usr/bin/fry\n/usr/bin/cut");
    reader.add_list(b"trout", b"/usr/bin/trout\n");
    reader.add_list(b"eel", b"/usr/bin/eel\n");
    let catalogue = reader.finish();
    let check = |path: &str, expected| assert_eq!(owner(&catalogue, path), expected, "{path}");
    check("/usr/bin/salmon", Some("salmon"));
    check("/bin/salmon", Some("salmon"));
    check("/usr/bin/fry", Some("pike"));
    check("/usr/bin/fry.real", Some("salmon"));
    check("/usr/bin/egg", None);
    check("/usr/bin/egg.old", Some("salmon"));
    // Nothing of it is left, nothing is known of it, and a line that was cut.
    check("/usr/bin/trout", None);
    check("/usr/bin/eel", None);
    check("/usr/bin/cut", None);
    let package = |path: &str| Package::clone(catalogue.owner_of(path.as_bytes()).unwrap());
    let salmon = package("/usr/bin/salmon");
    assert_eq!(salmon.version.as_deref(), Some("7:1.2-3"));
    assert_eq!(salmon.vendor.as_deref(), Some("River"));
    assert_eq!(salmon.description.as_deref(), Some("swims upstream"));
    assert_eq!(package("/usr/lib/i386/salmon").version.as_deref(), Some("7:1.2-4"));
    assert_eq!(package("/usr/lib/i386/salmon").vendor.as_deref(), Some("Ann"));
    assert_eq!(package("/usr/bin/pike").vendor.as_deref(), Some("ann@example.net"));
    assert_eq!(package("/usr/bin/pike").version, None);
}

#[test]
fn parts_of_dpkg_are_read_by_checksums() {
    let mut reader = dpkg::Reader::new(Aliases::default());
    let sums = b"d41d8cd98f00b204e9800998ecf8427e  usr/bin/salmon\nshort\n";
    reader.add_part(b"Package: salmon\nVersion: 1\n", sums);
    reader.add_part(b"", sums);
    let catalogue = reader.finish();
    assert_eq!(owner(&catalogue, "/usr/bin/salmon"), Some("salmon"));
    assert_eq!(catalogue.len(), 1);
}

// By hand: Debian has no apk. The format is that of apk-tools, src/database.c.
const INSTALLED: &[u8] = b"C:Q1abc=
P:salmon
V:1.2.3-r0
A:x86_64
T:Swims upstream
m:Ann <ann@example.net>
F:
R:root-file
F:usr
F:usr/bin
M:0:0:755
R:salmon
a:0:0:755
Z:Q1def=

P:trout
V:2
F:bin
R:trout

F:bin
R:nobody
";

#[test]
fn apk_knows_files_by_directory() {
    let catalogue = apk::decode_installed(INSTALLED, Aliases::default());
    let check = |path: &str, expected| assert_eq!(owner(&catalogue, path), expected, "{path}");
    check("/usr/bin/salmon", Some("salmon"));
    check("/root-file", Some("salmon"));
    check("/bin/trout", Some("trout"));
    check("/bin/nobody", None);
    check("/usr/salmon", None);
    let salmon = catalogue.owner_of(b"/usr/bin/salmon").unwrap();
    assert_eq!(salmon.origin, Origin::Apk);
    assert_eq!(salmon.version.as_deref(), Some("1.2.3-r0"));
    assert_eq!(salmon.vendor.as_deref(), Some("Ann"));
    assert_eq!(salmon.description.as_deref(), Some("Swims upstream"));
}

#[test]
fn pacman_knows_what_pacman_says() {
    let desc = include_bytes!("../../../../../fixtures/packages/pacman/desc");
    let files = include_bytes!("../../../../../fixtures/packages/pacman/files");
    let package = pacman::decode_desc(desc).unwrap();
    let mut catalogue = Catalogue::new(Aliases::default());
    pacman::add_package(&mut catalogue, package.clone(), files);
    assert_eq!(owner(&catalogue, "/usr/bin/salmon"), Some("salmon"));
    assert_eq!(owner(&catalogue, "/opt/river/salmon"), Some("salmon"));
    assert_eq!(catalogue.len(), 2, "directories are nobody's");
    assert_eq!(package.version.as_deref(), Some("7:1.2-3"));
    assert_eq!(package.vendor.as_deref(), Some("River Works"));
    assert_eq!(package.description.as_deref(), Some("Swims upstream"));
    assert_eq!(pacman::decode_desc(b"%VERSION%\n1\n"), None);
}

#[test]
fn images_say_whose_they_are() {
    for image in [fixture!("note-32"), fixture!("note-64")] {
        let package = elf_note::decode_note(&*image).unwrap();
        assert_eq!(&*package.name, "salmon");
        assert_eq!(package.version.as_deref(), Some("7:1.2-3"));
        assert_eq!(package.vendor.as_deref(), Some("river"));
    }
    assert_eq!(elf_note::decode_note(&b"#!/bin/sh\n"[..]), None);
    let check = |note: &str, vendor: Option<&str>| {
        let package = elf_note::decode_metadata(note.as_bytes()).unwrap();
        assert_eq!(package.vendor.as_deref(), vendor, "{note}");
    };
    check(r#"{"name":"a"}"#, None);
    check(r#"{"name":"a","os":"fedora"}"#, Some("fedora"));
    check(r#"{"name":"a","osCpe":"cpe:2.3:o:amazon:amazon_linux:2023"}"#, Some("amazon"));
    check("{\"name\":\"a\",\"vendor\":\"Ann\",\"os\":\"b\"}\0\0\0", Some("Ann"));
    for wrong in ["", "[]", "{}", r#"{"name":7}"#, r#"{"name":""}"#] {
        assert_eq!(elf_note::decode_metadata(wrong.as_bytes()), None, "{wrong}");
    }
    assert_eq!(elf_note::decode_metadata(&b"[".repeat(60_000)), None);
}

#[test]
fn desktop_entries_say_what_they_start() {
    let check = |exec: &str, expected: &[&str]| {
        let text = format!("# x\n[Desktop Entry]\nType=Application\nName=A\nExec={exec}\n");
        let entry = DesktopEntry::decode(text.as_bytes()).unwrap();
        let words: Vec<&str> = entry.command.iter().map(|word| &**word).collect();
        assert_eq!(words, expected, "{exec}");
    };
    check("salmon %U", &["salmon", "%U"]);
    check(r#""/opt/my app/run" --now"#, &["/opt/my app/run", "--now"]);
    check(r#""a\\"b\\\\c" d"#, &[r#"a"b\c"#, "d"]);
    check("env A=b C=d /snap/bin/salmon", &["/snap/bin/salmon"]);
    check("", &[]);
    let text = b"[Desktop Entry]\nType=Application\nName=Salmon\nName[de]=Lachs\n\
GenericName=Fish\nIcon=salmon\nX-Flatpak=net.example.Salmon\n[Desktop Action new]\nExec=no\n";
    let entry = DesktopEntry::decode(text).unwrap();
    assert_eq!(&*entry.name, "Salmon");
    assert_eq!(entry.description.as_deref(), Some("Fish"));
    assert_eq!(entry.icon.as_deref(), Some("salmon"));
    assert_eq!(entry.flatpak.as_deref(), Some("net.example.Salmon"));
    assert!(entry.command.is_empty());
    for wrong in [
        &b"[Desktop Entry]\nType=Link\nName=a\n"[..],
        b"[Desktop Entry]\nType=Application\n",
        b"[Desktop Entry]\nType=Application\nName=a\nHidden=true\n",
        b"Type=Application\nName=a\n",
    ] {
        assert_eq!(DesktopEntry::decode(wrong), None, "{}", lossy(wrong));
    }
}

#[test]
fn themes_say_where_icons_are() {
    let theme = Theme::decode(
        b"[Icon Theme]\nName=x\nInherits=a, hicolor\nDirectories=48x48/apps\n\n\
[48x48/apps]\nSize=48\n[48x48@2/apps]\nSize=48\nScale=2\n\
[scalable/apps]\nSize=64\nType=Scalable\nMinSize=8\nMaxSize=512\n[16]\nSize=16\nType=Fixed\n",
    );
    let places: Vec<(&str, u32, u32)> =
        theme.directories.iter().map(|one| (&*one.path, one.least, one.most)).collect();
    assert_eq!(places, [("48x48/apps", 46, 50), ("scalable/apps", 8, 512), ("16", 16, 16)]);
    assert_eq!(theme.parents, ["a".into(), "hicolor".into()]);
    let distances: Vec<u32> = theme.directories.iter().map(|one| one.distance(32)).collect();
    assert_eq!(distances, [14, 0, 16]);
}

#[test]
fn long_paths_and_too_many_of_them_are_left_out() {
    let mut catalogue = Catalogue::new(Aliases::default());
    let number = catalogue.add_package(Package::default()).unwrap();
    catalogue.add_file(number, &b"/a".repeat(4000));
    assert!(catalogue.is_empty() && !catalogue.is_cut());
    let long = b"/a".repeat(1 << 20);
    (0..300).for_each(|_| catalogue.add_file(number, &long));
    assert!(catalogue.is_cut());
    catalogue.add_file(number, b"/b");
    assert!(catalogue.is_empty());
}

/// Whatever the bytes, what is made of them is small, and soon.
fn swallow(bytes: &[u8]) {
    crate::fuzzing::packages(bytes);
    crate::fuzzing::rpm(bytes);
}

#[test]
fn hostile_databases_take_linear_time() {
    hostile::assert_quick(|| swallow(&b"P:a\nF:b\nR:c\n".repeat(100_000)));
    hostile::assert_quick(|| swallow(&b"Package: a\n\n".repeat(100_000)));
    // Slots that all lead to one large header.
    let mut file = fixture!("rpm-ndb");
    let slot = file[2 * 16..3 * 16].to_vec();
    let place = file.len() / 16;
    let slot = [&slot[..8], &u32::try_from(place).unwrap().to_le_bytes(), &slot[12..]].concat();
    file.splice(32..4096, slot.repeat(254));
    file.extend(b"BlbS\0\0\0\0\0\0\0\0\0\0\x10\0");
    file.extend(vec![0; 1 << 20]);
    assert!(
        ndb::headers(&file).unwrap().filter_map(Result::ok).map(<[u8]>::len).sum::<usize>()
            <= file.len()
    );
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in hostile::variants(STATUS)) {
        swallow(&bytes);
    }

    #[test]
    fn any_database_is_survived(
        file in 0_usize..5,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = match file {
            0 => fixture!("rpm-ndb"),
            1 => fixture!("rpm-bdb"),
            2 => fixture!("rpm-bdb-big-endian"),
            3 => fixture!("note-64"),
            _ => INSTALLED.to_vec(),
        };
        for (index, byte) in changes {
            *index.get_mut(&mut bytes) = byte;
        }
        swallow(&bytes);
    }
}
