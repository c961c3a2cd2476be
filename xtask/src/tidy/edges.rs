//! Which crate may depend on which: an arrow only ever points down.

use serde_json::Value;

use super::Finding;

const RULE: &str = "edge";

/// Every crate of the workspace, lowest floor first, with the crates of the workspace it may use.
const FLOORS: &[(&str, &[&str])] = &[
    ("sockeye-core", &[]),
    ("sockeye-print", &["sockeye-core"]),
    ("sockeye-os", &["sockeye-core"]),
    ("sockeye-engine", &["sockeye-core", "sockeye-os"]),
    ("sockeye-tui", &["sockeye-core", "sockeye-engine"]),
    ("sockeye-record", &["sockeye-core", "sockeye-engine"]),
    ("sockeye-fleet", &["sockeye-core", "sockeye-engine"]),
    (
        "sockeye",
        &[
            "sockeye-core",
            "sockeye-print",
            "sockeye-os",
            "sockeye-engine",
            "sockeye-tui",
            "sockeye-record",
            "sockeye-fleet",
        ],
    ),
    (
        "sockeye-gui",
        &[
            "sockeye-core",
            "sockeye-print",
            "sockeye-os",
            "sockeye-engine",
            "sockeye-record",
            "sockeye-fleet",
        ],
    ),
    ("xtask", &["sockeye-core"]),
];

/// What a crate without a wire format may use all the same: container runtimes speak JSON.
const READERS: &[(&str, &str)] = &[("sockeye-os", "serde_json")];

/// Crates without a type that goes over a wire: each of those above owns a versioned one.
const WIRELESS: &[&str] = &["sockeye-core", "sockeye-os", "sockeye-engine", "sockeye-tui"];

/// Compares what `cargo metadata --no-deps` says with the tables.
pub(super) fn check(metadata: &Value) -> Vec<Finding> {
    let root = text(metadata, "workspace_root");
    let packages = list(metadata, "packages");
    let crates: Vec<&str> = packages.iter().map(|p| text(p, "name")).collect();
    packages.iter().flat_map(|p| check_crate(p, root, &crates)).collect()
}

fn check_crate(package: &Value, root: &str, crates: &[&str]) -> Vec<Finding> {
    let name = text(package, "name");
    let finding = |message| Finding { path: manifest(package, root), line: 1, rule: RULE, message };
    let Some((_, allowed)) = FLOORS.iter().find(|(floor, _)| *floor == name) else {
        return vec![finding(format!("{name} has no floor; give it one in tidy's table"))];
    };
    let dependencies = list(package, "dependencies").iter();
    let broken = dependencies.filter_map(|dependency| {
        let dependency_name = text(dependency, "name");
        if crates.contains(&dependency_name) && !allowed.contains(&dependency_name) {
            return Some(format!("{name} may not depend on {dependency_name}"));
        }
        // A test may read what a program wrote, so only what ships counts.
        let ships = text(dependency, "kind") != "dev";
        let is_format = WIRELESS.contains(&name) && dependency_name.starts_with("serde");
        let is_reader = READERS.contains(&(name, dependency_name));
        (ships && is_format && !is_reader)
            .then(|| format!("{name} has no wire format, so it needs no {dependency_name}"))
    });
    broken.map(finding).collect()
}

/// The path of the crate's Cargo.toml from the root.
fn manifest(package: &Value, root: &str) -> String {
    let path = text(package, "manifest_path");
    let path = path.strip_prefix(root).unwrap_or(path).replace('\\', "/");
    path.trim_start_matches('/').to_owned()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arrows_point_down() {
        let check = |name: &str, dependency: &str, kind: Value, expected: &[&str]| {
            let metadata = json!({
                "workspace_root": "/root",
                "packages": [
                    {
                        "name": name,
                        "manifest_path": "/root/crates/x/Cargo.toml",
                        "dependencies": [{"name": dependency, "kind": kind}],
                    },
                    {"name": "sockeye-core", "dependencies": []},
                    {"name": "sockeye-os", "dependencies": []},
                    {"name": "sockeye-engine", "dependencies": []},
                ],
            });
            let found: Vec<String> = check(&metadata).iter().map(Finding::to_string).collect();
            assert_eq!(found, expected, "{name} -> {dependency}");
        };
        check("sockeye-os", "sockeye-core", Value::Null, &[]);
        check("sockeye", "sockeye-engine", Value::Null, &[]);
        check("sockeye-engine", "anything-else", Value::Null, &[]);
        check(
            "sockeye-os",
            "sockeye-engine",
            Value::Null,
            &["crates/x/Cargo.toml:1: edge: sockeye-os may not depend on sockeye-engine"],
        );
        check(
            "sockeye-tui",
            "sockeye-os",
            json!("dev"),
            &["crates/x/Cargo.toml:1: edge: sockeye-tui may not depend on sockeye-os"],
        );
        check(
            "sockeye-attic",
            "sockeye-core",
            Value::Null,
            &[
                "crates/x/Cargo.toml:1: edge: sockeye-attic has no floor; give it one in tidy's table",
            ],
        );
        check("sockeye-engine", "serde_json", json!("dev"), &[]);
        check("sockeye-os", "serde_json", Value::Null, &[]);
        check(
            "sockeye-engine",
            "serde",
            Value::Null,
            &[
                "crates/x/Cargo.toml:1: edge: sockeye-engine has no wire format, so it needs no serde",
            ],
        );
    }

    #[test]
    fn floors_are_listed_from_below() {
        for (place, (name, allowed)) in FLOORS.iter().enumerate() {
            for lower in *allowed {
                let below = FLOORS.iter().take(place).any(|(floor, _)| floor == lower);
                assert!(below, "{name} uses {lower}, which is not below it");
            }
        }
    }
}
