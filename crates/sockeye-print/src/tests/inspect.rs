//! A process in full, on Windows: its signature, and nothing that only Linux has.

use sockeye_core::description::{Description, Standing};
use sockeye_core::signature::{Distrust, Signature};

use super::*;

/// A process on Windows whose image is signed so.
fn described(signature: Fact<Signature>) -> Description {
    let process = Process {
        name: "agent.exe".into(),
        cgroup: None,
        user_id: None,
        ..process(4711, Ok(r"C:\Program Files\Agent\agent.exe"))
    };
    Description {
        working_directory: Ok(r"C:\Windows\system32".into()),
        root_directory: Err(Absent::Nonexistent),
        identity: Err(Absent::Nonexistent),
        capabilities: Err(Absent::Nonexistent),
        security_label: Err(Absent::Nonexistent),
        signature,
        threads: Ok(3),
        standing: Standing::default(),
        ancestors: Vec::new(),
        users: Default::default(),
        groups: Default::default(),
        process,
    }
}

/// What is printed of it where `source` was looked at, as text and as a line of JSON.
fn reported(description: &Description, source: Source) -> (String, String) {
    let time = Timestamp::from_unix_ns(1_700_000_000_000_000_000);
    let mut snapshot = Snapshot::new(time, source);
    let process = description.process.clone();
    snapshot.processes.insert(process.id, process);
    let report =
        || Report { snapshot: &snapshot, description, endpoints: Vec::new(), namespace: None };
    let (mut text, mut json) = (Vec::new(), Vec::new());
    inspect_text(&[report()], Layout::PLAIN, &mut text).unwrap();
    inspect_lines(&[report()], &mut json).unwrap();
    (String::from_utf8(text).unwrap(), String::from_utf8(json).unwrap())
}

#[test]
fn inspect_of_a_signed_program() {
    let signer = Some("Ex\u{1b}[2Jample \u{202e}Ltd".into());
    let description = described(Ok(Signature::Trusted { signer }));
    let (text, json) = reported(&description, Source::Iphlpapi);
    assert_snapshot!(format!("{text}{json}"));
}

#[test]
fn every_signature_is_said_to_people_and_to_machines() {
    let check = |signature: Fact<Signature>, words: Option<&str>, members: Option<&str>| {
        let (text, json) = reported(&described(signature.clone()), Source::Iphlpapi);
        let said = text.lines().find_map(|line| line.strip_prefix("  signature      "));
        assert_eq!(said, words, "{text}");
        let member = json.split_once("\"code_signature\":").map(|(_, rest)| rest);
        let fits = match (member, members) {
            (Some(found), Some(expected)) => found.starts_with(expected),
            (None, None) => true,
            _ => false,
        };
        assert!(fits, "{json}");
        // Of other systems it is not said that they have none.
        if signature.is_err() {
            let (text, json) = reported(&described(signature), Source::Ebpf);
            assert!(!text.contains("signature") && !json.contains("signature"), "{text}{json}");
        }
    };
    let untrusted = |reason, signer| Ok(Signature::Untrusted { reason, signer });
    check(Ok(Signature::None), Some("not signed"), Some(r#"{"exists":false}"#));
    check(
        Ok(Signature::Trusted { signer: None }),
        Some("signed, by a certificate without a name"),
        Some(r#"{"exists":true,"trusted":true,"status":"trusted"}"#),
    );
    check(
        untrusted(Distrust::Revoked, Some("Igor".into())),
        Some("signature not valid: a certificate was revoked; it names Igor"),
        Some(r#"{"exists":true,"trusted":false,"status":"revoked","subject_name":"Igor"}"#),
    );
    check(
        untrusted(Distrust::Other(0x800B_0110), None),
        Some("signature not valid: Windows says 0x800B0110"),
        Some(r#"{"exists":true,"trusted":false,"status":"0x800b0110"}"#),
    );
    check(Err(Absent::Denied), Some("(not permitted)"), Some(r#""denied""#));
    let unread = Some("(of a kind that Sockeye cannot read)");
    check(Err(Absent::Unsupported), unread, Some(r#""unsupported""#));
}
