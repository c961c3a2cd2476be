//! What the codes of Windows' calls mean for what was tried (winerror.h): the kind of the failure, why,
//! and what helps.

use sockeye_core::process::Absent;

use crate::{Error, Kind};

/// Not permitted.
pub const ACCESS_DENIED: u32 = 5;
/// The system or the driver cannot do it.
pub const NOT_SUPPORTED: u32 = 50;
/// A value that the call does not take; of `OpenProcess`, a number that no process has.
pub const INVALID_PARAMETER: u32 = 87;
/// An export, level or class that this system does not know.
pub const CALL_NOT_IMPLEMENTED: u32 = 120;
/// The answer is larger than the buffer.
pub const INSUFFICIENT_BUFFER: u32 = 122;
/// There is nothing to tell: an empty table.
pub const NO_DATA: u32 = 232;
/// The network stack's code for a connection that it does not have, and for whoever is not elevated.
pub const MR_MID_NOT_FOUND: u32 = 317;
/// There is no such connection, or none any more.
pub const NOT_FOUND: u32 = 1168;
/// Some privilege was not granted.
pub const NOT_ALL_ASSIGNED: u32 = 1300;
/// A privilege is missing.
pub const PRIVILEGE_NOT_HELD: u32 = 1314;

/// What was tried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// To read a table of sockets.
    Table,
    /// To close a connection.
    Close,
    /// To end a process.
    End,
    /// To switch the counting of a connection on or off.
    Count,
    /// To read what was counted of a connection.
    Counted,
    /// To open a process or its token.
    Open,
    /// To take the privilege to look at every process.
    Privilege,
}

impl Operation {
    /// How an error says it, after `cannot`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Table => "read the IP Helper's tables",
            Self::Close => "close the connection",
            Self::End => "end process",
            Self::Count => "have the connection counted",
            Self::Counted => "read what was counted of the connection",
            Self::Open => "open the process",
            Self::Privilege => "take SeDebugPrivilege",
        }
    }
}

/// Whether whoever tries has an administrator's full rights.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rights {
    /// As far as Windows gives them.
    Elevated,
    /// A user's.
    Ordinary,
}

/// What is said to whoever lacks rights.
const ADMINISTRATOR: &str = "it takes an administrator's rights: run as administrator";
const OTHERS: &str = "it is another user's, or protected: run as administrator";
const PROTECTED: &str = "it is protected, and not even an administrator may";
const PRIVILEGE: &str = "this user has no SeDebugPrivilege: run as administrator";
const GONE: &str = "it is gone";
const ENDED: &str = "it has ended";

/// The failure that `code` stands for, with the kind that a caller can act on. `words` are the
/// system's own, for codes that mean nothing more here than anywhere.
pub fn refusal(
    (operation, subject): (Operation, &str),
    code: u32,
    rights: Rights,
    words: impl FnOnce() -> String,
) -> Error {
    let known = meaning(operation, code, rights);
    let (kind, reason) =
        known.map_or_else(|| (Kind::Os, words()), |(kind, reason)| (kind, reason.to_owned()));
    Error::new(kind, operation.words(), subject, reason)
}

/// What `code` means for `operation`; `None` where it has no meaning of its own.
fn meaning(operation: Operation, code: u32, rights: Rights) -> Option<(Kind, &'static str)> {
    use Operation::{Close, Count, Counted, End, Open, Privilege, Table};
    Some(match (code, operation, rights) {
        (NOT_ALL_ASSIGNED | PRIVILEGE_NOT_HELD, ..) | (ACCESS_DENIED, Privilege, _) => {
            (Kind::Denied, PRIVILEGE)
        }
        (ACCESS_DENIED, End | Open, Rights::Elevated) => (Kind::Denied, PROTECTED),
        (ACCESS_DENIED, End | Open, Rights::Ordinary) => (Kind::Denied, OTHERS),
        (ACCESS_DENIED, ..) | (MR_MID_NOT_FOUND, Close | Count | Counted, Rights::Ordinary) => {
            (Kind::Denied, ADMINISTRATOR)
        }
        (MR_MID_NOT_FOUND | NOT_FOUND, Close | Count | Counted, _) => (Kind::Vanished, GONE),
        (INVALID_PARAMETER | NOT_FOUND, End | Open, _) => (Kind::Vanished, ENDED),
        (NOT_SUPPORTED | CALL_NOT_IMPLEMENTED, _, _) => (Kind::Unsupported, cannot(operation)),
        (INVALID_PARAMETER, Close, _) => (
            Kind::Unsupported,
            "the system does not take it for a connection that can be closed: end the process instead",
        ),
        (INVALID_PARAMETER, Table | Count | Counted, _) => (Kind::Unsupported, cannot(operation)),
        (INSUFFICIENT_BUFFER, Table, _) => {
            (Kind::Os, "it grew faster than room was made for it: try again")
        }
        (INSUFFICIENT_BUFFER, Count | Counted, _) => (Kind::Unsupported, cannot(operation)),
        _ => return None,
    })
}

