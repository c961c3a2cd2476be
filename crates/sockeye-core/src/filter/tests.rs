//! The language as a whole: what it chooses, what it calls a mistake, and its laws.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::column::{Cost, Kind, Value};
use crate::endpoint::{Direction, Endpoint, Metrics, Ownerless, Owners};
use crate::snapshot::{NamespaceId, Snapshot};
use crate::state::State;
use crate::testing::{any_snapshot, first_row, namespace, owners, process, snapshot, tcp, udp};

/// Five endpoints that differ in everything; tests call them by their cookie.
///
/// 1: nginx listens. 2: nginx serves, a fork named worker holds it too. 3: firefox, over
/// link-local IPv6. 4: a DNS server on UDP. 5: TIME-WAIT in another namespace.
fn sample() -> Snapshot {
    let numbered = |cookie, endpoint: Endpoint| Endpoint {
        socket: crate::endpoint::Socket { cookie: Some(cookie), ..endpoint.socket },
        ..endpoint
    };
    let endpoints = vec![
        Endpoint {
            owners: owners(&[7]),
            direction: Direction::Listen,
            namespace: Some(NamespaceId::Inode(1)),
            ..numbered(1, tcp(State::Listen, "0.0.0.0:443", ""))
        },
        Endpoint {
            owners: owners(&[7, 8]),
            metrics: Some(Box::new(Metrics {
                rtt_us: Some(20_000),
                sent_bytes: Some(65_536),
                ..Metrics::default()
            })),
            namespace: Some(NamespaceId::Inode(1)),
            ..numbered(2, tcp(State::Established, "10.0.0.5:443", "10.1.2.3:8500"))
        },
        Endpoint {
            owners: owners(&[4711]),
            interface: Some("eth0".into()),
            ..numbered(3, tcp(State::Established, "[fe80::1%3]:40112", "[fe80::2%3]:5432"))
        },
        Endpoint {
            owners: owners(&[9]),
            user_id: Some(53),
            ..numbered(4, udp("127.0.0.1:53", ""))
        },
        Endpoint {
            owners: Owners::None(Ownerless::TimeWait),
            namespace: Some(NamespaceId::Inode(2)),
            ..numbered(5, tcp(State::TimeWait, "192.168.1.1:8443", "192.168.1.90:50981"))
        },
    ];
    let www = |pid, path| crate::Process { user_id: Some(33), ..process(pid, path) };
    let mut sample = snapshot(
        1_000,
        endpoints,
        vec![
            www(7, "/usr/sbin/nginx"),
            www(8, "/opt/worker"),
            crate::Process {
                command_line: Ok("/sbin/resolver --unbound".into()),
                ..process(9, "/usr/sbin/Unbound")
            },
            process(4711, "/usr/lib/firefox/firefox"),
        ],
    );
    sample.users = [(33, "www-data".into()), (53, "unbound".into())].into();
    sample.namespaces = vec![namespace(1, "self"), namespace(2, "blue box")];
    sample
}

/// The cookies of the sample's endpoints that `filter` wants.
fn chosen(filter: &Filter) -> Vec<u64> {
    let sample = sample();
    let rows = crate::table::select(&sample, &crate::table::Scope::ALL, |row| filter.matches(row));
    rows.iter().filter_map(|row| row.endpoint.socket.cookie).collect()
}

