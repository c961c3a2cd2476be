//! Chains of referrals by a script, and one exchange over real sockets.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use super::*;

const ADDRESS: &str = "8.8.8.8";

fn server(text: &str) -> Server {
    text.parse().unwrap()
}

/// Asks servers that answer by `script`, the first of which is first; who was asked what, what is
/// shown, and why nobody else was asked.
fn told(script: &[(&str, &str)]) -> (String, String, String) {
    let mut asked = Vec::new();
    let mut exchange = |question: &Question<'_>| {
        asked.push(format!("{}<{}", question.server, question.line));
        let found = script.iter().find(|(name, _)| *name == question.server.to_string());
        match found {
            Some((_, text)) => Ok(Reply {
                bytes: text.as_bytes().to_vec(),
                is_cut: false,
                end: None,
                reach: Reach::Internet,
            }),
            None => Err(Error::new(Kind::Os, "connect to", question.server.to_string(), "refused")),
        }
    };
    let record = ask_by(ADDRESS.parse().unwrap(), server(script[0].0), &mut exchange);
    let (text, end) = match record {
        Ok(record) => {
            let before = record.referrals.iter().chain([&record.server]).map(Server::to_string);
            assert!(
                asked.iter().map(|a| a.split('<').next().unwrap()).zip(before).all(|(a, b)| a == b)
            );
            (record.text, record.end.map(|error| error.to_string()).unwrap_or_default())
        }
        Err(error) => (String::new(), error.to_string()),
    };
    (asked.join(" "), text, end)
}

#[test]
fn referrals_are_followed_to_their_end() {
    let check = |script: &[(&str, &str)], expected: (&str, &str, &str)| {
        let (asked, text, end) = told(script);
        assert_eq!((asked.as_str(), text.as_str(), end.as_str()), expected, "{script:?}");
    };
    check(&[("a", "inetnum: x")], ("a<8.8.8.8", "inetnum: x", ""));
    let chain = [
        ("a", "% IANA\r\nrefer:   b.example\r\n"),
        ("b.example", "ReferralServer: whois://c:4343/x\n"),
        ("c:4343", "end"),
    ];
    check(&chain, ("a<8.8.8.8 b.example<8.8.8.8 c:4343<8.8.8.8", "end", ""));
    let arin = [("a", "WHOIS: Whois.ARIN.net"), ("whois.arin.net", "NetRange: x")];
    check(&arin, ("a<8.8.8.8 whois.arin.net<n + 8.8.8.8", "NetRange: x", ""));
    // The last ReferralServer is that of the smallest network.
    let nested = [("a", "ReferralServer: whois://b\nReferralServer: whois://c\n"), ("c", "end")];
    check(&nested, ("a<8.8.8.8 c<8.8.8.8", "end", ""));
    // Loops, and a server that refers to itself.
    check(&[("a", "refer: a\n")], ("a<8.8.8.8", "refer: a\n", ""));
    check(&[("a", "refer: b"), ("b", "refer: A")], ("a<8.8.8.8 b<8.8.8.8", "refer: A", ""));
    let long: Vec<(String, String)> =
        (0..9).map(|n| (format!("s{n}"), format!("refer: s{}", n + 1))).collect();
    let long: Vec<(&str, &str)> = long.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let (asked, text, end) = told(&long);
    assert_eq!((asked.split(' ').count(), text.as_str()), (5, "refer: s5"));
    assert_eq!(end, "cannot ask s5: 5 servers were asked, which is enough");
}

#[test]
fn what_cannot_be_asked_is_said_and_what_is_known_is_kept() {
    let check = |text: &str, expected: &str| {
        let (asked, shown, end) = told(&[("a", text)]);
        assert_eq!((shown.as_str(), end.as_str()), (text, expected));
        assert!(asked.starts_with("a<8.8.8.8"));
    };
    check(
        "ReferralServer: rwhois://r.example:4321\n",
        "cannot ask rwhois://r.example:4321: Sockeye speaks whois (RFC 3912) and nothing else",
    );
    check(
        "ReferralServer: https://r.example\n",
        "cannot ask https://r.example: Sockeye speaks whois (RFC 3912) and nothing else",
    );
    check("refer: gone.example\n", "cannot connect to gone.example: refused");
    check("refer: -oProxyCommand\n", "cannot ask -oProxyCommand: that is no server");
    check("refer: \x1b[2J\n", "cannot ask \x1b[2J: that is no server");
    check("refer:\nwhois: \n", "");
    check("% refer: b\nremarks: see whois: b\n", "");
    let nothing = "cannot learn anything from a: it said nothing";
    assert_eq!(told(&[("a", " \r\n")]).2, nothing);
}

