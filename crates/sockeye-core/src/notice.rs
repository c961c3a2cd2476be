//! What is worth a notice: a program that begins to listen, and one that connects for the first time.
//!
//! A [`Lookout`] judges occurrences by what it has seen before, and remembers what it told. Whoever
//! runs it keeps that memory ([`Seen`]) as text and hands it in again.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use core::fmt::Write as _;
use core::net::SocketAddr;
use core::str::Chars;

use hashbrown::HashSet;

use crate::column::Row;
use crate::endpoint::{Direction, Endpoint, Ownerless, Transport};
use crate::event::{Action, Occurrence};
use crate::filter::Filter;
use crate::process::{Process, ProcessId};
use crate::session::{Phase, Session};
use crate::snapshot::Snapshot;
use crate::time::Timestamp;

/// So much is remembered; then the oldest is forgotten, and told again.
const MOST: usize = 20_000;
/// From here on systems give ports to whoever asks for none: the first of
/// `net.ipv4.ip_local_port_range` on Linux (ip_sysctl), below IANA's 49152 (RFC 6335 §6).
const EPHEMERAL: u16 = 32_768;

/// What notices are wanted of.
#[derive(Clone, PartialEq, Debug)]
pub struct Rules {
    /// Of programs that begin to listen.
    pub has_listeners: bool,
    /// Of programs that connect for the first time.
    pub has_connections: bool,
    /// Only of rows that it wants.
    pub filter: Filter,
}

/// Something that was never seen before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// When it happened.
    pub time: Timestamp,
    /// What it is about.
    pub news: News,
    /// Which process it is; why none is known.
    pub process: Result<ProcessId, Ownerless>,
    /// What that runs, by its full path where that is known, and the script behind it; text from
    /// outside. Empty where no process is known.
    pub program: Box<str>,
    /// TCP or UDP.
    pub transport: Transport,
    /// The local side.
    pub local: SocketAddr,
}

/// What is new.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum News {
    /// It listens there: TCP in LISTEN, UDP bound.
    Listener,
    /// It connected for the first time, and there.
    Connection(SocketAddr),
}

/// What one notice is about, as it is remembered.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Subject {
    /// A program listens at a port; at 0 if that is UDP's and was not chosen: such ports are others
    /// each time.
    Listener(Transport, u16, Box<str>),
    /// A program connects.
    Program(Box<str>),
}

/// What was seen, the oldest first.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Seen {
    order: VecDeque<Subject>,
    known: HashSet<Subject>,
}

impl Seen {
    /// How much is remembered.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Remembers `subject`; whether it is new.
    fn insert(&mut self, subject: Subject) -> bool {
        if !self.known.insert(subject.clone()) {
            return false;
        }
        self.order.push_back(subject);
        while self.order.len() > MOST {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
        true
    }

    /// Text that [`Seen::read`] reads back, a line for each.
    pub fn written(&self) -> String {
        let mut text = String::new();
        for subject in &self.order {
            // Writing to a String cannot fail.
            let _ = match subject {
                Subject::Listener(transport, port, program) => {
                    writeln!(text, "listener {} {port} {}", transport.id(), escaped(program))
                }
                Subject::Program(program) => writeln!(text, "program {}", escaped(program)),
            };
        }
        text
    }

    /// Reads what was written; lines that make no sense are passed over.
    pub fn read(text: &str) -> Self {
        let mut seen = Self::default();
        for subject in text.lines().filter_map(read_subject) {
            seen.insert(subject);
        }
        seen
    }
}

/// Reads one line.
fn read_subject(line: &str) -> Option<Subject> {
    let (kind, rest) = line.split_once(' ')?;
    if kind == "program" {
        return Some(Subject::Program(unescaped(rest.chars())?.into()));
    }
    let rest = if kind == "listener" { rest } else { return None };
    let (transport, rest) = rest.split_once(' ')?;
    let (port, program) = rest.split_once(' ')?;
    let transport = match transport {
        "tcp" => Transport::Tcp,
        "udp" => Transport::Udp,
        _ => return None,
    };
    Some(Subject::Listener(transport, port.parse().ok()?, unescaped(program.chars())?.into()))
}

/// A program on one line.
fn escaped(program: &str) -> String {
    program.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r")
}

fn unescaped(mut chars: Chars<'_>) -> Option<String> {
    let mut text = String::new();
    while let Some(c) = chars.next() {
        text.push(match c {
            '\\' => match chars.next()? {
                'n' => '\n',
                'r' => '\r',
                '\\' => '\\',
                _ => return None,
            },
            c => c,
        });
    }
    Some(text)
}

/// Watches for what was never seen before.
#[derive(Clone, PartialEq, Debug)]
pub struct Lookout {
    rules: Rules,
    seen: Seen,
}

impl Lookout {
    /// One that has seen this much.
    pub fn new(rules: Rules, seen: Seen) -> Self {
        Self { rules, seen }
    }

