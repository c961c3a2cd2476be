//! Desktop entries: what an application is called, how it is started and which icon stands for it.
//!
//! Desktop Entry Specification 1.5.

use sockeye_core::answer::{Origin, Package};

use super::keyfile::{Line, decode, unescape};

/// Words before a program that only set its environment; env(1).
const ENVIRONMENT: [&str; 2] = ["env", "/usr/bin/env"];

/// An application, as its desktop entry describes it.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct DesktopEntry {
    /// Its name, not translated.
    pub name: Box<str>,
    /// What it is, not translated: `Comment`, else `GenericName`.
    pub description: Option<Box<str>>,
    /// Name of its icon in a theme, or full path of a file.
    pub icon: Option<Box<str>>,
    /// The words of `Exec`, without what only sets the environment: the program first.
    pub command: Vec<Box<str>>,
    /// `TryExec`: the program that has to be there.
    pub program: Option<Box<str>>,
    /// The application's id in Flatpak, `X-Flatpak`.
    pub flatpak: Option<Box<str>>,
    /// The snap that it belongs to, `X-SnapInstanceName`.
    pub snap: Option<Box<str>>,
}

impl DesktopEntry {
    /// Decodes the text of a `.desktop` file; `None` when it describes no application.
    pub fn decode(text: &[u8]) -> Option<Self> {
        let mut entry = Self::default();
        let mut generic_name = None;
        let mut is_application = false;
        let lines = decode(text).skip_while(|line| line.group != b"Desktop Entry");
        for Line { key, value, .. } in lines.take_while(|line| line.group == b"Desktop Entry") {
            let text = || Some(unescape(value)).filter(|text| !text.is_empty()).map(Box::from);
            match key {
                b"Type" => is_application = value == b"Application",
                b"Hidden" if value == b"true" => return None,
                b"Name" => entry.name = text()?,
                b"GenericName" => generic_name = text(),
                b"Comment" => entry.description = text(),
                b"Icon" => entry.icon = text(),
                b"Exec" => entry.command = command(&unescape(value)),
                b"TryExec" => entry.program = text(),
                b"X-Flatpak" => entry.flatpak = text(),
                b"X-SnapInstanceName" => entry.snap = text(),
                _ => {}
            }
        }
        entry.description = entry.description.or(generic_name);
        (is_application && !entry.name.is_empty()).then_some(entry)
    }

    /// What it says as a package: a name and a description.
    pub fn package(&self) -> Package {
        Package {
            name: self.name.clone(),
            description: self.description.clone(),
            origin: Origin::DesktopEntry,
            ..Package::default()
        }
    }
}

/// The words of a command, without `env` and its variables.
fn command(exec: &str) -> Vec<Box<str>> {
    let mut words = split(exec).into_iter().peekable();
    if words.next_if(|word| ENVIRONMENT.contains(&&**word)).is_some() {
        while words.next_if(|word| word.contains('=') || word.starts_with('-')).is_some() {}
    }
    words.collect()
}

/// Words between spaces. In double quotes spaces do not separate, and a backslash takes the next
/// character as it is.
fn split(exec: &str) -> Vec<Box<str>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut is_quoted = false;
    let mut characters = exec.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                is_quoted = !is_quoted;
                word.get_or_insert_default();
            }
            '\\' if is_quoted => word.get_or_insert_default().extend(characters.next()),
            ' ' | '\t' | '\n' if !is_quoted => words.extend(word.take().map(Into::into)),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word.map(Into::into));
    words
}