#[test]
fn servers_are_hosts_with_or_without_a_port() {
    let check = |text: &str, expected: Option<&str>| {
        let found = text.parse::<Server>().ok().map(|server| server.to_string());
        assert_eq!(found.as_deref(), expected, "{text}");
    };
    check("whois.RIPE.net", Some("whois.ripe.net"));
    check("whois.ripe.net:43", Some("whois.ripe.net"));
    check("whois.ripe.net:4343", Some("whois.ripe.net:4343"));
    check("192.0.2.1:1", Some("192.0.2.1:1"));
    check("2001:db8::1", Some("2001:db8::1"));
    check("[2001:db8::1]", Some("2001:db8::1"));
    check("[2001:db8::1]:4343", Some("[2001:db8::1]:4343"));
    for wrong in ["", ":43", "a:0", "a:x", "a:70000", "a b", "[a]:1", "[::1]x", "-a", "a/b", "a\n"]
    {
        check(wrong, None);
    }
}

#[test]
fn text_is_utf8_or_latin_1() {
    assert_eq!(decoded("descr: Zürich".as_bytes().to_vec()), "descr: Zürich");
    assert_eq!(decoded(b"descr: Z\xfcrich".to_vec()), "descr: Zürich");
    assert_eq!(decoded(b"cut: Z\xc3".to_vec()), "cut: Z\u{fffd}");
}

/// A server for one connection, which `serve` gets.
fn serving(serve: impl FnOnce(std::net::TcpStream) + Send + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = server(&listener.local_addr().unwrap().to_string());
    thread::spawn(move || serve(listener.accept().unwrap().0));
    server
}

/// What `server` answers within half a second.
fn exchanged(server: &Server, reach: Reach) -> Result<Reply, Error> {
    let deadline = Instant::now() + Duration::from_millis(500);
    tcp::exchange(&Question { server, line: ADDRESS, reach, deadline, limit: 1000 })
}

#[test]
fn a_question_is_a_line_and_its_answer_ends_with_the_connection() {
    let echo = serving(|mut stream| {
        let mut line = [0; 9];
        stream.read_exact(&mut line).unwrap();
        stream.write_all(&[b"you said ", &line[..]].concat()).unwrap();
    });
    let reply = exchanged(&echo, Reach::Anywhere).unwrap();
    assert_eq!(reply.bytes, b"you said 8.8.8.8\r\n");
    assert_eq!((reply.is_cut, reply.reach), (false, Reach::Anywhere));
    let endless = serving(|mut stream| while stream.write_all(&[b'x'; 600]).is_ok() {});
    let reply = exchanged(&endless, Reach::Anywhere).unwrap();
    assert_eq!((reply.bytes.len(), reply.is_cut), (1000, true));
}

#[test]
fn silence_dripping_and_refusal_end_in_time() {
    let check = |server: &Server, reach, expected: &str| {
        let begun = Instant::now();
        let heard = exchanged(server, reach).map(|reply| reply.end);
        let error = heard.unwrap_or_else(Some).unwrap().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(3));
    };
    check(
        &serving(|stream| {
            thread::sleep(Duration::from_secs(5));
            drop(stream);
        }),
        Reach::Anywhere,
        "it took too long",
    );
    check(
        &serving(|mut stream| {
            while stream.write_all(b"x").is_ok() {
                thread::sleep(Duration::from_millis(20));
            }
        }),
        Reach::Anywhere,
        "it took too long",
    );
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    check(&server(&closed.to_string()), Reach::Anywhere, "refused");
    check(&server("127.0.0.1:9"), Reach::Internet, "led to an address that is not of it");
}

#[test]
fn what_came_in_time_is_shown_and_said_to_be_cut() {
    let (done, wait) = std::sync::mpsc::channel::<()>();
    let slow = serving(move |mut stream| {
        stream.write_all(b"inetnum: 193.0.0.0\nrefer: whois.exam").unwrap();
        let _ = wait.recv();
    });
    let mut exchange = |question: &Question<'_>| exchanged(question.server, question.reach);
    let record = ask_by(ADDRESS.parse().unwrap(), slow.clone(), &mut exchange).unwrap();
    drop(done);
    assert_eq!(record.text, "inetnum: 193.0.0.0\nrefer: whois.exam");
    let end = record.end.unwrap().to_string();
    assert_eq!(end, format!("cannot hear all of {slow}: it took too long, and this is cut"));
}
