//! Roots that mean no good, and databases as they lie in a root.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use rusqlite::Connection;
use rustix::fs::FileType;

use super::database::{identify, read};
use super::*;

/// A directory of this test alone, gone afterwards.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sockeye-root-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A path below it, whose directory is made.
    fn path(&self, path: &str) -> PathBuf {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(path), text).unwrap();
    }

    fn root(&self) -> Root {
        Root::at(self.0.to_str().unwrap()).unwrap()
    }

    /// The owner of `path`, by the only database.
    fn owner(&self, path: &str) -> Fact<Option<String>> {
        let root = self.root();
        let identities = identify(&root);
        assert_eq!(identities.len(), 1, "{identities:?}");
        let catalogue = read(&root, &identities[0]?)?;
        Ok(catalogue.owner_of(path.as_bytes()).map(|package| package.name.to_string()))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn fixture(name: &str) -> Vec<u8> {
    let place = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/packages/");
    fs::read(format!("{place}{name}")).unwrap()
}

fn unhex(name: &str) -> Vec<u8> {
    let text = String::from_utf8(fixture(name)).unwrap().replace('\n', "");
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}

/// RPM's database as SQLite writes it, with a write-ahead log.
fn write_sqlite(scratch: &Scratch, more: &str) {
    let path = scratch.path("usr/lib/sysimage/rpm/rpmdb.sqlite");
    let connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "journal_mode", "wal").unwrap();
    connection.execute_batch(&String::from_utf8(fixture("rpm-sqlite.sql")).unwrap()).unwrap();
    connection.execute_batch(more).unwrap();
}

#[test]
fn every_database_is_found_and_read() {
    let check = |name: &str, write: &dyn Fn(&Scratch), path: &str, expected: Option<&str>| {
        let scratch = Scratch::new(name);
        for directory in ["bin", "sbin"] {
            symlink(format!("usr/{directory}"), scratch.path(directory)).unwrap();
        }
        write(&scratch);
        assert_eq!(scratch.owner(path), Ok(expected.map(str::to_owned)), "{name} {path}");
    };
    let ndb = |scratch: &Scratch| {
        scratch.write("usr/lib/sysimage/rpm/Packages.db", unhex("rpm-ndb.hex"));
        // Where older tools look.
        symlink("../../usr/lib/sysimage/rpm", scratch.path("var/lib/rpm")).unwrap();
    };
    check("ndb", &ndb, "/opt/river/lib/salmon", Some("salmon"));
    check("ndb-removed", &ndb, "/usr/bin/trout", None);
    let bdb = |s: &Scratch| s.write("var/lib/rpm/Packages", unhex("rpm-bdb.hex"));
    check("bdb", &bdb, "/usr/bin/trout", Some("trout"));
    let sqlite = |scratch: &Scratch| write_sqlite(scratch, "");
    check("sqlite", &sqlite, "/usr/bin/trout", Some("trout"));
    check("sqlite-two", &sqlite, "/usr/bin/roe", Some("salmon"));
    check("sqlite-other", &sqlite, "/usr/sbin/roe", Some("trout"));
    let pacman = |scratch: &Scratch| {
        for name in ["desc", "files"] {
            let text = fixture(&format!("pacman/{name}"));
            scratch.write(&format!("var/lib/pacman/local/salmon-7:1.2-3/{name}"), text);
        }
        scratch.write("var/lib/pacman/local/ALPM_DB_VERSION", "9\n");
        scratch.write("var/lib/pacman/local/broken-1-1/desc", "");
    };
    check("pacman", &pacman, "/usr/bin/salmon", Some("salmon"));
    let apk = |s: &Scratch| s.write("lib/apk/db/installed", "P:salmon\nF:bin\nR:salmon\n");
    check("apk", &apk, "/usr/bin/salmon", Some("salmon"));
    let parts = |scratch: &Scratch| {
        scratch.write("var/lib/dpkg/status.d/salmon", "Package: salmon\n");
        let sum = "d41d8cd98f00b204e9800998ecf8427e  bin/salmon\n";
        scratch.write("var/lib/dpkg/status.d/salmon.md5sums", sum);
    };
    check("parts", &parts, "/usr/bin/salmon", Some("salmon"));
}

#[test]
fn a_hostile_database_costs_little_and_hides_nothing_else() {
    let check = |name: &str, write: &dyn Fn(&Scratch)| {
        let scratch = Scratch::new(name);
        write(&scratch);
        assert_eq!(scratch.owner("/usr/bin/salmon"), Err(Absent::Unsupported), "{name}");
    };
    check("no-sqlite", &|s| s.write("var/lib/rpm/rpmdb.sqlite", vec![7; 4096]));
    check("short-sqlite", &|s| s.write("var/lib/rpm/rpmdb.sqlite", "SQLite format 3\0"));
    check("no-bdb", &|s| s.write("var/lib/rpm/Packages", "x"));
    // A view in place of the table, one that never ends.
    let endless = "DROP TABLE Basenames; ALTER TABLE Packages RENAME TO Other;
        CREATE VIEW Packages AS WITH RECURSIVE n(hnum) AS
        (SELECT 1 UNION ALL SELECT hnum + 1 FROM n) SELECT hnum, x'00' AS blob FROM n;";
    check("view", &|scratch| write_sqlite(scratch, endless));
    // No plain file: a pipe that nobody writes to, and a device, which only root can make.
    let special = |scratch: &Scratch, kind, device| {
        let path = scratch.path("var/lib/dpkg/status");
        rustix::fs::mknodat(rustix::fs::CWD, path, kind, Mode::RUSR, device)
    };
    check("pipe", &|scratch| special(scratch, FileType::Fifo, 0).unwrap());
    check("device", &|scratch| {
        let zero = rustix::fs::makedev(1, 5);
        let made = special(scratch, FileType::CharacterDevice, zero);
        made.or_else(|_| special(scratch, FileType::Fifo, 0)).unwrap();
    });
}

#[test]
fn links_do_not_lead_out_of_a_root() {
    let scratch = Scratch::new("links");
    scratch.write("inside", "inside");
    scratch.write("etc/name", "inside");
    let outside = Scratch::new("outside");
    outside.write("name", "outside");
    let target = outside.0.join("name");
    symlink(&target, scratch.path("absolute")).unwrap();
    symlink("../../../../../../../../../../../../inside", scratch.path("a/b")).unwrap();
    symlink("/proc/self/root", scratch.path("magic")).unwrap();
    let root = scratch.root();
    let read = |path: &str| root.read(path, 100).map(|text| String::from_utf8(text).unwrap());
    assert_eq!(read("absolute"), Err(Absent::Nonexistent));
    assert_eq!(read("a/b").as_deref(), Ok("inside"));
    assert_eq!(read("../../../etc/name").as_deref(), Ok("inside"));
    assert_eq!(read("magic/etc/passwd"), Err(Absent::Nonexistent));
    assert_eq!(root.read("inside", 5), Err(Absent::Unsupported));
    let names = root.directory("a").unwrap().names().unwrap();
    assert!(names.contains(&b"b".to_vec()), "{names:?}");
}
