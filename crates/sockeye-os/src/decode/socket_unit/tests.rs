//! Every syntax of an address, and units as distributions ship them.

use super::super::hostile;
use super::*;
use proptest::prelude::*;

/// Where the unit listens, and what it starts.
fn told(name: &str, texts: &[&str]) -> String {
    let unit = SocketUnit::decode(name, texts.iter().map(|text| text.as_bytes()));
    let mut words = Vec::new();
    for listen in &unit.listens {
        let address = listen.address.map_or("any".into(), |ip| ip.to_string());
        let scope = listen.scope.as_deref().map_or(String::new(), |scope| format!("%{scope}"));
        words.push(format!("{} {address} {}{scope}", listen.transport.id(), listen.port));
    }
    words.push(format!("{}{}", unit.service, if unit.is_accepting { " each" } else { "" }));
    words.join(", ")
}

#[test]
fn every_syntax_of_an_address_is_understood() {
    let check = |value: &str, expected: &str| {
        let text = format!("[Socket]\nListenStream={value}\n");
        let expected =
            if expected.is_empty() { String::new() } else { format!("tcp {expected}, ") };
        assert_eq!(told("x.socket", &[&text]), format!("{expected}x.service"), "{value}");
    };
    check("22", "any 22");
    check("65535", "any 65535");
    check("127.0.0.1:8080", "127.0.0.1 8080");
    check("0.0.0.0:22", "0.0.0.0 22");
    check("[::]:22", ":: 22");
    check("[2001:db8::1]:443", "2001:db8::1 443");
    check("[::ffff:10.0.0.5]:80", "10.0.0.5 80");
    check("[fe80::1]:546%eth0", "fe80::1 546%eth0");
    check("[fe80::1]:546%%wlan0", "fe80::1 546%wlan0");
    check("[fe80::1]:546%2", "fe80::1 546%2");
    // Not TCP, or nothing that systemd takes.
    for other in [
        "/run/x.sock",
        "@abstract",
        "vsock:2:1234",
        "vsock::22",
        "0",
        "65536",
        "x:22",
        "1.2.3.4",
        "[::1]",
        "[::1]:",
        "[::1:22",
        "::1:22",
        "1.2.3.4:0",
        "127.0.0.1:%u",
        "+22",
        "%n",
    ] {
        check(other, "");
    }
}

#[test]
fn what_is_assigned_later_comes_beside_or_takes_it_back() {
    let check = |name: &str, texts: &[&str], expected: &str| {
        assert_eq!(told(name, texts), expected, "{texts:?}");
    };
    // Debian's ssh.socket and the drop-in that its manual suggests.
    let ssh =
        "[Unit]\nDescription=x\n[Socket]\nListenStream=22\nAccept=no\n[Install]\nListenStream=1";
    check("ssh.socket", &[ssh], "tcp any 22, ssh.service");
    let moved = "[Socket]\nListenStream=\nListenStream=2222\n";
    check("ssh.socket", &[ssh, moved], "tcp any 2222, ssh.service");
    let more = "[Socket]\nListenStream=0.0.0.0:2222\n";
    check("ssh.socket", &[ssh, more], "tcp any 22, tcp 0.0.0.0 2222, ssh.service");
    check("x.socket", &["[Socket]\nListenStream=1\nListenFIFO=\n"], "x.service");
    // systemd's own for the journal of other machines, and a service of another name.
    let both = "[Socket]\nListenDatagram=53\nListenStream=53\nService=dns.service\n";
    check("named.socket", &[both], "udp any 53, tcp any 53, dns.service");
    let each = "[Socket]\nListenStream=23\nAccept=Yes\nService=other.service\n";
    check("telnet.socket", &[each], "tcp any 23, telnet@.service each");
    check("x.socket", &["[Socket]\nSocketProtocol=sctp\nListenStream=9\n"], "x.service");
    let mptcp = "[Socket]\nSocketProtocol=mptcp\nListenStream=9\n";
    check("x.socket", &[mptcp], "tcp any 9, x.service");
    check("x.socket", &[], "x.service");
}

#[test]
fn instances_say_what_specifiers_mean() {
    let check = |name: &str, text: &str, expected: &str| {
        assert_eq!(told(name, &[&format!("[Socket]\n{text}")]), expected, "{name} {text}");
    };
    let port = "ListenStream=127.0.0.1:%i\nService=%p-%i.service";
    check("proxy@8080.socket", port, "tcp 127.0.0.1 8080, proxy-8080.service");
    check("proxy@8080.socket", "ListenStream=%I", "tcp any 8080, proxy@8080.service");
    check("a-b-9.socket", "ListenStream=%j", "tcp any 9, a-b-9.service");
    check("a@7.socket", "ListenStream=%i\nAccept=1", "tcp any 7, a@.service each");
    check("a@x.socket", "ListenStream=%N", "a@x.service");
}

#[test]
fn a_unit_knows_its_service() {
    let check = |text: &str, unit: &str, expected| {
        let socket = SocketUnit::decode("ssh.socket", [text.as_bytes()]);
        assert_eq!(socket.starts(unit), expected, "{text} {unit}");
    };
    check("", "ssh.service", true);
    check("", "ssh@1.service", false);
    check("[Socket]\nService=sshd.service", "sshd.service", true);
    check("[Socket]\nService=sshd.service", "ssh.service", false);
    check("[Socket]\nAccept=yes", "ssh@0-10.0.0.5:22-10.0.0.9:1.service", true);
    check("[Socket]\nAccept=yes", "ssh.service", false);
    check("[Socket]\nAccept=yes", "sshd.service", false);
}

#[test]
fn a_socket_is_at_an_address() {
    let check = |value: &str, local: &str, interface: Option<&str>, expected| {
        let text = format!("[Socket]\nListenStream={value}");
        let unit = SocketUnit::decode("x.socket", [text.as_bytes()]);
        let local: SocketAddr = local.parse().unwrap();
        let is_at = unit.listens[0].is_at(&local, interface);
        assert_eq!(is_at, expected, "{value} {local} {interface:?}");
    };
    check("22", "[::]:22", None, true);
    check("22", "0.0.0.0:22", None, true);
    check("22", "127.0.0.1:22", None, false);
    check("22", "[::]:23", None, false);
    check("0.0.0.0:22", "[::]:22", None, false);
    check("0.0.0.0:22", "0.0.0.0:22", None, true);
    check("[fe80::1]:22%eth0", "[fe80::1%2]:22", Some("eth0"), true);
    check("[fe80::1]:22%2", "[fe80::1%2]:22", Some("eth0"), true);
    check("[fe80::1]:22%eth1", "[fe80::1%2]:22", Some("eth0"), false);
}

proptest! {
    #[test]
    fn hostile_units_are_survived(
        text in hostile::variants(
            b"[Socket]\nListenStream=[fe80::1%2]:22%eth0\nListenDatagram=%i\nAccept=yes\nService=%P@%I\n",
        ),
        name in "[a-z@.%\\\\x-]{0,12}",
    ) {
        let unit = SocketUnit::decode(&name, [&text[..], &text]);
        prop_assert!(unit.listens.iter().all(|listen| listen.port != 0));
        unit.starts(&name);
    }
}
