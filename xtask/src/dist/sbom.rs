//! The bill of materials of a program: CycloneDX 1.6, the same for the same build.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::crates::{Crate, Id};
use super::extra::Extra;
use super::tree::sha256;

/// A program that was built.
pub(super) struct Program<'a> {
    /// The crate that it is the binary of.
    pub(super) name: &'a str,
    pub(super) version: &'a str,
    pub(super) target: &'a str,
    pub(super) bytes: &'a [u8],
    /// When, as far as the package is concerned.
    pub(super) time: Timestamp,
}

/// The bill of a program, as JSON that ends with a line end.
pub(super) fn bill(
    program: &Program<'_>,
    crates: &BTreeMap<Id, Crate>,
    extras: &[Extra],
) -> String {
    let own = |id: &Id| id.0 == program.name;
    let mut components: Vec<Value> =
        crates.values().filter(|found| !own(&found.id)).map(component).collect();
    components.extend(extras.iter().map(extra_component));
    let subject = crates.values().find(|found| own(&found.id)).map(component);
    let mut bill = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": program.time.to_string(),
            "lifecycles": [{ "phase": "build" }],
            "tools": { "components": [{
                "type": "application", "name": "cargo xtask dist", "version": program.version,
            }] },
            "component": subject,
            "properties": [{ "name": "cargo:target", "value": program.target }],
        },
        "components": components,
        "dependencies": dependencies(program, crates, extras),
    });
    if let Some(subject) = bill.pointer_mut("/metadata/component") {
        set(subject, "type", json!("application"));
        set(subject, "hashes", json!([{ "alg": "SHA-256", "content": sha256(program.bytes) }]));
    }
    let serial = serial(&bill.to_string());
    set(&mut bill, "serialNumber", json!(serial));
    format!("{bill:#}\n")
}

/// Sets a field of an object.
fn set(object: &mut Value, field: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(field.to_owned(), value);
    }
}

/// A crate's entry.
fn component(found: &Crate) -> Value {
    let (name, version) = &found.id;
    let mut entry = json!({
        "type": "library",
        "bom-ref": reference(&found.id),
        "name": name,
        "version": version,
        "scope": "required",
    });
    // What the registry does not have, has no address there.
    if let Some(sum) = &found.checksum {
        set(&mut entry, "purl", json!(reference(&found.id)));
        set(&mut entry, "hashes", json!([{ "alg": "SHA-256", "content": sum }]));
    }
    if let Some(licence) = &found.licence {
        set(&mut entry, "licenses", json!([{ "expression": licence }]));
    }
    if !found.authors.is_empty() {
        let authors: Vec<Value> =
            found.authors.iter().map(|name| json!({ "name": name })).collect();
        set(&mut entry, "authors", json!(authors));
    }
    if let Some(description) = &found.description {
        set(
            &mut entry,
            "description",
            json!(description.split_whitespace().collect::<Vec<_>>().join(" ")),
        );
    }
    if let Some(url) = found.repository.as_ref().filter(|url| url.starts_with("https://")) {
        set(&mut entry, "externalReferences", json!([{ "type": "vcs", "url": url }]));
    }
    entry
}

/// The entry of what is no crate.
fn extra_component(extra: &Extra) -> Value {
    let mut entry = json!({
        "type": if extra.is_data { "data" } else { "library" },
        "bom-ref": extra_reference(extra),
        "name": extra.name,
        "scope": "required",
        "licenses": [{ "license": { "id": extra.licence } }],
        "externalReferences": [{ "type": "website", "url": extra.url }],
    });
    if extra.licence.contains(' ') {
        set(&mut entry, "licenses", json!([{ "expression": extra.licence }]));
    }
    if let Some(version) = &extra.version {
        set(&mut entry, "version", json!(version));
    }
    if let ("sqlite", Some(version)) = (extra.name, &extra.version) {
        // What databases of vulnerabilities know it by.
        set(&mut entry, "cpe", json!(format!("cpe:2.3:a:sqlite:sqlite:{version}:*:*:*:*:*:*:*")));
    }
    entry
}

/// Who uses what.
fn dependencies(
    program: &Program<'_>,
    crates: &BTreeMap<Id, Crate>,
    extras: &[Extra],
) -> Vec<Value> {
    let mut all: Vec<Value> = crates
        .values()
        .map(|found| {
            let mut used: Vec<String> = found.uses.iter().map(reference).collect();
            if found.id.0 == program.name {
                used.extend(extras.iter().map(extra_reference));
            }
            json!({ "ref": reference(&found.id), "dependsOn": used })
        })
        .collect();
    all.extend(extras.iter().map(|extra| json!({ "ref": extra_reference(extra) })));
    all
}

/// What a crate is called in the bill: its package URL.
fn reference((name, version): &Id) -> String {
    // A version may have a `+`, which the specification of package URLs has encoded.
    format!("pkg:cargo/{name}@{}", version.replace('+', "%2B"))
}

