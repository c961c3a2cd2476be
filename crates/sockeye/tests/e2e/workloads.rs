//! Services and containers, by control groups that are named as runtimes name them.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::thread;

use crate::group::Group;
use crate::proc;
use crate::sockeye::{Row, find, list, rows, sockeye};
use crate::unprivileged::as_nobody;
use crate::world::{Process, World, eventually, share, visit};

/// A made-up id.
const ID: &str = "3f2b8c1d9e0a4b5c6d7e8f90123456789abcdef0fedcba98765432100f1e2d3c";
/// A pod's uid, as the API and as the kubelet writes it.
const POD: [&str; 2] =
    ["6a1f2c3d-4b5e-4f60-8a7b-9c0d1e2f3a4b", "6a1f2c3d_4b5e_4f60_8a7b_9c0d1e2f3a4b"];

/// The group called `name`; `None`, noted as skipped, where there can be none.
fn make(world: &World, name: &str) -> Option<Group> {
    let group = Group::make(Some(name));
    if group.is_none() {
        world.skip("no control group can be made");
    }
    group
}

/// What a row says of the workload.
fn workload(row: &Row) -> [&str; 5] {
    ["service.name", "container.runtime", "container.id", "container.name", "k8s.pod.uid"]
        .map(|name| row.text(name))
}

/// Every column, of listeners in this network.
const LISTENERS: [&str; 6] = ["-l", "--netns", "self", "--columns", "all", "-t"];

/// What the daemon calls the container.
const NAME: &str = "web\u{1b}[31m";

/// A daemon of Docker's API that knows one container, where Docker's own would be: /run is this
/// world's.
fn serve_docker() {
    let daemon = UnixListener::bind("/var/run/docker.sock").unwrap();
    let list = serde_json::json!([{"Id": ID, "Names": [format!("/{NAME}")]}]).to_string();
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{list}", list.len());
    thread::spawn(move || {
        for mut stream in daemon.incoming().flatten() {
            let mut question = [0; 1024];
            let length = stream.read(&mut question).unwrap();
            assert!(question[..length].starts_with(b"GET /containers/json?all=1 "));
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
}

/// Starts a process in `group` that holds `listener`.
fn holding(group: &Group, listener: &TcpListener) -> Process {
    let process = Process::start(group.command("sleep").arg("1000").stdin(share(listener)));
    eventually("the process in its group", || {
        proc::path(process.pid()).ends_with("sleep").then_some(())
    });
    process
}

#[test]
fn a_container_is_told_by_the_group_of_its_process() {
    visit(|world| {
        let check = |name: &str, expected: [&str; 5]| {
            let Some(group) = make(world, name) else { return };
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let local = listener.local_addr().unwrap();
            let process = holding(&group, &listener);
            drop(listener);
            let rows = list(&LISTENERS);
            let row = find(&rows, local, None);
            assert_eq!(row.pids(), [process.pid()].into());
            assert_eq!(row.text("process.linux.cgroup"), group.path());
            assert_eq!(workload(row), expected, "{row:?}");
            check_text(local, expected);
        };
        serve_docker();
        let scope = format!("docker-{ID}.scope");
        check(&scope, [&scope, "docker", ID, NAME, ""]);
        let slice = format!("kubepods-besteffort-pod{}.slice", POD[1]);
        check(&slice, ["", "", "", "", POD[0]]);
        check("lxc.payload.web", ["", "lxc", "web", "web", ""]);
        check("nginx.service", ["nginx.service", "", "", "", ""]);
    });
}

/// The heading says in short what `expected` says in full, and filters take the whole.
fn check_text(local: SocketAddr, [unit, runtime, id, ..]: [&str; 5]) {
    let port = format!("local.port = {}", local.port());
    let run = sockeye(&["-l", "--filter", &port]);
    let heading = run.out.lines().next().unwrap();
    let short = id.get(..12).unwrap_or(id);
    if runtime.is_empty() {
        assert!(unit.is_empty() || heading.contains(&format!(" · {unit} · ")), "{run:?}");
    } else {
        assert!(heading.contains(&format!(" · {runtime} {short} · ")), "{run:?}");
        let filter = format!("{port} and container.id = {id} and container.runtime = {runtime}");
        assert_eq!(sockeye(&["-l", "--filter", &filter]).status, Some(0));
    }
}

#[test]
fn and_by_the_group_of_the_socket_where_the_process_is_not_seen() {
    visit(|world| {
        let scope = format!("docker-{ID}.scope");
        let Some(group) = make(world, &scope) else { return };
        let listener = group.inside(|| TcpListener::bind("127.0.0.1:0").unwrap());
        let own = fs::read_to_string("/proc/self/cgroup").unwrap();
        assert!(!own.contains(ID), "the socket alone is in the group: {own}");
        let Some(run) = as_nobody(world, &[&LISTENERS[..], &["-f", "jsonl"]].concat()) else {
            return;
        };
        let reason = "names of docker containers are not known (cannot ask /var/run/docker.sock: ";
        assert!(run.err.contains(reason), "{run:?}");
        let rows = rows(&run.out);
        let row = find(&rows, listener.local_addr().unwrap(), None);
        assert_eq!(row.text("process.missing"), "not_permitted", "{row:?}");
        assert_eq!(workload(row), [&scope, "docker", ID, "", ""], "{row:?}");
        let run = as_nobody(world, &["-l", "--netns", "self"]).unwrap();
        let heading = run.out.lines().next().unwrap();
        assert!(heading.ends_with(" · docker 3f2b8c1d9e0a"), "{run:?}");
    });
}
