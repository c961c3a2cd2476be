//! One process in full: for people, and as JSON with the names that lists use.

use std::collections::BTreeMap;
use std::io::{self, Write};

use sockeye_core::column::Cost;
use sockeye_core::degradation::number_of;
use sockeye_core::description::{Brief, Capabilities, CapabilitySet, Description, Nature};
use sockeye_core::process::{Absent, Fact};
use sockeye_core::signature::Signature;
use sockeye_core::snapshot::Source;
use sockeye_core::{Column, Process, ProcessId, Row, Snapshot};

use super::cell;
use super::line::Line;
use super::tree::Json;
use super::{Layout, Sheet, escape, heading, json, text};

/// A process, and where what is known of it stands.
#[derive(Debug)]
pub struct Report<'a> {
    /// It knows the process, its users and what was asked besides.
    pub snapshot: &'a Snapshot,
    /// The process.
    pub description: &'a Description,
    /// What it holds.
    pub endpoints: Vec<Row<'a>>,
    /// The one network namespace that was looked into, as it was asked for.
    pub namespace: Option<&'a str>,
}

/// Where the facts begin, behind their labels.
const FACTS: usize = 17;
/// The most of one text that people are shown; JSON has the rest.
const MOST: usize = 2_000;
/// The columns of an endpoint.
const ENDPOINT: [&str; 4] = ["proto", "state", "local", "remote"];

