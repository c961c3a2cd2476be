//! The desktop's program on Windows and on Wine, without its window: what it prints, what it is made of.
//!
//! What its window shows is looked at by `cargo xtask wine`.

#![cfg(windows)]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test reports by panicking, and its child says where it listens"
)]

use std::net::TcpListener;
use std::process::{Command, Output};

use sockeye_core::ProcessId;
use sockeye_os::desktop::{Elevation, elevation, icon_in};
use sockeye_os::packages::{Image, Packages};

const BINARY: &str = env!("CARGO_BIN_EXE_sockeye-gui");

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = Command::new(BINARY).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn what_it_is_asked_for_is_printed_for_whoever_reads() {
    let version = format!("sockeye-gui {}", env!("CARGO_PKG_VERSION"));
    let (status, out, err) = run(&["--version"]);
    assert_eq!((status, out.trim(), &*err), (Some(0), &*version, ""));
    let (status, out, _) = run(&["--help"]);
    assert!(status == Some(0) && out.contains("sockeye-gui 'remote.port"), "{out}");
    let (status, out, err) = run(&["--nonsense"]);
    assert_eq!((status, &*out), (Some(2), ""));
    assert!(err.contains("--nonsense"), "{err}");
}

#[test]
fn its_image_is_one_with_a_window_and_names_itself() {
    let image = std::fs::read(BINARY).unwrap();
    let number = |at: usize| u32::from_le_bytes(image[at..at + 4].try_into().unwrap());
    // The PE header stands where offset 60 says; 92 bytes behind its signature is the subsystem, and 2 is
    // that of windows (PE Format, learn.microsoft.com).
    let header = number(60) as usize;
    assert_eq!(&image[header..header + 4], b"PE\0\0");
    assert_eq!(number(header + 92) & 0xFFFF, 2);
    let process = ProcessId { pid: std::process::id(), start: 0 };
    let image = Image { process, path: BINARY, is_deleted: false };
    let package = Packages::new().owners_of(&[image]).remove(0).unwrap();
    assert_eq!(&*package.name, "Sockeye");
    assert!(package.version.as_deref().unwrap().starts_with(env!("CARGO_PKG_VERSION")));
    assert_eq!(package.vendor.as_deref(), Some(env!("CARGO_PKG_AUTHORS")));
    assert_eq!(package.description.as_deref(), Some("Sockeye"));
}

#[test]
fn its_manifest_asks_for_no_rights() {
    let image = std::fs::read(BINARY).unwrap();
    let manifest = include_bytes!("../../../windows/sockeye.manifest");
    assert!(image.windows(manifest.len()).any(|part| part == manifest));
    assert_ne!(elevation(), Elevation::Unknown);
}

#[test]
fn its_icon_is_the_drawing() {
    let drawing = include_bytes!("../assets/sockeye-32.png");
    let drawn = image::load_from_memory(drawing).unwrap().into_rgba8();
    let icon = icon_in(BINARY, 32).unwrap();
    assert_eq!((icon.width, icon.height), (32, 32));
    let pairs = drawn.as_raw().chunks_exact(4).zip(icon.rgba.chunks_exact(4));
    let is_near = |(a, b): &(&[u8], &[u8])| a.iter().zip(*b).all(|(a, b)| a.abs_diff(*b) <= 8);
    // What cannot be seen has no colour.
    let seen: Vec<_> = pairs.filter(|(a, _)| a[3] > 64).collect();
    let alike = seen.iter().filter(|pair| is_near(pair)).count();
    assert!(seen.len() > 300 && alike * 100 > seen.len() * 95, "{alike} of {}", seen.len());
    assert!(icon.rgba.chunks_exact(4).any(|pixel| pixel[3] == 0));
    assert_eq!(icon_in(r"C:\nowhere\x.exe", 32), None);
}

/// Set where this program is to listen as somebody's child.
const CHILD: &str = "SOCKEYE_TEST_LISTENER";

/// Listens until its input ends, for `cargo xtask wine`: says where, and who it is.
#[test]
fn a_listener_waits() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // Wine knows whose a socket is when its process has done something with it.
    listener.set_ttl(64).unwrap();
    println!("\nlistening {} {}", listener.local_addr().unwrap().port(), std::process::id());
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
}