#[test]
fn chooses_rows() {
    let check = |text: &str, expected: &[u64]| {
        let filter = Filter::parse(text).unwrap_or_else(|e| panic!("{}", e.pointing_at(text)));
        assert_eq!(chosen(&filter), expected, "{text}");
    };
    // The examples of the documentation.
    check(
        "tcp and remote in 10.0.0.0/8 and (state = established or local.port = 443) \
         and not process = firefox",
        &[2],
    );
    check("remote.port in 8000-8999", &[2]);
    check("user = www-data", &[1, 2]);
    check("netns = self", &[1, 2]);
    check("port = 443", &[1, 2]);
    check("port = https", &[1, 2]);
    check("remote.port in {http, postgresql}", &[3]);
    check("local = *:https and not remote = :fmtp", &[1]);
    check("protocol = postgresql", &[3]);
    check("protocol in (https, domain)", &[1, 2, 4]);
    check("has port.name and protocol = *tp*", &[1, 2, 5]);
    check("address in fe80::/10", &[3]);
    // Precedence, keywords and symbols.
    check("udp or tcp and listen", &[1, 4]);
    check("(udp or tcp) and listen", &[1]);
    check("NOT tcp", &[4]);
    check("!tcp || not not listen", &[1, 4]);
    check("not (udp or listen) && !process=firefox", &[2, 5]);
    check("true", &[1, 2, 3, 4, 5]);
    check("false", &[]);
    // Words alone.
    check("ipv6", &[3]);
    check("v4 and connected", &[2, 5]);
    check("loopback", &[4]);
    check("listener", &[1]);
    check("LISTENING", &[1]);
    check("estab", &[2, 3]);
    check("time-wait", &[5]);
    // Presence; a comparison with an absent value is false, and != is = negated.
    check("has remote", &[2, 3, 5]);
    check("no process", &[5]);
    check("has port", &[1, 2, 3, 4, 5]);
    check("no remote.port", &[1, 4]);
    check("remote.port >= 0", &[2, 3, 5]);
    check("state != established", &[1, 4, 5]);
    check("not state = established", &[1, 4, 5]);
    check("remote.port not in 8000-8999", &[1, 3, 4, 5]);
    check("port != 443", &[3, 4, 5]);
    // Texts.
    check("process = NGINX", &[1, 2]);
    check("process = *n?inx", &[1, 2]);
    check("process = unbound", &[4]);
    check("process in (firefox, \"unbound\")", &[3, 4]);
    check("process = firefox.exe", &[]);
    check("netns = 'blue box'", &[5]);
    check("path = /usr/*", &[1, 2, 3, 4]);
    check("state = fin-wait* or state = TIME*", &[5]);
    check("missing = time-wait", &[5]);
    // Numbers and times.
    check("pid = 4711", &[3]);
    check("pid < 9", &[1, 2]);
    check("pid <= 9", &[1, 2, 4]);
    check("pid > 9", &[3]);
    check("pid in {7-8, 9}", &[1, 2, 4]);
    check("local.port in 53, 443", &[1, 2, 4]);
    check("rtt > 19ms and rtt < 21ms", &[2]);
    check("rtt > 20ms", &[]);
    check("sent.bytes = 64KiB", &[2]);
    check("time = 1970-01-01", &[1, 2, 3, 4, 5]);
    check("time = 1970-01-01T00:16:40Z", &[1, 2, 3, 4, 5]);
    check("time > 1970-01-01", &[]);
    check("time < 1970-01-01T01:00:00Z", &[1, 2, 3, 4, 5]);
    check("time in 1970-01-01T00:00:00Z..1970-01-01T00:16:39Z", &[]);
    // Addresses.
    check("remote = 10.1.2.3", &[2]);
    check("remote = 10.1.2.3:8500", &[2]);
    check("remote = 10.1.2.3:8501", &[]);
    check("remote = 10.0.0.0/8:8000-8999", &[2]);
    check("remote.address = ::ffff:10.1.2.3", &[2]);
    check("remote in 10.1.2.3-10.1.2.4", &[2]);
    check("local = :443", &[1, 2]);
    check("local = *:53", &[4]);
    check("local = fe80::1%eth0", &[3]);
    check("local = [fe80::1%3]:40112", &[3]);
    check("local = fe80::1%eth1", &[]);
    check("address in (127.0.0.0/8, 192.168.1.90)", &[4, 5]);
    // Every holder, and the row's own.
    check("owners = worker", &[2]);
    check("owners = 8", &[2]);
    check("owners = 4711 or owners = ngin*", &[2]);
    check("has owners", &[2]);
    check("process = worker", &[2]);
}

#[test]
fn a_word_names_a_process() {
    let check = |word: &str, expected: &[u64]| {
        assert_eq!(chosen(&Filter::process(word)), expected, "{word}");
    };
    check("nginx", &[1, 2]);
    check("UNBOUND", &[4]);
    check("*o*", &[2, 3, 4]);
    check("4711", &[3]);
    check("99999999999999999999", &[]);
    check("/usr/lib/firefox/*", &[3]);
    check("firefox.exe", &[]);
    check("resolver", &[4]);
    check("resolv", &[]);
    check("", &[]);
    let both = [Filter::process("nginx"), Filter::process("9")];
    assert_eq!(chosen(&Filter::any(both.to_vec())), [1, 2, 4]);
    assert_eq!(chosen(&Filter::all(both.to_vec())), []);
    assert_eq!(chosen(&Filter::all(vec![])), [1, 2, 3, 4, 5]);
    assert_eq!(chosen(&Filter::any(vec![])), []);
}

