//! Archives of a tree, the same bytes every time: tar.gz, zip, and Debian's packages.

use std::io::{Cursor, Write as _};

use anyhow::Context as _;
use flate2::{Compression, GzBuilder};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::tree::Tree;

/// Compresses as `gzip -9n` does: without a name and a time.
///
/// # Errors
///
/// Never in memory; the writer's interface has them.
pub(super) fn gzip(bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut gzip = GzBuilder::new().write(Vec::new(), Compression::best());
    gzip.write_all(bytes)?;
    Ok(gzip.finish()?)
}

/// A tar file, all of it root's and of the time `time`. Every path begins with `top`, which is empty
/// or ends with `/`.
///
/// # Errors
///
/// When a path is too long for the format.
pub(super) fn tar(tree: &Tree, top: &str, time: Timestamp) -> anyhow::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_uid(0);
    header.set_gid(0);
    header.set_username("root")?;
    header.set_groupname("root")?;
    header.set_mtime(u64::try_from(time.as_second())?);
    let directories = tree.directories().into_iter().map(|name| format!("{top}{name}/"));
    for path in (!top.is_empty()).then(|| top.to_owned()).into_iter().chain(directories) {
        header.set_entry_type(tar::EntryType::Directory);
        header.set_mode(0o755);
        header.set_size(0);
        tar.append_data(&mut header, path, std::io::empty())?;
    }
    for (path, file) in tree.iter() {
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(file.mode());
        header.set_size(file.bytes.len() as u64);
        tar.append_data(&mut header, format!("{top}{path}"), &*file.bytes)?;
    }
    Ok(tar.into_inner()?)
}

/// A zip file. Every path begins with `top`, which ends with `/`.
///
/// # Errors
///
/// When the time is before 1980, where zip's time begins.
pub(super) fn zip(tree: &Tree, top: &str, time: Timestamp) -> anyhow::Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(dos_time(time)?);
    for (path, file) in tree.iter() {
        zip.start_file(format!("{top}{path}"), options.unix_permissions(file.mode()))?;
        zip.write_all(&file.bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// A time as zip has it: in UTC, by two seconds.
fn dos_time(time: Timestamp) -> anyhow::Result<zip::DateTime> {
    let time = TimeZone::UTC.to_datetime(time);
    let number = |part: i8| u8::try_from(part);
    zip::DateTime::from_date_and_time(
        u16::try_from(time.year())?,
        number(time.month())?,
        number(time.day())?,
        number(time.hour())?,
        number(time.minute())?,
        number(time.second())?,
    )
    .with_context(|| format!("zip has no {time}"))
}

/// A package of Debian (deb(5)): `control` and its scripts, and what is installed below `/`.
///
/// # Errors
///
/// As [`tar()`].
pub(super) fn deb(control: &Tree, data: &Tree, time: Timestamp) -> anyhow::Result<Vec<u8>> {
    let mut deb = ar::Builder::new(Vec::new());
    let members = [
        ("debian-binary", b"2.0\n".to_vec()),
        ("control.tar.gz", gzip(&tar(control, "./", time)?)?),
        ("data.tar.gz", gzip(&tar(data, "./", time)?)?),
    ];
    for (name, bytes) in members {
        let mut header = ar::Header::new(name.into(), bytes.len() as u64);
        header.set_mode(0o100_644);
        header.set_mtime(u64::try_from(time.as_second())?);
        deb.append(&header, &*bytes)?;
    }
    Ok(deb.into_inner()?)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn sample() -> (Tree, Timestamp) {
        let mut tree = Tree::default();
        tree.put("share/doc/a b.txt", "text\n");
        tree.put_program("bin/program", "x".repeat(100_000));
        (tree, Timestamp::from_second(1_763_913_600).unwrap())
    }

    #[test]
    fn a_tar_file_says_whose_and_when_and_may_be_run() {
        let (tree, time) = sample();
        let bytes = gzip(&tar(&tree, "top/", time).unwrap()).unwrap();
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&*bytes));
        let mut found = Vec::new();
        for entry in archive.entries().unwrap() {
            let entry = entry.unwrap();
            let header = entry.header();
            assert_eq!((header.uid().unwrap(), header.mtime().unwrap()), (0, 1_763_913_600));
            let path = entry.path().unwrap().display().to_string();
            found.push((path, header.mode().unwrap(), header.size().unwrap()));
        }
        let found: Vec<_> =
            found.iter().map(|(path, mode, size)| (&**path, *mode, *size)).collect();
        let expected = [
            ("top/", 0o755, 0),
            ("top/bin/", 0o755, 0),
            ("top/share/", 0o755, 0),
            ("top/share/doc/", 0o755, 0),
            ("top/bin/program", 0o755, 100_000),
            ("top/share/doc/a b.txt", 0o644, 5),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_zip_file_reads_back_with_its_time() {
        let (tree, time) = sample();
        let bytes = zip(&tree, "top/", time).unwrap();
        assert!(bytes.len() < 10_000, "it is compressed");
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        assert_eq!(archive.len(), 2);
        let mut file = archive.by_name("top/share/doc/a b.txt").unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "text\n");
        assert_eq!(file.last_modified().unwrap().to_string(), "2025-11-23 16:00:00");
    }

    #[test]
    fn a_package_has_its_three_members_in_order() {
        let (tree, time) = sample();
        let bytes = deb(&tree, &tree, time).unwrap();
        let mut archive = ar::Archive::new(&*bytes);
        let mut names = Vec::new();
        while let Some(member) = archive.next_entry() {
            let member = member.unwrap();
            assert_eq!(member.header().mtime(), 1_763_913_600);
            names.push(String::from_utf8_lossy(member.header().identifier()).into_owned());
        }
        assert_eq!(names, ["debian-binary", "control.tar.gz", "data.tar.gz"]);
        assert_eq!(bytes, deb(&tree, &tree, time).unwrap());
    }
}