    /// What it has seen.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Remembers what is there already, so that nothing of it is news.
    pub fn learn(&mut self, session: &Session) {
        for live in session.lives().filter(|live| live.phase != Phase::Closed) {
            let Some(news) = news_of_endpoint(live.endpoint) else { continue };
            for row in Row::each(session.context(), live.endpoint) {
                self.notice(&row, news);
            }
        }
    }

    /// What is news in `occurrence`, and has been told by this. `context` knows the processes, as a
    /// session's does. An endpoint that several processes hold is told of the oldest that is wanted.
    pub fn judge(&mut self, context: &Snapshot, occurrence: &Occurrence) -> Option<Notice> {
        let endpoint = occurrence.endpoint.as_deref()?;
        let news = match occurrence.action {
            Action::Listening | Action::Bound => News::Listener,
            Action::Opened => News::Connection(endpoint.remote?),
            Action::Snapshot
            | Action::Accepted
            | Action::State
            | Action::Peer
            | Action::Closed
            | Action::Lost => return None,
        };
        let row = Row::occurred(context, occurrence).find(|row| self.rules.filter.matches(row))?;
        self.notice(&row, news).then(|| Notice {
            time: occurrence.time,
            news,
            process: row.owner.map(|owner| owner.process).ok_or(reason(endpoint)),
            program: row.process.map_or_else(Box::default, program),
            transport: endpoint.transport,
            local: endpoint.local,
        })
    }