/// Prints each process with its facts and endpoints.
pub fn text(reports: &[Report<'_>], layout: Layout, out: &mut dyn Write) -> io::Result<()> {
    let mut buf = Vec::new();
    for (index, report) in reports.iter().enumerate() {
        if index > 0 {
            buf.push(b'\n');
        }
        report.put_text(&mut buf, layout);
    }
    out.write_all(&buf)
}

/// Prints one array, an object a line.
pub fn array(reports: &[Report<'_>], out: &mut dyn Write) -> io::Result<()> {
    let mut buf = b"[".to_vec();
    for (index, report) in reports.iter().enumerate() {
        buf.extend_from_slice(if index == 0 { b"\n" } else { b",\n" });
        report.json().put(&mut buf);
    }
    buf.extend_from_slice(if reports.is_empty() { b"]\n" } else { b"\n]\n" });
    out.write_all(&buf)
}

/// Prints one object a line.
pub fn lines(reports: &[Report<'_>], out: &mut dyn Write) -> io::Result<()> {
    let mut buf = Vec::new();
    for report in reports {
        report.json().put(&mut buf);
        buf.push(b'\n');
    }
    out.write_all(&buf)
}

impl Report<'_> {
    fn id(&self) -> ProcessId {
        self.description.process.id
    }

    /// The process without an endpoint, for the columns that tell of it.
    fn row(&self) -> Row<'_> {
        Row::of_process(self.snapshot, self.id())
    }

    /// Appends heading, facts and endpoints.
    fn put_text(&self, buf: &mut Vec<u8>, layout: Layout) {
        let mut line = Line::new(buf, layout.width, layout.palette);
        heading::put_process(&mut line, (&self.row(), self.id()), &self.count());
        for (label, words) in self.facts() {
            line.begin(FACTS);
            line.put(2, |part| part.extend_from_slice(label.as_bytes()));
            let mut gap = FACTS.saturating_sub(2 + label.len());
            for word in words {
                line.put(gap, |part| {
                    escape::text(part, &word);
                    cell::shorten(part, MOST);
                });
                gap = 1;
            }
            line.end();
        }
        let columns: Vec<_> = ENDPOINT.iter().filter_map(|name| Column::find(name)).collect();
        let places: Vec<_> =
            Column::all().iter().filter(|column| column.cost == Cost::Places).collect();
        let sheet = Sheet { rows: &self.endpoints, columns: &columns, labelled: &places, layout };
        text::put_endpoints(buf, &sheet);
    }

    /// How many endpoints it holds, as far as was looked.
    fn count(&self) -> String {
        if self.unseen().is_some() {
            return "its endpoints may not be seen".to_owned();
        }
        let count = number_of(self.endpoints.len(), "endpoint", "endpoints");
        match self.namespace {
            None => count,
            Some("self") => format!("{count} in Sockeye's network namespace"),
            Some(name) => format!("{count} in network namespace {}", escape::escaped(name)),
        }
    }

    /// Why it is not known what it holds: that nothing was found means something only where its
    /// descriptors could be read.
    fn unseen(&self) -> Option<Absent> {
        let descriptors = self.description.standing.descriptors;
        descriptors.err().filter(|_| self.endpoints.is_empty())
    }

    /// What people read: a label, and the words behind it, which may be broken between.
    fn facts(&self) -> Vec<(&'static str, Vec<String>)> {
        let Description { process, .. } = self.description;
        let mut facts = vec![
            ("kind", self.kind().into_iter().collect()),
            ("command line", self.command_line()),
            ("script", process.script.iter().map(ToString::to_string).collect()),
            ("package", self.package()),
            ("signature", self.described(&self.description.signature)),
            ("started", process.created.iter().map(ToString::to_string).collect()),
            ("started by", self.ancestry()),
            ("user", self.users()),
            ("groups", self.groups()),
            ("capabilities", self.capabilities()),
            ("security label", self.label()),
            ("directory", self.described(&self.description.working_directory)),
            ("root directory", self.root()),
            ("threads", self.described(&self.description.threads)),
        ];
        let columns = [
            ("service", ["service.name", "", ""]),
            ("container", ["container.runtime", "container.name", "container.id"]),
            ("pod", ["k8s.pod.uid", "", ""]),
            ("control group", ["process.linux.cgroup", "", ""]),
        ];
        facts.extend(columns.map(|(label, names)| (label, self.columns(&names))));
        facts.retain(|(label, words)| !words.is_empty() && self.may_have(label));
        facts
    }

    /// Whether its system has such a thing: to say that there is none of what another system has
    /// would tell nothing. The user stands in the heading, too.
    fn may_have(&self, what: &str) -> bool {
        /// What only Linux has, as people and as machines read it.
        const LINUX: [&str; 7] = [
            "user",
            "groups",
            "capabilities",
            "security label",
            "security_label",
            "root directory",
            "root_directory",
        ];
        /// What only Windows has.
        const WINDOWS: [&str; 2] = ["signature", "code_signature"];
        match self.snapshot.source {
            Source::Iphlpapi => !LINUX.contains(&what),
            _ => !WINDOWS.contains(&what),
        }
    }

    /// The values of columns that tell of the process, as far as it has them.
    fn columns(&self, names: &[&str]) -> Vec<String> {
        let row = self.row();
        let columns = names.iter().filter_map(|name| Column::find(name));
        let values = columns.map(|column| column.value(&row)).filter(|value| !value.is_absent());
        let mut texts: Vec<String> = values.map(|value| value.to_string()).collect();
        texts.dedup();
        texts
    }

    /// What it is, when it is no process like others.
    fn kind(&self) -> Option<String> {
        match self.description.standing.nature {
            Nature::Ordinary => None,
            Nature::KernelThread => Some("a thread of the kernel".into()),
            Nature::Zombie => Some("a zombie: it has ended, and its parent did not ask how".into()),
        }
    }

    /// A fact, or why it is not known.
    fn described<T: ToString>(&self, fact: &Fact<T>) -> Vec<String> {
        match fact {
            Ok(value) => vec![value.to_string()],
            Err(absent) => vec![self.why(*absent).into()],
        }
    }

    /// What people are told of a fact that is not known.
    fn why(&self, absent: Absent) -> &'static str {
        match (absent, self.description.standing.nature) {
            (Absent::Denied, _) => "(not permitted)",
            (Absent::Vanished, _) => "(it ended before that was read)",
            (Absent::Unsupported, _) => "(of a kind that Sockeye cannot read)",
            (Absent::Nonexistent, Nature::Ordinary) => "(none)",
            (Absent::Nonexistent, Nature::KernelThread) => "(none: a thread of the kernel)",
            (Absent::Nonexistent, Nature::Zombie) => "(none any more: a zombie)",
        }
    }

    /// The words of the command line, so that it may be broken between them.
    fn command_line(&self) -> Vec<String> {
        let line = match &self.description.process.command_line {
            Ok(line) => line,
            Err(absent) => return vec![self.why(*absent).into()],
        };
        let short: String = line.chars().take(MOST).collect();
        let mut words: Vec<String> = short.split(' ').map(ToOwned::to_owned).collect();
        if short.len() < line.len() {
            words.push(format!("… ({} bytes)", line.len()));
        }
        words
    }

    /// Another root than that of most.
    fn root(&self) -> Vec<String> {
        let root = &self.description.root_directory;
        if root.as_deref() == Ok("/") { Vec::new() } else { self.described(root) }
    }

    /// The security module's label; nothing where there is no such module.
    fn label(&self) -> Vec<String> {
        let label = &self.description.security_label;
        if *label == Err(Absent::Nonexistent) { Vec::new() } else { self.described(label) }
    }

    /// What it may do, and in which user namespace, where that is not ours.
    fn capabilities(&self) -> Vec<String> {
        let sets = match &self.description.capabilities {
            Ok(sets) => sets,
            Err(absent) => return vec![self.why(*absent).into()],
        };
        let mut words = capabilities(sets);
        let has_some = !sets.effective.is_empty() || !sets.permitted.is_empty();
        if has_some && self.description.standing.is_in_other_user_namespace {
            words.iter_mut().rev().take(1).for_each(|last| last.push(','));
            words.push("in its user namespace only".into());
        }
        words
    }

    /// Name and version, who made it, what it is; or why nobody knows.
    fn package(&self) -> Vec<String> {
        let package = match self.snapshot.answers.packages.get(&self.id()) {
            None => return self.no_package().map(|why| self.why(why).into()).into_iter().collect(),
            Some(Err(Absent::Nonexistent)) if self.snapshot.source == Source::Iphlpapi => {
                return vec!["none: the file has no version resource".into()];
            }
            Some(Err(Absent::Nonexistent)) => return vec!["none: the file belongs to none".into()],
            Some(Err(absent)) => return vec![self.why(*absent).into()],
            Some(Ok(package)) => package,
        };
        let mut text = package.name.to_string();
        text.extend(package.version.iter().map(|version| format!(" {version}")));
        text.extend(package.vendor.iter().map(|vendor| format!(", by {vendor}")));
        text.extend(package.description.iter().map(|what| format!(": {what}")));
        text.split(' ').map(ToOwned::to_owned).collect()
    }

    /// Why its package is not known: that was asked, or its image is not known either.
    fn no_package(&self) -> Option<Absent> {
        match self.snapshot.answers.packages.get(&self.id()) {
            Some(answer) => answer.as_ref().err().copied(),
            None => self.description.process.path.as_ref().err().copied(),
        }
    }

    /// The chain of parents, the oldest first.
    fn ancestry(&self) -> Vec<String> {
        let name = |process: &Process| {
            let script = process.script.as_deref().map(|script| format!(" {script}"));
            format!("{}{} ({})", process.name, script.unwrap_or_default(), process.id)
        };
        let mut words: Vec<String> = self.description.ancestors.iter().rev().map(name).collect();
        let last = words.len().saturating_sub(1);
        words.iter_mut().take(last).for_each(|word| word.push_str(" ›"));
        if words.is_empty() {
            let parent = self.description.process.parent;
            words.extend(parent.map(|pid| format!("{pid}, of which nothing can be seen")));
        }
        words
    }

    fn users(&self) -> Vec<String> {
        let identity = match &self.description.identity {
            Ok(identity) => identity,
            Err(absent) => return vec![self.why(*absent).into()],
        };
        let named = |id| named(self.description.users.get(&id).map(|name| &**name), id);
        let mut words = vec![named(identity.effective_user)];
        if identity.real_user != identity.effective_user {
            words.push(format!("started as {}", named(identity.real_user)));
        }
        words
    }

    fn groups(&self) -> Vec<String> {
        let Ok(identity) = &self.description.identity else { return Vec::new() };
        let names = &self.description.groups;
        let mut words: Vec<String> =
            identity.groups().map(|id| named(names.get(&id).map(|name| &**name), id)).collect();
        let last = words.len().saturating_sub(1);
        words.iter_mut().take(last).for_each(|word| word.push(','));
        words
    }

    /// Everything, under the names that lists use.
    fn json(&self) -> Json {
        let row = self.row();
        let pid = Json::Number(self.id().pid.into());
        let mut object = Json::object([("process.pid", Some(pid))]);
        for column in Column::all().iter().filter(|column| column.is_of_process) {
            let value = column.value(&row);
            if !value.is_absent() {
                object.insert(column.name, Json::Written(json::written(&value)));
            }
        }
        self.put_details(&mut object);
        if self.unseen().is_none() {
            object.insert("endpoints", Json::List(self.endpoints.iter().map(endpoint).collect()));
        }
        object
    }

    /// Adds what no column has.
    fn put_details(&self, object: &mut Json) {
        let it = self.description;
        let text = |text: &str| Json::Text(text.to_owned());
        let known = |fact: &Fact<Box<str>>| fact.as_deref().ok().map(text);
        let nature = it.standing.nature;
        let kind = (nature != Nature::Ordinary).then(|| text(nature.id()));
        let details = [
            ("process.kind", kind),
            ("process.executable.is_deleted", it.process.is_deleted.then_some(Json::Bool(true))),
            ("process.working_directory", known(&it.working_directory)),
            ("process.root_directory", known(&it.root_directory)),
            ("process.thread.count", it.threads.ok().map(|n| Json::Number(n.into()))),
            ("process.security_label", known(&it.security_label)),
            ("process.package.origin", self.origin().map(text)),
            ("process.ancestors", Some(Json::List(it.ancestors.iter().map(ancestor).collect()))),
            ("process.absent", self.absent()),
        ];
        for (name, value) in details {
            if let Some(value) = value {
                object.insert(name, value);
            }
        }
        if let Ok(signature) = &it.signature {
            put_signature(object, signature);
        }
        self.put_identity(object);
        if let Ok(sets) = it.capabilities {
            for (name, set) in [
                ("effective", sets.effective),
                ("permitted", sets.permitted),
                ("bounding", sets.bounding),
                ("ambient", sets.ambient),
            ] {
                let names = set.names().map(|name| Json::Text(name.to_owned())).collect();
                object.insert(&format!("process.capabilities.{name}"), Json::List(names));
            }
            if it.standing.is_in_other_user_namespace {
                object.insert("process.capabilities.is_in_user_namespace", Json::Bool(true));
            }
        }
    }

    fn origin(&self) -> Option<&'static str> {
        let package = self.snapshot.answers.packages.get(&self.id())?;
        Some(package.as_ref().ok()?.origin.id())
    }

    /// Adds users and groups, by number and name.
    fn put_identity(&self, object: &mut Json) {
        let Ok(identity) = &self.description.identity else { return };
        let user = |id| numbered(id, &self.description.users);
        let group = |id: u32| numbered(id, &self.description.groups);
        let others = identity.supplementary_groups.iter().map(|id| group(*id)).collect();
        for (name, value) in [
            ("process.real_user", user(identity.real_user)),
            ("process.group", group(identity.effective_group)),
            ("process.real_group", group(identity.real_group)),
            ("process.supplemental_groups", Json::List(others)),
        ] {
            object.insert(name, value);
        }
    }

    /// Why facts are missing that could be there.
    fn absent(&self) -> Option<Json> {
        let it = self.description;
        let (package, endpoints) = (self.no_package(), self.unseen());
        let reasons = [
            ("executable", it.process.path.as_ref().err()),
            ("command_line", it.process.command_line.as_ref().err()),
            ("working_directory", it.working_directory.as_ref().err()),
            ("root_directory", it.root_directory.as_ref().err()),
            ("user", it.identity.as_ref().err()),
            ("capabilities", it.capabilities.as_ref().err()),
            ("security_label", it.security_label.as_ref().err()),
            ("code_signature", it.signature.as_ref().err()),
            ("thread", it.threads.as_ref().err()),
            ("package", package.as_ref()),
            ("endpoints", endpoints.as_ref()),
        ];
        let missing = reasons.into_iter().filter_map(|(name, absent)| Some((name, *absent?)));
        let missing = missing.filter(|(name, _)| self.may_have(name));
        let members: Vec<_> = missing
            .map(|(name, absent)| (name, Some(Json::Text(word(absent).to_owned()))))
            .collect();
        (!members.is_empty()).then(|| Json::object(members))
    }
}

