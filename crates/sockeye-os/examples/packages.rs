//! Measures what it takes to say whose software 1,000 processes of 50 images are.
//!
//! `cargo run --release -p sockeye-os --example packages`

#![expect(clippy::print_stdout, reason = "it measures, and says what")]

use std::path::Path;
use std::process::{Child, Command};
use std::time::Instant;

use sockeye_core::ProcessId;
use sockeye_os::packages::{Image, Packages};

fn main() -> std::io::Result<()> {
    let listing = std::fs::read_dir("/usr/bin")?.filter_map(Result::ok).map(|entry| entry.path());
    let files = listing.filter(|path| path.is_file() && !path.is_symlink());
    let paths: Vec<String> = files.map(|path| path.to_string_lossy().into_owned()).collect();
    let spawn = |_| Command::new("sleep").arg("600").spawn();
    let mut children = (0..1000).map(spawn).collect::<Result<Vec<Child>, _>>()?;
    let images: Vec<Image<'_>> = children
        .iter()
        .zip(paths.iter().take(50).cycle())
        .map(|(child, path)| {
            let process = ProcessId { pid: child.id(), start: 0 };
            Image { process, path, is_deleted: false }
        })
        .collect();
    let mut packages = Packages::new();
    let mut ask = |what: &str, images: &[Image<'_>]| {
        let start = Instant::now();
        let answers = packages.owners_of(images);
        let (taken, known) = (start.elapsed(), answers.iter().filter(|one| one.is_ok()).count());
        println!("{what}: {taken:?}, {known} of {} known", images.len());
    };
    ask("1,000 processes of 50 images", &images);
    ask("the same again", &images);
    let others = images.iter().zip(paths.iter().skip(50));
    let others: Vec<Image<'_>> = others.map(|(image, path)| Image { path, ..*image }).collect();
    ask("other images", others.get(..50).unwrap_or(&others));
    for child in &mut children {
        child.kill()?;
        child.wait()?;
    }
    let lists = Path::new("/var/lib/dpkg/info").read_dir().map_or(0, Iterator::count);
    println!("{lists} files in dpkg's info");
    Ok(())
}