    /// Remembers what a row shows, where that is wanted; whether it is new.
    fn notice(&mut self, row: &Row<'_>, news: News) -> bool {
        let Rules { has_listeners, has_connections, filter } = &self.rules;
        if !filter.matches(row) {
            return false;
        }
        let program = row.process.map(program);
        let subject = match news {
            News::Listener if *has_listeners => {
                let Endpoint { transport, local, .. } = *row.endpoint;
                let is_chosen = transport == Transport::Tcp || local.port() < EPHEMERAL;
                let port = if is_chosen { local.port() } else { 0 };
                Subject::Listener(transport, port, program.unwrap_or_default())
            }
            // Who it is that connects is the news; without that there is none.
            News::Connection(_) if *has_connections => match program {
                Some(program) => Subject::Program(program),
                None => return false,
            },
            News::Listener | News::Connection(_) => return false,
        };
        self.seen.insert(subject)
    }
}

/// What an endpoint that is there already would have been told as; a connection that was accepted is
/// none of its program's making.
fn news_of_endpoint(endpoint: &Endpoint) -> Option<News> {
    match endpoint.remote {
        _ if endpoint.is_listener() => Some(News::Listener),
        None if endpoint.transport == Transport::Udp => Some(News::Listener),
        Some(remote) if endpoint.direction != Direction::Ingress => Some(News::Connection(remote)),
        _ => None,
    }
}

fn reason(endpoint: &Endpoint) -> Ownerless {
    endpoint.owners.reason().unwrap_or(Ownerless::NotObserved)
}

/// What a process runs: its path, else its name, and what its interpreter runs.
fn program(process: &Process) -> Box<str> {
    let image = process.path.as_deref().unwrap_or(&process.name);
    match &process.script {
        Some(script) => alloc::format!("{image} {script}").into(),
        None => image.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Coverage;
    use crate::{State, testing};
    use alloc::string::ToString;
    use alloc::vec;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn rules(has_listeners: bool, has_connections: bool, filter: &str) -> Rules {
        let filter =
            if filter.is_empty() { Filter::all(vec![]) } else { Filter::parse(filter).unwrap() };
        Rules { has_listeners, has_connections, filter }
    }

    /// A machine with nginx (3), curl (4), and a script (5) of an interpreter.
    fn context() -> Snapshot {
        let script = Process {
            script: Some("/srv/job.py".into()),
            ..testing::process(5, "/usr/bin/python3")
        };
        let processes =
            [testing::process(3, "/usr/sbin/nginx"), testing::process(4, "/usr/bin/curl"), script];
        testing::snapshot(9, Vec::new(), processes.into())
    }

    fn owned(endpoint: Endpoint, pids: &[u32]) -> Endpoint {
        Endpoint { owners: testing::owners(pids), ..endpoint }
    }

    fn occurrence(action: Action, endpoint: Endpoint) -> Occurrence {
        Occurrence {
            time: Timestamp::from_unix_ns(7),
            action,
            start: None,
            end: None,
            reason: None,
            lost: None,
            endpoint: Some(endpoint.into()),
        }
    }

    fn listens(port: u16, pids: &[u32]) -> Occurrence {
        let local = alloc::format!("0.0.0.0:{port}");
        occurrence(Action::Listening, owned(testing::tcp(State::Listen, &local, ""), pids))
    }

    fn binds(port: u16, pids: &[u32]) -> Occurrence {
        let local = alloc::format!("0.0.0.0:{port}");
        occurrence(Action::Bound, owned(testing::udp(&local, ""), pids))
    }

    fn connects(remote: &str, pids: &[u32]) -> Occurrence {
        let endpoint = testing::tcp(State::Established, "10.0.0.5:50000", remote);
        occurrence(Action::Opened, owned(endpoint, pids))
    }

    fn told(lookout: &mut Lookout, occurrences: &[Occurrence]) -> Vec<String> {
        let notices = occurrences.iter().filter_map(|what| lookout.judge(&context(), what));
        let shown = notices.map(|notice| match notice.news {
            News::Listener => alloc::format!("{} at {}", notice.program, notice.local.port()),
            News::Connection(remote) => alloc::format!("{} to {remote}", notice.program),
        });
        shown.collect()
    }

    #[test]
    fn what_was_never_seen_is_told_once() {
        let all = || rules(true, true, "");
        let check = |rules: Rules, occurrences: &[Occurrence], expected: &[&str]| {
            let mut lookout = Lookout::new(rules, Seen::default());
            assert_eq!(told(&mut lookout, occurrences), expected, "{occurrences:?}");
        };
        check(all(), &[listens(443, &[3]), listens(443, &[3])], &["/usr/sbin/nginx at 443"]);
        check(
            all(),
            &[listens(443, &[3]), listens(444, &[3]), listens(443, &[4])],
            &["/usr/sbin/nginx at 443", "/usr/sbin/nginx at 444", "/usr/bin/curl at 443"],
        );
        check(all(), &[listens(53, &[3]), binds(53, &[3])], &["/usr/sbin/nginx at 53"; 2]);
        // Ports that nobody chose are others each time.
        check(all(), &[binds(40_000, &[4]), binds(50_000, &[4])], &["/usr/bin/curl at 40000"]);
        check(
            all(),
            &[listens(40_000, &[4]), listens(40_001, &[4])],
            &["/usr/bin/curl at 40000", "/usr/bin/curl at 40001"],
        );
        check(
            all(),
            &[connects("192.0.2.1:443", &[4]), connects("192.0.2.2:443", &[4])],
            &["/usr/bin/curl to 192.0.2.1:443"],
        );
        // An interpreter is no program: what it runs is.
        check(
            all(),
            &[connects("192.0.2.1:443", &[5])],
            &["/usr/bin/python3 /srv/job.py to 192.0.2.1:443"],
        );
        // Without a process a listener is told by its port, a connection not at all.
        check(all(), &[listens(443, &[]), listens(443, &[])], &[" at 443"]);
        check(all(), &[connects("192.0.2.1:443", &[])], &[]);
        check(rules(true, false, ""), &[connects("192.0.2.1:443", &[4])], &[]);
        check(rules(false, true, ""), &[listens(443, &[3])], &[]);
        let accepted = testing::tcp(State::Established, "10.0.0.5:443", "192.0.2.1:50000");
        for action in [Action::Accepted, Action::Closed, Action::State, Action::Snapshot] {
            check(all(), &[occurrence(action, owned(accepted.clone(), &[3]))], &[]);
        }
    }

    #[test]
    fn what_the_filter_leaves_out_is_not_remembered_either() {
        let mut lookout = Lookout::new(rules(true, true, "not loopback"), Seen::default());
        let occurrences = [connects("127.0.0.1:443", &[4]), connects("192.0.2.1:443", &[4])];
        assert_eq!(told(&mut lookout, &occurrences), ["/usr/bin/curl to 192.0.2.1:443"]);
        // Of several holders the oldest that is wanted is told.
        let mut lookout = Lookout::new(rules(true, true, "process = curl"), Seen::default());
        assert_eq!(told(&mut lookout, &[listens(80, &[3, 4])]), ["/usr/bin/curl at 80"]);
    }

    #[test]
    fn what_is_there_already_is_no_news() {
        let endpoints = vec![
            owned(testing::tcp(State::Listen, "0.0.0.0:443", ""), &[3]),
            owned(testing::udp("0.0.0.0:53", ""), &[3]),
            owned(testing::tcp(State::Established, "10.0.0.5:1", "192.0.2.1:80"), &[4]),
            owned(testing::tcp(State::Closed, "10.0.0.5:2", ""), &[5]),
        ];
        let mut session = Session::new(Coverage::default());
        let context = context();
        session.handle_snapshot(context.time, Snapshot { endpoints, ..context });
        let mut lookout = Lookout::new(rules(true, true, ""), Seen::default());
        lookout.learn(&session);
        assert_eq!(lookout.seen().len(), 3, "{}", lookout.seen().written());
        let occurrences = [
            listens(443, &[3]),
            binds(53, &[3]),
            connects("192.0.2.9:80", &[4]),
            listens(80, &[3]),
        ];
        assert_eq!(told(&mut lookout, &occurrences), ["/usr/sbin/nginx at 80"]);
    }

    #[test]
    fn memory_is_bounded_and_forgets_the_oldest() {
        let mut seen = Seen::default();
        for number in 0..=MOST {
            assert!(seen.insert(Subject::Program(number.to_string().into())));
        }
        assert_eq!((seen.len(), seen.known.len()), (MOST, MOST));
        assert!(seen.insert(Subject::Program("0".into())));
        assert!(!seen.insert(Subject::Program(MOST.to_string().into())));
    }

    #[test]
    fn lines_that_make_no_sense_are_passed_over() {
        let check = |text: &str, expected: &str| {
            assert_eq!(Seen::read(text).written(), expected, "{text}");
        };
        check("listener tcp 443 /usr/sbin/nginx\n", "listener tcp 443 /usr/sbin/nginx\n");
        check("listener udp 0 \nprogram a b\n", "listener udp 0 \nprogram a b\n");
        check("program a\nprogram a\n", "program a\n");
        check("program a\\nb\\\\\n", "program a\\nb\\\\\n");
        for bad in [
            "",
            "program",
            "listener",
            "listener tcp",
            "listener tcp 65536 a",
            "x y",
            "program \\x",
            "listener sctp 1 a",
        ] {
            check(bad, "");
        }
    }

    proptest! {
        #[test]
        fn what_was_seen_reads_back(
            subjects in proptest::collection::vec((any::<Option<(bool, u16)>>(), any::<String>()), 0..20),
        ) {
            let mut seen = Seen::default();
            for (listener, program) in subjects {
                seen.insert(match listener {
                    Some((is_tcp, port)) => {
                        let transport = if is_tcp { Transport::Tcp } else { Transport::Udp };
                        Subject::Listener(transport, port, program.into())
                    }
                    None => Subject::Program(program.into()),
                });
            }
            prop_assert_eq!(Seen::read(&seen.written()), seen);
        }

        #[test]
        fn any_text_is_read(text: String) {
            Seen::read(&text);
        }
    }
}