/// Adds a signature, under ECS's names.
fn put_signature(object: &mut Json, signature: &Signature) {
    let status = signature.status().map(|status| Json::Text(status.to_string()));
    let is_trusted = matches!(signature, Signature::Trusted { .. });
    let members = [
        ("exists", Some(Json::Bool(status.is_some()))),
        ("trusted", status.is_some().then_some(Json::Bool(is_trusted))),
        ("status", status),
        ("subject_name", signature.signer().map(|name| Json::Text(name.to_owned()))),
    ];
    object.insert("process.code_signature", Json::object(members));
}

/// `name (number)`, or the number alone.
fn named(name: Option<&str>, id: u32) -> String {
    name.map_or_else(|| id.to_string(), |name| format!("{name} ({id})"))
}

/// An object of a number and its name.
fn numbered(id: u32, names: &BTreeMap<u32, Box<str>>) -> Json {
    let name = names.get(&id).map(|name| Json::Text(name.to_string()));
    Json::object([("id", Some(Json::Number(id.into()))), ("name", name)])
}

/// A parent, in brief.
fn ancestor(process: &Process) -> Json {
    let text = |text: &str| Json::Text(text.to_owned());
    Json::object([
        ("pid", Some(Json::Number(process.id.pid.into()))),
        ("executable.name", Some(text(&process.name))),
        ("executable.path", process.path.as_deref().ok().map(text)),
        ("command_line", process.command_line.as_deref().ok().map(text)),
        ("creation.time", process.created.map(|time| Json::Text(time.to_string()))),
    ])
}

