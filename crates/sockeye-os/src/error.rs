//! What can go wrong when asking or changing an operating system.

use std::fmt;

/// What a caller can act on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Not permitted to this user.
    Denied,
    /// Gone before it could be reached.
    Vanished,
    /// This system cannot do it.
    Unsupported,
    /// An answer or a file that makes no sense.
    Malformed,
    /// Anything else the operating system says.
    Os,
}

/// A failed operation: what was tried, on what, and why it failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error {
    /// What a caller can act on.
    pub kind: Kind,
    /// What was tried: `open`, `enter the network namespace`.
    pub operation: &'static str,
    /// On what: a path, a pid, an endpoint.
    pub subject: String,
    /// Why, in the operating system's words or ours.
    pub reason: String,
}

impl Error {
    /// An error of `kind`.
    pub fn new(
        kind: Kind,
        operation: &'static str,
        subject: impl Into<String>,
        reason: impl fmt::Display,
    ) -> Self {
        Self { kind, operation, subject: subject.into(), reason: reason.to_string() }
    }

    /// An error with the kind that `source` stands for.
    pub fn from_io(
        operation: &'static str,
        subject: impl Into<String>,
        source: &std::io::Error,
    ) -> Self {
        let kind = match source.kind() {
            std::io::ErrorKind::PermissionDenied => Kind::Denied,
            std::io::ErrorKind::NotFound => Kind::Vanished,
            std::io::ErrorKind::Unsupported => Kind::Unsupported,
            std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof => Kind::Malformed,
            _ => Kind::Os,
        };
        Self::new(kind, operation, subject, plain(source))
    }
}

/// What the operating system said, without Rust's ` (os error N)`.
pub fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

/// One sentence without a full stop: `cannot open /proc/1/fd: Permission denied`.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}", self.operation)?;
        if !self.subject.is_empty() {
            write!(f, " {}", self.subject)?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl std::error::Error for Error {}