#[test]
fn mistakes_are_shown_where_they_are() {
    let check = |text: &str, carets: &str, message: &str| {
        let error = Filter::parse(text).expect_err(text);
        let shown = error.pointing_at(text);
        assert_eq!(shown, format!("{text}\n{carets}\n{message}"));
    };
    check("", "^", "the filter is empty");
    check(
        "remote.prot = 443",
        "^^^^^^^^^^^",
        "unknown name \"remote.prot\"; did you mean remote.port?",
    );
    check("udp or lisen", "       ^^^^^", "unknown name \"lisen\"; did you mean listen?");
    check("dport = 80", "^^^^^", "unknown name \"dport\"; did you mean remote.port?");
    check("SRC = ::1", "^^^", "unknown name \"SRC\"; did you mean local?");
    let regex = "there is no operator \"~\": \"=\" takes * and ?";
    check("process ~ nginx", "        ^", regex);
    check("process =~nginx", "        ^^", &regex.replace('~', "=~"));
    check("rtt > 0.5ms", "      ^^^^^", "\"0.5ms\" is not a whole number; did you mean 500us?");
    check("nginx", "^^^^^", "unknown name \"nginx\"; did you mean process = nginx?");
    check("tcp and 80", "        ^^", "unknown name \"80\"; did you mean port = 80?");
    check(
        "'my app'",
        "^^^^^^^^",
        "a test begins with a name, not with the text \"my app\"; did you mean process = \"my app\"?",
    );
    check(
        "port 443",
        "     ^^^",
        "an operator is missing behind \"port\"; did you mean port = 443?",
    );
    check("state", "^^^^^", "\"state\" is compared with nothing; did you mean has state?");
    check("has", "^^^", "\"has\" needs a name behind it; did you mean has remote?");
    check("has tcp", "    ^^^", "\"tcp\" is a test by itself, not a value");
    check("state == ", "        ^", "a value is missing behind \"==\"");
    check("state = and tcp", "        ^^^", "a value is missing behind \"=\"");
    check("port in (80,)", "            ^", "a value is missing behind \",\"");
    check("port in ()", "         ^", "a value is missing behind \"(\"");
    check("tcp and", "       ^", "nothing follows \"and\"");
    check("and tcp", "^^^", "a test has to stand before \"and\"");
    check("tcp or or udp", "       ^^", "a test has to stand before \"or\"");
    check("tcp udp", "    ^^^", "\"and\" or \"or\" is missing before \"udp\"");
    check("tcp (udp)", "    ^", "\"and\" or \"or\" is missing before \"(\"");
    check("(tcp udp)", "     ^^^", "\"and\" or \"or\" is missing before \"udp\"");
    check("udp and (tcp", "        ^", "\"(\" is never closed");
    check("port in (80, 443", "        ^", "\"(\" is never closed");
    check("port in (80}", "        ^", "\"(\" is never closed");
    check("tcp)", "   ^", "\")\" closes nothing");
    check("()", " ^", "nothing stands before \")\"");
    check("tcp = 3", "^^^", "\"tcp\" is a test by itself, not a value");
    check("port = 443 = 3", "           ^", "\"=\" has no place here");
    check("state = 'listen", "        ^^^^^^^", "the quote is never closed: \"'listen\"");
    check("tcp & udp", "    ^", "a single \"&\"; did you mean &&?");
    check(
        "remote.port = htpps",
        "              ^^^^^",
        "\"htpps\" is neither a port nor the name of one; did you mean https?",
    );
    check("port > 70000", "       ^^^^^", "\"70000\" is not a port: the highest is 65535");
    check("port < (1, 2)", "       ^", "a value is missing behind \"<\"");
    check("local = 1.2.3", "        ^^^^^", "\"1.2.3\" is not an address or a network");
    check(
        "remote in 10.0.0.0/33",
        "          ^^^^^^^^^^^",
        "the prefix of an IPv4 network is 0 to 32, not \"33\"",
    );
    check(
        "remote.address = 10.0.0.1:80",
        "                 ^^^^^^^^^^^",
        "\"10.0.0.1:80\" has a port: compare it with \"local\" or \"remote\"",
    );
    check("remote = *", "         ^", "\"*\" is every address: ask with \"has\" or \"no\"");
    check(
        "state = opened",
        "        ^^^^^^",
        "unknown state \"opened\": it is one of listen, syn_sent, syn_received, established, fin_wait_1, fin_wait_2, close_wait, closing, last_ack, time_wait, closed, bound, delete_tcb",
    );
    check(
        "process < a",
        "          ^",
        "process.executable.name has no order: compare it with \"=\" or \"in\"",
    );
}