/// What a system without the call's support lacks.
fn cannot(operation: Operation) -> &'static str {
    match operation {
        Operation::Table => "this system has no such table, as where its family is not installed",
        Operation::Close => "this system closes no such connections: end the process instead",
        Operation::End => "this system cannot end it",
        Operation::Count | Operation::Counted => "this system does not count single connections",
        Operation::Open => "this system does not open it",
        Operation::Privilege => "this system knows no such privilege",
    }
}

/// Why a fact about a process is not known, by the code that refused it.
pub fn absent(code: u32) -> Absent {
    match meaning(Operation::Open, code, Rights::Ordinary) {
        Some((Kind::Denied, _)) => Absent::Denied,
        Some((Kind::Vanished, _)) => Absent::Vanished,
        Some((Kind::Unsupported, _)) => Absent::Unsupported,
        _ => Absent::Nonexistent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each operation with its codes, for an ordinary user and for an administrator.
    #[test]
    fn every_code_says_what_why_and_what_helps() {
        use Kind::{Denied, Os, Unsupported, Vanished};
        use Operation::{Close, Count, Counted, End, Open, Privilege, Table};
        let table = [
            // 5, 50, 87, 122, 317, 1168, 1300, 1314
            (Table, [Denied, Unsupported, Unsupported, Os, Os, Os, Denied, Denied]),
            (Close, [Denied, Unsupported, Unsupported, Os, Denied, Vanished, Denied, Denied]),
            (End, [Denied, Unsupported, Vanished, Os, Os, Vanished, Denied, Denied]),
            (Open, [Denied, Unsupported, Vanished, Os, Os, Vanished, Denied, Denied]),
            (Privilege, [Denied, Unsupported, Os, Os, Os, Os, Denied, Denied]),
            (
                Count,
                [Denied, Unsupported, Unsupported, Unsupported, Denied, Vanished, Denied, Denied],
            ),
            (
                Counted,
                [Denied, Unsupported, Unsupported, Unsupported, Denied, Vanished, Denied, Denied],
            ),
        ];
        let codes = [5, 50, 87, 122, 317, 1168, 1300, 1314];
        for (operation, kinds) in table {
            for (code, kind) in codes.into_iter().zip(kinds) {
                let ask =
                    |rights| refusal((operation, "x"), code, rights, || format!("code {code}"));
                let error = ask(Rights::Ordinary);
                assert_eq!(error.kind, kind, "{operation:?} {code}");
                let text = error.to_string();
                assert!(text.starts_with(&format!("cannot {} x: ", operation.words())), "{text}");
                assert_eq!(text.ends_with(&format!("code {code}")), is_bare(&error), "{text}");
                if kind == Denied {
                    assert!(text.ends_with(": run as administrator"), "{text}");
                }
                // An administrator who is told that it is gone is told the truth.
                let elevated = ask(Rights::Elevated).kind;
                let expected = if (code, kind) == (317, Denied) { Vanished } else { kind };
                assert_eq!(elevated, expected, "{operation:?} {code}");
            }
        }
    }

    /// Whether only the system's own words are there.
    fn is_bare(error: &Error) -> bool {
        error.kind == Kind::Os && error.reason.starts_with("code ")
    }

    #[test]
    fn whoever_is_administrator_is_not_told_to_be_one() {
        for operation in [Operation::End, Operation::Open] {
            let error = refusal((operation, ""), ACCESS_DENIED, Rights::Elevated, String::new);
            assert_eq!(error.reason, PROTECTED);
        }
    }

    #[test]
    fn facts_that_are_refused_say_why() {
        let check = |code, expected| assert_eq!(absent(code), expected, "{code}");
        check(ACCESS_DENIED, Absent::Denied);
        check(PRIVILEGE_NOT_HELD, Absent::Denied);
        check(INVALID_PARAMETER, Absent::Vanished);
        check(NOT_FOUND, Absent::Vanished);
        check(NOT_SUPPORTED, Absent::Unsupported);
        check(INSUFFICIENT_BUFFER, Absent::Nonexistent);
        check(2, Absent::Nonexistent);
    }
}
