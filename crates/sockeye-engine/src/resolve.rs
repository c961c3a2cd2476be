//! Host names of addresses: asked of the system's resolver by a bounded pool, never waited for
//! longer than was agreed.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How many addresses are asked for at the same time.
const POOL: usize = 16;

/// The names of `addresses` that the system's resolver knows within `patience`.
///
/// It asks what the system is set up to ask: hosts files, multicast DNS, DNS. An address that has
/// no name, or whose answer came late, is absent. A name is what the owner of the address claims;
/// it proves nothing, and may hold any text.
pub fn resolve(addresses: Vec<IpAddr>, patience: Duration) -> HashMap<IpAddr, Box<str>> {
    let deadline = Instant::now() + patience;
    let expected = addresses.len();
    let answers = ask(addresses);
    let mut names = HashMap::new();
    for _ in 0..expected {
        let left = deadline.saturating_duration_since(Instant::now());
        match answers.recv_timeout(left) {
            Ok((address, Some(name))) => drop(names.insert(address, name.into())),
            Ok((_, None)) => {}
            Err(_) => break,
        }
    }
    names
}

/// Starts the pool; its threads outlive a deadline that a resolver does not keep, and end with
/// their list or with the program.
fn ask(addresses: Vec<IpAddr>) -> mpsc::Receiver<(IpAddr, Option<String>)> {
    let (sender, answers) = mpsc::sync_channel(addresses.len().max(1));
    let threads = addresses.len().min(POOL);
    let open = Arc::new(Mutex::new(addresses));
    for number in 0..threads {
        let (open, sender) = (Arc::clone(&open), sender.clone());
        let work = move || {
            let next = || open.lock().unwrap_or_else(PoisonError::into_inner).pop();
            while let Some(address) = next() {
                let name = dns_lookup::lookup_addr(&address).ok();
                if sender.send((address, name)).is_err() {
                    return; // Nobody waits any more.
                }
            }
        };
        // Without a thread there is one asker less; without any, nothing is resolved.
        let _ = thread::Builder::new().name(format!("resolve-{number}")).spawn(work);
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_has_the_name_of_the_hosts_file() {
        let names = resolve(vec!["127.0.0.1".parse().unwrap()], Duration::from_secs(5));
        assert_eq!(names.values().next().map(|name| &**name), Some("localhost"));
    }

    #[test]
    fn nothing_is_waited_for_beyond_patience() {
        // TEST-NET-3 (RFC 5737) has no names; whether or not a server answers, we return in time.
        let many = (0..=255).map(|n| IpAddr::from([203, 0, 113, n])).collect();
        let begun = Instant::now();
        resolve(many, Duration::from_millis(50));
        assert!(begun.elapsed() < Duration::from_secs(1));
    }
}
