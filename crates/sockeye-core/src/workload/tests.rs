//! Control groups as runtimes lay them out, and as nobody would.

extern crate std;

use alloc::format;
use alloc::string::ToString;
use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;

/// What is found, a word for each fact; ids are cut, since 64 digits tell a reader nothing.
fn told(path: &str) -> String {
    let found = Workload::of(path);
    let mut words = Vec::new();
    let mut put = |name: &str, value: Option<String>| {
        words.extend(value.map(|value| format!("{name}={value}")));
    };
    put("unit", found.unit.map(cut));
    put("system", found.system_unit.filter(|_| found.system_unit != found.unit).map(cut));
    put("user-unit", found.user_unit.filter(|_| found.user_unit != found.unit).map(cut));
    put("user", found.user_id.map(|id| id.to_string()));
    put("slice", found.slice.map(cut));
    let all = found.containers();
    let all = all.map(|c| format!("{}:{}", c.runtime.id(), c.short_id())).collect::<Vec<_>>();
    put("container", (!all.is_empty()).then(|| all.join("/")));
    put("pod", found.pod.map(|pod| pod.to_string()));
    assert_eq!(found.container, found.containers().last(), "{path}");
    if words.is_empty() { "nothing".into() } else { words.join(" ") }
}

/// The text with its first made-up id cut.
fn cut(text: &str) -> String {
    let id = text.split(|c: char| !c.is_ascii_hexdigit()).find(|part| part.len() == 64);
    id.map_or(text.into(), |id| text.replace(id, short_id(id)))
}

/// The directory of fixtures: a file for each runtime, a path and under it what is to be found.
fn fixtures() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/cgroups")
}

#[test]
fn every_runtime_is_told_by_its_paths() {
    let mut paths = 0;
    for file in fs::read_dir(fixtures()).unwrap() {
        let file = file.unwrap().path();
        let text = fs::read_to_string(&file).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>();
        for pair in lines.chunks(2) {
            let [path, expected] = pair else { panic!("{}: a path alone", file.display()) };
            assert_eq!(format!("  {}", told(path)), *expected, "{}: {path}", file.display());
            paths += 1;
        }
    }
    assert!(paths > 100, "{paths}");
}

#[test]
fn every_runtime_has_a_word_of_its_own() {
    let words = Runtime::all().map(Runtime::id).collect::<alloc::collections::BTreeSet<_>>();
    assert_eq!(words.len(), Runtime::all().len());
}

#[test]
fn escapes_are_undone_where_they_are_some() {
    let check = |text, expected: &str| assert_eq!(unescape(text), expected, "{text}");
    check("web", "web");
    check(r"web\x2d1", "web-1");
    check(r"a\x2db\x2Dc", "a-b-c");
    check(r"k\xc3\xbcche", "küche");
    check(r"a-b", "a-b");
    check(r"\x", r"\x");
    check(r"\x2", r"\x2");
    check(r"\xzz\x2d", r"\xzz-");
    check(r"\x\x2d", r"\x-");
    check(r"\xff", r"\xff");
    check(r"a\x00b", r"a\x00b");
    check("\\xüü", "\\xüü");
}

/// Parts that mean something, and parts that nearly do.
fn part() -> impl Strategy<Value = String> {
    let uid = "[0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}";
    let front = "(docker-|libpod-|libpod-conmon-|crio-|cri-containerd-|lxc.payload.|machine-|snap.|\
                 app-flatpak-|user@|user-|kubepods-pod|pod|_|:|::)?";
    let back = "(.scope|.service|.slice|.socket|\\\\x2d|\\\\x|-1.scope)?";
    let middle = prop_oneof![
        4 => "[0-9a-f]{64}",
        1 => "[0-9a-f]{63}",
        2 => uid,
        1 => "[0-9]{0,12}",
        1 => "\\PC{0,6}",
        1 => Just("lxc".to_string()),
    ];
    (front, middle, back).prop_map(|(front, middle, back)| format!("{front}{middle}{back}"))
}

proptest! {
    #[test]
    fn any_path_is_read_and_what_is_found_stands_in_it(
        parts in proptest::collection::vec(prop_oneof![part(), Just("..".into())], 0..8),
    ) {
        let path = parts.join("/");
        let found = Workload::of(&path);
        let units = [found.unit, found.system_unit, found.user_unit, found.slice];
        for unit in units.into_iter().flatten() {
            prop_assert!(path.contains(unit));
        }
        for container in found.containers() {
            prop_assert!(!container.id().is_empty() && !container.short_id().is_empty());
            prop_assert_eq!(container.name().is_some(), container.runtime.has_named_containers());
        }
        prop_assert_eq!(found.containers().last(), found.container);
        if let Some(pod) = found.pod {
            prop_assert!(matches!(pod.to_string().len(), 32 | 36));
        }
        let from_within = format!("/../{path}");
        prop_assert_eq!(Workload::of(&from_within).container, found.container);
    }

    #[test]
    fn no_text_breaks_it(text in "\\PC*", escaped in "(\\\\x?[0-9a-g]{0,3}|.)*") {
        told(&text);
        unescape(&escaped);
    }
}

/// Writes down what is found, for a look at the difference: `cargo test -p sockeye-core -- --ignored
/// write_expectations`.
#[test]
#[ignore = "writes the fixtures"]
fn write_expectations() {
    for file in fs::read_dir(fixtures()).unwrap() {
        let file = file.unwrap().path();
        let text = fs::read_to_string(&file).unwrap();
        let mut written = String::new();
        for line in text.lines().filter(|line| !line.starts_with("  ")) {
            written.push_str(&format!("{line}\n"));
            if !line.starts_with('#') {
                written.push_str(&format!("  {}\n", told(line)));
            }
        }
        fs::write(&file, written).unwrap();
    }
}
