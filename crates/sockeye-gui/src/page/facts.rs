//! What is said of a process, fact by fact, in the words of `sockeye inspect`.

use std::collections::BTreeMap;

use sockeye_core::answer::Package;
use sockeye_core::description::{Brief, CapabilitySet, Description};
use sockeye_core::process::{Absent, Fact};
use sockeye_core::snapshot::Source;
use sockeye_core::{Process, Row, Snapshot};
use sockeye_print::escaped;

use super::informant::Told;
use super::words::{NOTHING, Said, cell, why};

/// A label, and what is said behind it.
pub(super) type Line = (&'static str, Said);

/// What the table itself knows of a process, until more is found out.
pub(super) fn of_process(process: &Process, context: &Snapshot) -> Vec<Line> {
    let row = Row::of_process(context, process.id);
    let mut lines = vec![
        ("Image", image(process)),
        ("Command", of_fact(&process.command_line)),
        ("Script", Said::Known(process.script.as_deref().map(escaped).unwrap_or_default())),
        ("User", Said::Known(cell("process.user.name", &row).unwrap_or_default())),
    ];
    lines.extend(of_columns(&row));
    lines.retain(|(_, said)| !said.text().is_empty());
    lines
}

/// Everything, once it was found out.
pub(super) fn of_told(told: &Told, context: &Snapshot) -> Vec<Line> {
    let description = &*told.description;
    let process = &description.process;
    let mut lines = vec![
        ("Image", image(process)),
        ("Command", of_fact(&process.command_line)),
        ("Script", Said::Known(process.script.as_deref().map(escaped).unwrap_or_default())),
        ("Package", package(&told.package, context.source)),
        ("Signature", signature(description, context)),
        ("User", user(description)),
        ("Groups", groups(description)),
    ];
    lines.extend(of_columns(&Row::of_process(context, process.id)));
    lines.extend([
        ("Parents", parents(description)),
        ("Directory", of_fact(&description.working_directory)),
        ("Root", root(description)),
        ("Capabilities", capabilities(description)),
        ("Security label", of_fact(&description.security_label)),
        ("Threads", description.threads.map_or_else(absent, |n| Said::Known(n.to_string()))),
    ]);
    lines.retain(|(_, said)| !said.text().is_empty() && *said != Said::Absent(NOTHING));
    lines
}

/// Unit, container and pod, which columns tell.
fn of_columns(row: &Row<'_>) -> Vec<Line> {
    let joined = |names: &[&str]| {
        let mut texts: Vec<String> = names.iter().filter_map(|name| cell(name, row)).collect();
        texts.dedup();
        let text = texts.join(" ");
        Said::Known(if text.is_empty() { NOTHING.to_owned() } else { text })
    };
    if row.snapshot.source == Source::Iphlpapi {
        return vec![("Services", joined(&["service.name"]))];
    }
    vec![
        ("Unit", joined(&["service.name"])),
        ("Container", joined(&["container.runtime", "container.name", "container.id"])),
        ("Pod", Said::Known(cell("k8s.pod.uid", row).unwrap_or_default())),
        ("Control group", Said::Known(cell("process.linux.cgroup", row).unwrap_or_default())),
    ]
}

fn absent(absent: Absent) -> Said {
    Said::Absent(why(absent))
}

fn of_fact(fact: &Fact<Box<str>>) -> Said {
    fact.as_deref().map_or_else(|reason| absent(*reason), Said::outside)
}

/// Its path, and whether that file is another by now.
fn image(process: &Process) -> Said {
    match (of_fact(&process.path), process.is_deleted) {
        (Said::Known(path), true) => {
            Said::Known(format!("{path} (deleted or replaced since it started)"))
        }
        (said, _) => said,
    }
}

/// Name and version, and who made it.
fn package(package: &Fact<std::sync::Arc<Package>>, source: Source) -> Said {
    let package = match package {
        Ok(package) => package,
        Err(Absent::Nonexistent) if source == Source::Iphlpapi => {
            return Said::Absent("none: the file has no version resource");
        }
        Err(Absent::Nonexistent) => return Said::Absent("none: the file belongs to none"),
        Err(reason) => return absent(*reason),
    };
    let mut text = escaped(&package.name);
    text.extend(package.version.iter().map(|version| format!(" {}", escaped(version))));
    text.extend(package.vendor.iter().map(|vendor| format!(", by {}", escaped(vendor))));
    Said::Known(text)
}

/// Who signed its image. That another system has no such thing needs no line.
fn signature(description: &Description, context: &Snapshot) -> Said {
    match &description.signature {
        Ok(signature) => Said::outside(&signature.to_string()),
        Err(reason) if context.source == Source::Iphlpapi => absent(*reason),
        Err(_) => Said::Absent(NOTHING),
    }
}

fn user(description: &Description) -> Said {
    let identity = match &description.identity {
        Ok(identity) => identity,
        Err(reason) => return absent(*reason),
    };
    let effective = named(identity.effective_user, &description.users);
    if identity.real_user == identity.effective_user {
        return Said::Known(effective);
    }
    let real = named(identity.real_user, &description.users);
    Said::Known(format!("{effective}, started as {real}"))
}

fn groups(description: &Description) -> Said {
    let Ok(identity) = &description.identity else { return Said::Known(String::new()) };
    let names: Vec<String> = identity.groups().map(|id| named(id, &description.groups)).collect();
    Said::Known(names.join(", "))
}

/// `name (number)`, or the number alone.
fn named(id: u32, names: &BTreeMap<u32, Box<str>>) -> String {
    names.get(&id).map_or_else(|| id.to_string(), |name| format!("{} ({id})", escaped(name)))
}

/// Its parent first: `nginx (1206) ‹ systemd (1)`.
fn parents(description: &Description) -> Said {
    let name = |process: &Process| {
        let script = process.script.as_deref().map(|script| format!(" {}", escaped(script)));
        format!("{}{} ({})", escaped(&process.name), script.unwrap_or_default(), process.id)
    };
    let names: Vec<String> = description.ancestors.iter().map(name).collect();
    if !names.is_empty() {
        return Said::Known(names.join(" ‹ "));
    }
    match description.process.parent {
        Some(pid) => Said::Known(format!("{pid}, of which nothing can be seen")),
        None => Said::Absent(NOTHING),
    }
}

/// Another root than that of most.
fn root(description: &Description) -> Said {
    match description.root_directory.as_deref() {
        Ok("/") => Said::Known(String::new()),
        _ => of_fact(&description.root_directory),
    }
}

/// What it may do now; of nearly all, what it may not.
fn capabilities(description: &Description) -> Said {
    let set = match &description.capabilities {
        Ok(sets) => sets.effective,
        Err(reason) => return absent(*reason),
    };
    let names = |set: CapabilitySet| set.names().collect::<Vec<_>>().join(", ");
    let said = match set.brief() {
        Brief::Nothing => return Said::Known("none".to_owned()),
        Brief::All => "all".to_owned(),
        Brief::AllBut(missing) => format!("all but {}", names(missing)),
        Brief::Only(set) => names(set),
    };
    let is_elsewhere = description.standing.is_in_other_user_namespace;
    Said::Known(if is_elsewhere { format!("{said}, in its user namespace only") } else { said })
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use sockeye_core::description::{Capabilities, Standing};
    use sockeye_core::signature::Signature;

    #[test]
    fn capabilities_are_said_briefly() {
        let told = samples::told(&samples::process(1207, "/usr/sbin/nginx", 33));
        let check = |effective, is_in_other_user_namespace, expected: &str| {
            let sets = Capabilities { effective, ..Capabilities::default() };
            let standing = Standing { is_in_other_user_namespace, ..Standing::default() };
            let description = (*told.description).clone();
            let description = Description { capabilities: Ok(sets), standing, ..description };
            assert_eq!(capabilities(&description).text(), expected);
        };
        check(CapabilitySet::default(), true, "none");
        check(CapabilitySet::ALL, false, "all");
        check(CapabilitySet::ALL, true, "all, in its user namespace only");
        check(CapabilitySet::ALL.without(CapabilitySet(1 << 12)), false, "all but CAP_NET_ADMIN");
        check(CapabilitySet(1 << 12 | 1), false, "CAP_CHOWN, CAP_NET_ADMIN");
    }

    #[test]
    fn a_signature_is_said_where_there_are_such() {
        let mut told = samples::told(&samples::process(1207, "/usr/sbin/nginx", 33));
        let mut check = |signature, source, expected| {
            let description = Description { signature, ..(*told.description).clone() };
            told.description = std::sync::Arc::new(description);
            let context = Snapshot { source, ..samples::snapshot(0, Vec::new()) };
            let said = of_told(&told, &context);
            let said = said.into_iter().find(|(name, _)| *name == "Signature").map(|(_, it)| it);
            assert_eq!(said, expected);
        };
        let (here, elsewhere) = (Source::Iphlpapi, Source::Ebpf);
        let evil = Signature::Trusted { signer: Some("A\u{1b}[2J".into()) };
        check(Ok(evil), here, Some(Said::Known("signed by A\\u{1b}[2J".into())));
        check(Ok(Signature::None), here, Some(Said::Known("not signed".into())));
        let unknown = Some(Said::Absent("this system cannot tell"));
        check(Err(Absent::Unsupported), here, unknown);
        check(Err(Absent::Nonexistent), here, None);
        check(Err(Absent::Vanished), elsewhere, None);
    }

    #[test]
    fn what_is_not_known_says_why() {
        let mut told = samples::told(&samples::process(1207, "/usr/sbin/nginx", 33));
        let context = samples::snapshot(0, Vec::new());
        let said = |told: &Told, label: &str| {
            let lines = of_told(told, &context);
            lines.into_iter().find(|(name, _)| *name == label).map(|(_, said)| said)
        };
        assert_eq!(said(&told, "Directory"), Some(Said::Absent("not permitted to see")));
        // There is none, which needs no line.
        assert_eq!(said(&told, "Security label"), None);
        told.package = Err(Absent::Nonexistent);
        let none = Said::Absent("none: the file belongs to none");
        assert_eq!(said(&told, "Package"), Some(none));
        let description = Description {
            identity: Err(Absent::Vanished),
            ancestors: Vec::new(),
            root_directory: Ok("/var/lib/machine".into()),
            ..(*told.description).clone()
        };
        told.description = std::sync::Arc::new(description);
        let ended = Said::Absent("it ended before it was looked at");
        assert_eq!(said(&told, "User"), Some(ended));
        let parents = Said::Known("1206, of which nothing can be seen".into());
        assert_eq!(said(&told, "Parents"), Some(parents));
        assert_eq!(said(&told, "Root"), Some(Said::Known("/var/lib/machine".into())));
    }
}