/// An endpoint, without what is said of its process.
fn endpoint(row: &Row<'_>) -> Json {
    let is_shown = |column: &&Column| {
        let is_known = !matches!(column.cost, Cost::Events);
        is_known && column.is_default && !column.is_of_process
    };
    let columns: Vec<_> = Column::all().iter().filter(is_shown).collect();
    let mut buf = Vec::new();
    json::put_row(&mut buf, &columns, row);
    Json::Written(buf)
}

/// What a process may do, in few words.
fn capabilities(sets: &Capabilities) -> Vec<String> {
    let (head, names) = match sets.effective.brief() {
        Brief::Nothing => (Some("none"), CapabilitySet::default()),
        Brief::All => (Some("all"), CapabilitySet::default()),
        Brief::AllBut(missing) => (Some("all but"), missing),
        Brief::Only(set) => (None, set),
    };
    let mut words: Vec<String> = head.into_iter().chain(names.names()).map(Into::into).collect();
    let more = sets.permitted.without(sets.effective);
    if !more.is_empty() {
        words.push("and may take up".to_owned());
        words.extend(more.names().map(ToOwned::to_owned));
    }
    words
}

/// The word machines read.
fn word(absent: Absent) -> &'static str {
    match absent {
        Absent::Denied => "denied",
        Absent::Vanished => "vanished",
        Absent::Nonexistent => "nonexistent",
        Absent::Unsupported => "unsupported",
    }
}