#[test]
fn a_mistake_may_stand_far_to_the_right() {
    let text = format!("{}x", " ".repeat(70_000));
    let shown = Filter::parse(&text).unwrap_err().pointing_at(&text);
    assert_eq!(shown.lines().nth(1).unwrap().len(), text.len());
}

#[test]
fn brackets_are_bounded_and_nothing_else_nests() {
    let nested = |n| format!("{}tcp{}", "(".repeat(n), ")".repeat(n));
    assert!(Filter::parse(&nested(parser::DEEPEST)).is_ok());
    let error = Filter::parse(&nested(parser::DEEPEST + 1)).unwrap_err();
    assert_eq!(error.message, "more than 128 brackets inside each other");
    assert_eq!(error.span, parser::DEEPEST..parser::DEEPEST + 1);
    // Long chains are flat: they need no stack.
    for text in ["not ".repeat(100_000) + "tcp", "udp or ".repeat(100_000) + "tcp"] {
        assert_eq!(
            chosen(&Filter::parse(&text).unwrap()).len(),
            if text.starts_with('n') { 4 } else { 5 }
        );
    }
    let siblings = "(tcp) or ".repeat(parser::DEEPEST + 1) + "tcp";
    assert!(Filter::parse(&siblings).is_ok());
    // The deepest alternation that can be read can be read again.
    let alternating =
        "(tcp or udp and ".repeat(parser::DEEPEST) + "tcp" + &")".repeat(parser::DEEPEST);
    let filter = Filter::parse(&alternating).unwrap();
    assert_eq!(Filter::parse(&filter.to_string()), Ok(filter));
}

#[test]
fn tells_which_columns_it_looks_at() {
    let check = |text: &str, expected: &[&str]| {
        let filter = Filter::parse(text).unwrap();
        assert!(filter.columns().map(|column| column.name).eq(expected.iter().copied()), "{text}");
    };
    check("true", &[]);
    check("port = 1 or remote.port = 2", &["network.local.port", "network.peer.port"]);
    check("not has user and rtt > 1", &["process.user.name", "tcp.rtt_us"]);
    let filter = Filter::parse("local.name = a*").unwrap();
    assert!(filter.columns().any(|column| column.cost == Cost::Names));
}

#[test]
fn columns_of_words_refuse_words_they_never_have() {
    let sample = sample();
    let rows = sample.endpoints.iter().map(|endpoint| first_row(&sample, endpoint));
    for row in rows {
        for column in Column::all() {
            let Value::Word(word) = column.value(&row) else {
                continue;
            };
            let filter = Filter::parse(&format!("{} = {word}", column.name)).unwrap();
            assert!(filter.matches(&row), "{filter}");
            assert!(Filter::parse(&format!("{} = nonsense", column.name)).is_err(), "{filter}");
        }
    }
}

#[test]
fn every_filter_of_the_guide_is_read() {
    let guide = include_str!("../../../../docs/book/filters.md");
    let blocks = guide.split("```filter\n").skip(1);
    let filters: Vec<_> = blocks.flat_map(|b| b.split("```").next().unwrap().lines()).collect();
    assert!(filters.len() > 10);
    for filter in filters {
        Filter::parse(filter).unwrap_or_else(|e| panic!("{}", e.pointing_at(filter)));
    }
}

/// A value that a column of this kind takes.
fn a_value(kind: Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::List => "'a*'",
        Kind::Number | Kind::Port => "8000-8999",
        Kind::Address => "fe80::%eth0/64",
        Kind::Socket => "[fe80::1%eth0]:443",
        Kind::Time => "2026-11-23",
    }
}

#[test]
fn every_name_of_every_column_is_a_name() {
    for column in Column::all() {
        for name in column.aliases.iter().chain([&column.name]) {
            let is = Filter::parse(&format!("{name} != {}", a_value(column.kind)));
            // Closed lists know no `a*`, and say what they know.
            let is_known = is.as_ref().err().is_none_or(|e| e.message.starts_with("unknown"));
            assert!(is_known, "{name}: {is:?}");
            let has = Filter::parse(&format!("has {name}")).unwrap();
            assert!(has.columns().eq([column]), "{name}");
        }
    }
}

