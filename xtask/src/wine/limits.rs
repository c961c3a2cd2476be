//! What the Windows build does and Wine 8 cannot have it do: the one list, which the page
//! docs/generated/platforms.md is made of, and which is held against what the tests skip.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::ensure;

/// Something that no test has run.
struct Limit {
    /// What it is.
    what: &'static str,
    /// Why Wine cannot do it.
    why: &'static str,
    /// What is tested in its place.
    instead: &'static str,
    /// What the test that would run it calls it when it skips; `None` where no test could.
    skipped_as: Option<&'static str>,
}

const LIMITS: &[Limit] = &[
    Limit {
        what: "closing connections",
        why: "`SetTcpEntry` says yes and closes nothing",
        instead: "Sockeye reports `still open`",
        skipped_as: Some("closing connections"),
    },
    Limit {
        what: "`sockeye close`",
        why: "the same",
        instead: "its exit status and words then",
        skipped_as: Some("sockeye close"),
    },
    Limit {
        what: "closing over IPv6",
        why: "`NsiSetAllParameters` ends whoever calls it",
        instead: "it is not called",
        skipped_as: Some("closing connections over IPv6"),
    },
    Limit {
        what: "when a socket was made, and its service",
        why: "both fields are always 0; `I_QueryTagInformation` ends whoever calls it",
        instead: "services of the whole process stand there; tables laid out by hand are decoded",
        skipped_as: Some("when a socket was made, and its service"),
    },
    Limit {
        what: "remotes of UDP, TCP that is only bound",
        why: "the exports are missing",
        instead: "they are named as missing; tables laid out by hand are decoded",
        skipped_as: Some("remote of connected UDP"),
    },
    Limit {
        what: "owners of accepted sockets",
        why: "their process is always 0",
        instead: "the row says that the owner is not observed",
        skipped_as: Some("owner of an accepted socket"),
    },
    Limit {
        what: "owners of sockets that their process has not used since it made them",
        why: "Wine knows a socket's process once that process has used it",
        instead: "the row says that the owner is not observed",
        skipped_as: None,
    },
    Limit {
        what: "owners of TCP over IPv6",
        why: "their process is always 0",
        instead: "the row says that the owner is not observed",
        skipped_as: Some("owner of TCP over IPv6"),
    },
    Limit {
        what: "events as they happen (ETW)",
        why: "`StartTrace` says yes and begins nothing",
        instead: "that this is said, and that looking goes on; records laid out by hand are decoded, and \
                  joined with tables",
        skipped_as: Some("events as they happen (ETW)"),
    },
    Limit {
        what: "what is counted of connections (EStats)",
        why: "`GetPerTcpConnectionEStats` is missing",
        instead: "it is named as missing; who switches counting on, and structures laid out by hand",
        skipped_as: None,
    },
    Limit {
        what: "signatures of an unknown root certificate",
        why: "it trusts a self-signed certificate",
        instead: "such a signature and its signer are read, and a changed byte is found; the table of codes",
        skipped_as: Some("distrust of a self-signed certificate"),
    },
    Limit {
        what: "signatures in catalogues",
        why: "it has no catalogues, and lists no files by SHA-256",
        instead: "a file that none lists is not signed; what follows from several answers",
        skipped_as: Some("signatures in catalogues"),
    },
    Limit {
        what: "notifications",
        why: "the tests have no taskbar",
        instead: "that the lack of one is said",
        skipped_as: Some("notifications"),
    },
    Limit {
        what: "dark title bars",
        why: "Wine draws no title bar",
        instead: "nothing: winit sets them",
        skipped_as: None,
    },
    Limit {
        what: "Restart as Administrator",
        why: "everybody is an administrator there",
        instead: "the command is grey then; what the window does with each answer",
        skipped_as: None,
    },
    Limit {
        what: "colours of a console",
        why: "the tests have no console",
        instead: "output into pipes has none",
        skipped_as: None,
    },
];

/// Holds what the tests skipped, a line each, against the list.
///
/// # Errors
///
/// When something was skipped that is not in it, or something in it was not.
pub(super) fn check(skipped: &str) -> anyhow::Result<()> {
    let lines = skipped.lines().filter_map(|line| line.strip_prefix("SKIPPED "));
    let names: BTreeSet<&str> =
        lines.map(|line| line.split_once(": ").map_or(line, |(name, _)| name)).collect();
    let known: BTreeSet<&str> = LIMITS.iter().filter_map(|limit| limit.skipped_as).collect();
    let unknown: Vec<&str> = names.difference(&known).copied().collect();
    let stale: Vec<&str> = known.difference(&names).copied().collect();
    ensure!(unknown.is_empty(), "skipped, and not in xtask/src/wine/limits.rs: {unknown:?}");
    ensure!(stale.is_empty(), "in xtask/src/wine/limits.rs, and not skipped: {stale:?}");
    Ok(())
}

/// The page about it.
pub(crate) fn page() -> String {
    let mut page = String::from(
        "# What no test has run on Windows\n\n\
         The Windows build is tested under Wine 8, which cannot do the following. `cargo xtask wine` and\n\
         CI name each that a test skips, and fail when that is not what is listed here. The tests run on\n\
         a real Windows unchanged (`cargo test --test windows --test cli`), and skip none of it there.\n\
         What Sockeye does on which system: [platforms](../platforms.md).\n\n\
         | what | why not under Wine 8 | what is tested instead |\n|---|---|---|\n",
    );
    for Limit { what, why, instead, .. } in LIMITS {
        let _ = writeln!(page, "| {what} | {why} | {instead} |");
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_skipped_is_what_is_listed() {
        let all: String = LIMITS
            .iter()
            .filter_map(|limit| Some(format!("SKIPPED {}: no\n", limit.skipped_as?)))
            .collect();
        assert!(check(&all).is_ok());
        let more = check(&format!("{all}SKIPPED dancing: no\n")).unwrap_err().to_string();
        assert!(more.contains("not in") && more.contains("dancing"), "{more}");
        let (_, fewer) = all.split_once('\n').unwrap();
        let fewer = check(fewer).unwrap_err().to_string();
        assert!(fewer.contains("not skipped") && fewer.contains("closing"), "{fewer}");
    }
}
