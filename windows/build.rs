//! The build script of both programs: gives them icon, version and manifest where they are built for Windows.
//!
//! Elsewhere it does nothing. Where no resource compiler is installed it says so and goes on, so that whoever
//! only checks the code needs none.

use std::env;
use std::io;

use winresource::WindowsResource;

/// The icon, which `cargo xtask icons` draws.
const ICON: &str = "../sockeye-gui/assets/sockeye.ico";
/// What Windows knows of a program before it runs.
const MANIFEST: &str = "../../windows/sockeye.manifest";

fn main() {
    println!("cargo::rerun-if-changed=../../windows/build.rs");
    println!("cargo::rerun-if-changed={ICON}");
    println!("cargo::rerun-if-changed={MANIFEST}");
    if env::var_os("CARGO_CFG_WINDOWS").is_none() {
        return;
    }
    if let Err(error) = describe(&said("CARGO_PKG_NAME")) {
        println!(
            "cargo::warning=no resource compiler (windres or rc.exe): {error}; the program will have no icon, \
             version and manifest"
        );
    }
}

/// Links the resources into the program `name`.
fn describe(name: &str) -> io::Result<()> {
    // The task manager and notifications call a program by its FileDescription.
    let called = if name == "sockeye-gui" { "Sockeye" } else { "Sockeye for the console" };
    let file = format!("{name}.exe");
    let copyright = format!("{}; {}", said("CARGO_PKG_AUTHORS"), said("CARGO_PKG_LICENSE"));
    let mut resource = WindowsResource::new();
    resource
        .set("FileDescription", called)
        .set("ProductName", "Sockeye")
        .set("CompanyName", &said("CARGO_PKG_AUTHORS"))
        .set("LegalCopyright", &copyright)
        .set("Comments", &said("CARGO_PKG_DESCRIPTION"))
        .set("InternalName", name)
        .set("OriginalFilename", &file)
        // U.S. English.
        .set_language(0x0409)
        .set_icon(&absolute(ICON)?)
        .set_manifest_file(&absolute(MANIFEST)?);
    resource.compile_for(name)
}

/// The whole path of a file that is named from the package.
fn absolute(path: &str) -> io::Result<String> {
    let path = std::path::absolute(path)?;
    path.into_os_string().into_string().map_err(|_| io::Error::other("a path is no Unicode"))
}

/// What cargo says of the package.
fn said(variable: &str) -> String {
    env::var(variable).unwrap_or_default()
}