/// Filters of every shape, as text.
fn any_filter() -> impl Strategy<Value = String> {
    let comparisons = prop_oneof![
        Just("local.port {} 443"),
        Just("port in (1, 80-90, 65535)"),
        Just("remote not in (10.0.0.0/8, :443, [::1]:80, fe80::1%eth0)"),
        Just("address = 10.0.0.1-10.0.0.9"),
        Just("pid {} 4711"),
        Just("rtt {} 20ms"),
        Just("time {} 2026-11-23"),
        Just("started in (2026-11-23, 2026-01-01T00:00:00Z)"),
        Just("state in (estab, 'fin*')"),
        Just("no remote"),
        Just("has port"),
        Just("loopback"),
        Just("true"),
        Just("false"),
        Just("owners in (4711, nginx)"),
    ];
    let operator = prop_oneof![Just("="), Just("!="), Just("<"), Just("<="), Just(">"), Just(">=")];
    let test = (comparisons, operator).prop_map(|(test, operator)| test.replace("{}", operator));
    test.prop_recursive(6, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|terms| terms.join(" or ")),
            prop::collection::vec(inner.clone(), 1..4)
                .prop_map(|terms| format!("({})", terms.join(") and ("))),
            inner.prop_map(|term| format!("not ({term})")),
        ]
    })
}

/// Words that mean something, in any order.
fn token_soup() -> impl Strategy<Value = String> {
    let words = prop_oneof![
        "[(){},!=<>&|]{1,2}",
        Just("and".to_string()),
        Just("or not".to_string()),
        Just("in".to_string()),
        Just("has".to_string()),
        Just("remote".to_string()),
        Just("rtt".to_string()),
        Just("time".to_string()),
        Just("state".to_string()),
        Just("owners".to_string()),
        Just("'".to_string()),
        "[0-9a-f:.%/*\\[\\]-]{1,8}",
        "[0-9]{1,20}(k|ms)?",
        "20[0-9]{2}-[0-9]{2}-[0-9]{2}(T[0-9:]{8}Z)?",
    ];
    prop::collection::vec(words, 0..12).prop_map(|words| words.join(" "))
}

/// Whatever was read reads back from its canonical text; whatever was not says where.
fn read_back(text: &str) {
    match Filter::parse(text) {
        Ok(filter) => {
            let canonical = filter.to_string();
            let again = Filter::parse(&canonical);
            assert_eq!(again, Ok(filter), "{canonical}");
        }
        Err(error) => {
            assert!(text.get(error.span.clone()).is_some(), "{error:?}");
            let shown = error.pointing_at(text);
            assert_eq!(shown.lines().count(), 3, "{shown}");
            assert!(!shown.replace('\n', "").contains(char::is_control), "{shown:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn filters_read_back_from_their_text(text in any_filter()) {
        read_back(&text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        read_back(&text);
        let value = text.replace('"', "\"\"");
        for name in ["process", "state", "pid", "port", "address", "remote", "time", "owners"] {
            read_back(&format!("{name} = \"{value}\""));
            read_back(&format!("{name} > {text}"));
        }
    }

    #[test]
    fn any_soup_of_tokens_is_read_or_refused(text in token_soup()) {
        read_back(&text);
    }

    #[test]
    fn processes_by_any_word_read_back(words in prop::collection::vec(any::<String>(), 0..3)) {
        let filter = Filter::any(words.iter().map(|word| Filter::process(word)).collect());
        prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter));
    }

    #[test]
    fn logic_is_two_valued(a in any_filter(), b in any_filter(), snapshot in any_snapshot()) {
        let read = |text: &str| Filter::parse(text).ok();
        let (Some(x), Some(y)) = (read(&a), read(&b)) else { return Ok(()) };
        let (both, either) = (format!("({a}) and ({b})"), format!("({a}) or ({b})"));
        let neither = read(&format!("not ({a}) and not ({b})")).unwrap();
        let (both, either) = (read(&both).unwrap(), read(&either).unwrap());
        for endpoint in &snapshot.endpoints {
            let row = first_row(&snapshot, endpoint);
            let (x, y) = (x.matches(&row), y.matches(&row));
            prop_assert_eq!(both.matches(&row), x && y);
            prop_assert_eq!(either.matches(&row), x || y);
            prop_assert_eq!(neither.matches(&row), !(x || y));
        }
    }
}
