//! `sockeye doctor`: what can be seen, what not, and a remedy that mends it.

use std::collections::BTreeMap;
use std::net::UdpSocket;
use std::process::Command;

use serde_json::Value;

use crate::sockeye::{Run, sockeye};
use crate::unprivileged::{as_nobody, nobody_with};
use crate::world::{run, visit};

/// Everything that is examined, in the order of the report.
const CAPABILITIES: [&str; 14] = [
    "system",
    "sock_diag",
    "proc_net",
    "ebpf_lists",
    "ebpf_events",
    "ebpf_truth",
    "owners",
    "namespaces",
    "metrics",
    "bound",
    "services",
    "users",
    "close",
    "end",
];
/// What nobody may do in full.
const DENIED: [&str; 4] = ["owners", "namespaces", "close", "end"];
/// What nobody may do at all, and root where the kernel can.
const EBPF: [&str; 3] = ["ebpf_lists", "ebpf_events", "ebpf_truth"];

/// The findings of a report in JSON.
fn findings(run: &Run) -> Vec<BTreeMap<String, String>> {
    assert_eq!((run.status, run.err.as_str()), (Some(0), ""), "{run:?}");
    let report: Value = serde_json::from_str(&run.out).unwrap();
    let findings: Vec<BTreeMap<String, String>> =
        serde_json::from_value(report["findings"].clone()).unwrap();
    let capabilities: Vec<_> = findings.iter().map(|found| &*found["capability"]).collect();
    assert_eq!(capabilities, CAPABILITIES);
    findings
}

/// The finding about `capability`.
fn about<'f>(
    findings: &'f [BTreeMap<String, String>],
    capability: &str,
) -> &'f BTreeMap<String, String> {
    findings.iter().find(|found| found["capability"] == capability).unwrap()
}

/// Checks that the report for people says what `findings` say, in lines that fit.
fn check_text(run: &Run, findings: &[BTreeMap<String, String>]) {
    assert_eq!((run.status, run.err.as_str()), (Some(0), ""), "{run:?}");
    assert!(!run.out.contains(|c: char| c.is_control() && c != '\n'), "{run:?}");
    let is_command = |line: &&str| line.starts_with("    $ ");
    for line in run.out.lines().filter(|line| !is_command(line)) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let titles = findings.iter().map(|found| format!("{:<7}  {}", found["status"], found["title"]));
    let told = run.out.lines().filter(|line| !line.starts_with(' '));
    assert_eq!(told.collect::<Vec<_>>(), titles.collect::<Vec<_>>());
    let remedies = findings.iter().filter_map(|found| found.get("remedy"));
    let told = run.out.lines().filter(is_command).map(|line| &line[6..]);
    assert_eq!(told.collect::<Vec<_>>(), remedies.collect::<Vec<_>>());
}

#[test]
fn everything_works_for_one_who_may_everything() {
    visit(|world| {
        world.join_network("other");
        let _socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let findings = findings(&sockeye(&["doctor", "--format", "json"]));
        for found in findings.iter().filter(|found| DENIED.contains(&&*found["capability"])) {
            // Worlds are PID namespaces, and nothing that is done inside leads out of one.
            let is_world = found["detail"].starts_with("Sockeye runs in a PID namespace");
            assert_eq!(found["capability"] == "owners", is_world, "{found:?}");
            assert!(is_world || found["status"] == "works", "{found:?}");
            assert_eq!(found.get("remedy"), None, "{found:?}");
        }
        for capability in EBPF {
            let found = about(&findings, capability);
            if capability == EBPF[0] && found["status"] != "works" {
                world.skip(&format!("eBPF: {}", found["detail"]));
                break;
            }
            assert_eq!((&*found["status"], found.get("remedy")), ("works", None), "{found:?}");
        }
        check_text(&sockeye(&["doctor"]), &findings);
    });
}

#[test]
fn what_is_not_permitted_has_a_remedy_that_mends_it() {
    visit(|world| {
        world.join_network("other");
        let Some(report) = as_nobody(world, &["doctor", "-f", "json"]) else {
            return;
        };
        let before = findings(&report);
        let is_ebpf = |found: &BTreeMap<_, String>| EBPF.contains(&&*found["capability"]);
        for found in before.iter().filter(|found| !is_ebpf(found)) {
            let is_denied = DENIED.contains(&&*found["capability"]);
            assert_eq!(is_denied, found["status"] != "works", "{found:?}");
            assert_eq!(is_denied, found.contains_key("remedy"), "{found:?}");
        }
        check_text(&as_nobody(world, &["doctor"]).unwrap(), &before);

        let of_root = findings(&sockeye(&["doctor", "-f", "json"]));
        let works = |findings: &[_], what| about(findings, what)["status"] == "works";
        assert!(EBPF.iter().all(|what| !works(&before, what)), "{before:#?}");
        let mended = ["owners", "namespaces", "ebpf_lists", "ebpf_events"];
        let mended =
            mended.iter().filter(|what| !is_ebpf(about(&before, what)) || works(&of_root, what));
        let mended: Vec<&str> = mended.copied().collect();
        let remedy = &about(&before, mended[0])["remedy"];
        for what in &mended {
            assert_eq!(remedy, &about(&before, what)["remedy"], "one command for all");
        }
        if Command::new("setcap").arg("-h").output().is_err() {
            return world.skip("setcap(8) is not there to follow the advice");
        }
        run("sh", &["-c", remedy.strip_prefix("sudo ").unwrap()]);
        let after = findings(&nobody_with(world, &["doctor", "-f", "json"]));
        for what in mended {
            assert_eq!(
                about(&after, what)["status"],
                about(&of_root, what)["status"],
                "{after:#?}"
            );
        }
        assert_eq!(about(&after, "owners"), about(&of_root, "owners"));
        assert_eq!(about(&after, "namespaces"), about(&of_root, "namespaces"));
    });
}