fn extra_reference(extra: &Extra) -> String {
    format!("part:{}", extra.name.replace(' ', "-").to_lowercase())
}

/// A UUID that only this content has (RFC 9562, version 8).
fn serial(content: &str) -> String {
    let sum = sha256(content.as_bytes());
    let part = |from: usize, to: usize| sum.get(from..to).unwrap_or_default();
    format!(
        "urn:uuid:{}-{}-8{}-8{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 15),
        part(15, 18),
        part(18, 30)
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    use super::super::extra::Text;
    use super::*;

    fn found(name: &str, version: &str, checksum: Option<&str>, uses: &[(&str, &str)]) -> Crate {
        let id = |(name, version): &(&str, &str)| ((*name).to_owned(), (*version).to_owned());
        Crate {
            id: id(&(name, version)),
            licence: Some("MIT OR Apache-2.0".to_owned()),
            checksum: checksum.map(str::to_owned),
            authors: Vec::new(),
            description: Some("in\n two lines".to_owned()),
            repository: Some("https://example.org/x".to_owned()),
            directory: PathBuf::new(),
            uses: uses.iter().map(id).collect(),
        }
    }

    /// The bill of a program whose bytes are `bytes`.
    fn sample(bytes: &[u8]) -> Value {
        let sum = "ab".repeat(32);
        let crates = [
            found("sockeye", "0.1.0", None, &[("a", "1.0.0"), ("b", "0.1.0+3.2")]),
            found("a", "1.0.0", Some(&sum), &[("b", "0.1.0+3.2")]),
            found("b", "0.1.0+3.2", Some(&sum), &[]),
        ];
        let crates = crates.into_iter().map(|found| (found.id.clone(), found)).collect();
        let extra = Extra {
            name: "sqlite",
            version: Some("3.50.4".to_owned()),
            licence: "blessing",
            url: "https://sqlite.org",
            is_data: false,
            text: Text::Beside("x"),
        };
        let time = Timestamp::from_second(1_763_913_600).unwrap();
        let target = "x86_64-unknown-linux-gnu";
        let program = Program { name: "sockeye", version: "0.1.0", target, bytes, time };
        let text = bill(&program, &crates, &[extra]);
        assert!(text.ends_with("}\n"));
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn the_bill_has_what_the_specification_requires() {
        let bill = sample(b"abc");
        for (field, expected) in [
            ("/bomFormat", "CycloneDX"),
            ("/specVersion", "1.6"),
            ("/metadata/timestamp", "2025-11-23T16:00:00Z"),
            ("/metadata/component/type", "application"),
            ("/metadata/component/name", "sockeye"),
            // Of `abc`: FIPS 180-2, appendix B.1.
            (
                "/metadata/component/hashes/0/content",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            ("/components/0/purl", "pkg:cargo/a@1.0.0"),
            ("/components/0/description", "in two lines"),
            ("/components/1/purl", "pkg:cargo/b@0.1.0%2B3.2"),
            ("/components/1/licenses/0/expression", "MIT OR Apache-2.0"),
            ("/components/2/licenses/0/license/id", "blessing"),
        ] {
            assert_eq!(bill.pointer(field).and_then(Value::as_str), Some(expected), "{field}");
        }
        for component in bill["components"].as_array().unwrap() {
            assert!(component["type"].is_string() && component["name"].is_string(), "{component}");
        }
    }

    #[test]
    fn whatever_is_used_is_in_the_bill_once() {
        let bill = sample(b"abc");
        let names = bill["components"].as_array().unwrap().iter();
        let names = names.chain([&bill["metadata"]["component"]]);
        let names: Vec<&str> =
            names.map(|component| component["bom-ref"].as_str().unwrap()).collect();
        let known: BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!(names.len(), known.len(), "{names:?}");
        let dependencies = bill["dependencies"].as_array().unwrap();
        let users: BTreeSet<&str> =
            dependencies.iter().map(|entry| entry["ref"].as_str().unwrap()).collect();
        assert_eq!(users, known);
        let used = dependencies.iter().filter_map(|entry| entry["dependsOn"].as_array()).flatten();
        let used: BTreeSet<&str> = used.map(|name| name.as_str().unwrap()).collect();
        assert!(used.contains("part:sqlite") && used.is_subset(&known), "{used:?}");
    }

    #[test]
    fn the_same_build_has_the_same_bill_and_another_one_another_number() {
        let (one, other) = (sample(b"abc"), sample(b"abd"));
        assert_eq!(one, sample(b"abc"));
        let number = one["serialNumber"].as_str().unwrap();
        assert_ne!(one["serialNumber"], other["serialNumber"]);
        let groups: Vec<usize> = number
            .strip_prefix("urn:uuid:")
            .unwrap()
            .split('-')
            .inspect(|group| assert!(group.chars().all(|c| c.is_ascii_hexdigit()), "{number}"))
            .map(str::len)
            .collect();
        assert_eq!(groups, [8, 4, 4, 4, 12], "{number}");
    }
}
