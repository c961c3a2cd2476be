//! What `ss` says: a witness that reads the kernel's tables by code of its own.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::sockeye::Seen;
use crate::world::run;

/// Every TCP and UDP socket that `ss` shows.
pub(crate) fn sockets() -> BTreeSet<Seen> {
    let told = run("ss", &["-Htuanpe"]);
    told.lines().map(|line| read(line).unwrap_or_else(|| panic!("{line}"))).collect()
}

/// One line: netid, state, two queues, two addresses, then `users:((…))`, `ino:`, `sk:`.
fn read(line: &str) -> Option<Seen> {
    let mut words = line.split_whitespace();
    let (transport, state) = (words.next()?, words.next()?);
    let mut words = words.skip(2);
    let (local, remote) = (words.next()?, words.next()?);
    let (local, remote) = (split(local)?, split(remote)?);
    let is_udp = transport == "udp";
    Some(Seen {
        transport: transport.to_owned(),
        local: address(&local, local.interface)?,
        // Behind the remote address, the interface is left out.
        remote: if remote.port == "*" { None } else { address(&remote, local.interface) },
        state: if is_udp { String::new() } else { state_name(state)?.to_owned() },
        inode: after(line, "ino:").unwrap_or(0),
        holders: holders(line),
    })
}

/// Every `pid=…,fd=…` of a line.
fn holders(line: &str) -> BTreeSet<(u32, u32)> {
    let users = line.split(",pid=").skip(1);
    users
        .map(|user| {
            let (pid, rest) = user.split_once(",fd=").unwrap();
            let fd: String = rest.chars().take_while(char::is_ascii_digit).collect();
            (pid.parse().unwrap(), fd.parse().unwrap())
        })
        .collect()
}

/// The number behind `label`.
fn after(line: &str, label: &str) -> Option<u64> {
    let (_, rest) = line.rsplit_once(&format!(" {label}"))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// The parts of `[fe80::1]%eth0:80`, `10.0.0.1%eth0:80`, `*:80`.
struct Side<'a> {
    host: &'a str,
    interface: &'a str,
    port: &'a str,
}

fn split(text: &str) -> Option<Side<'_>> {
    let (host, port) = text.rsplit_once(':')?;
    let (host, interface) = host.split_once('%').unwrap_or((host, ""));
    Some(Side { host: host.trim_matches(['[', ']']), interface, port })
}

/// As Sockeye tells it: `fe80::1%eth0 80`, the interface only where the address needs it.
fn address(side: &Side<'_>, interface: &str) -> Option<String> {
    let ip = side.host.replace('*', "::").parse::<IpAddr>().ok()?;
    let (ip, port) = (ip.to_canonical(), side.port);
    let is_link_local = matches!(ip, IpAddr::V6(v6) if v6.is_unicast_link_local());
    Some(if is_link_local { format!("{ip}%{interface} {port}") } else { format!("{ip} {port}") })
}

/// The states' names in `ss` and in Sockeye.
fn state_name(of_ss: &str) -> Option<&'static str> {
    Some(match of_ss {
        "LISTEN" => "listen",
        "SYN-SENT" => "syn_sent",
        "SYN-RECV" => "syn_received",
        "ESTAB" => "established",
        "FIN-WAIT-1" => "fin_wait_1",
        "FIN-WAIT-2" => "fin_wait_2",
        "CLOSE-WAIT" => "close_wait",
        "CLOSING" => "closing",
        "LAST-ACK" => "last_ack",
        "TIME-WAIT" => "time_wait",
        _ => return None,
    })
}
