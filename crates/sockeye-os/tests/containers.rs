//! Names of containers, by daemons of the test's own on sockets of its own, and by files.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "clippy.toml exempts tests; what tests call is a test too, and a panic is its report"
)]

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sockeye_core::workload::Runtime;
use sockeye_os::containers::{ContainerNames, Places, container_names_in};

/// Two ids.
const A: &str = "3f2b8c1d9e0a4b5c6d7e8f90123456789abcdef0fedcba98765432100f1e2d3c";
const B: &str = "91aa02f4c6d8e0b1a3c5d7e9f0b2d4c6e8fa1b3c5d7e9f01a2b3c4d5e6f70819";

/// A directory that goes with its owner.
struct Dir(PathBuf);

impl Dir {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sockeye-containers-{}-{number}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    /// Writes a file, with the directories above it.
    fn write(&self, path: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// A daemon that hands each connection, whose question was read, to `answer`.
    fn daemon(&self, answer: impl Fn(&str, UnixStream) + Send + 'static) -> PathBuf {
        let path = self.0.join("daemon.sock");
        let listener = UnixListener::bind(&path).unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut question = vec![0; 4096];
                let count = stream.read(&mut question).unwrap();
                let question = String::from_utf8_lossy(&question[..count]).into_owned();
                answer(question.lines().next().unwrap_or_default(), stream);
            }
        });
        path
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A whole answer with `body`.
fn http(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// The list of one container, as Docker gives it.
fn list(id: &str, name: &str) -> String {
    serde_json::json!([{"Id": id, "Names": [name], "Labels": {"a": "b"}}]).to_string()
}

/// Names and reasons, each in a line.
fn told(found: &ContainerNames) -> Vec<String> {
    let mut names: Vec<String> =
        found.names.iter().map(|(id, name)| format!("{} {name}", &id[..4])).collect();
    names.sort_unstable();
    names.extend(found.degradations.iter().map(ToString::to_string));
    names
}

/// What is found of the one container `A` by Docker's socket.
fn of_docker(socket: &Path) -> Vec<String> {
    let places = Places { docker_sockets: vec![socket.to_owned()], ..Places::default() };
    told(&container_names_in(&places, &[(Runtime::Docker, A)]))
}

/// What is said when no name is found, for what is at `path`.
fn unnamed(operation: &str, path: &Path, reason: &str) -> Vec<String> {
    let path = path.display();
    vec![format!("names of docker containers are not known (cannot {operation} {path}: {reason})")]
}

#[test]
fn docker_is_asked_once_for_all() {
    let dir = Dir::new();
    let body = format!(
        r#"[{{"Id":"{A}","Names":["/web"]}},{{"Id":"{B}","Names":["/x/db","/db"]}},{{"Id":"c"}}]"#
    );
    let socket = dir.daemon(move |question, mut stream| {
        assert_eq!(question, "GET /containers/json?all=1 HTTP/1.1");
        stream.write_all(http(&body).as_bytes()).unwrap();
    });
    let places = Places { docker_sockets: vec![socket], ..Places::default() };
    let ids = [(Runtime::Docker, A), (Runtime::Docker, B), (Runtime::Lxc, "web")];
    let found = container_names_in(&places, &ids);
    assert_eq!(told(&found), ["3f2b web", "91aa db"]);
    assert_eq!(container_names_in(&places, &[(Runtime::Lxc, "web")]), ContainerNames::default());
    assert_eq!(container_names_in(&places, &[]), ContainerNames::default());
}

#[test]
fn an_answer_in_pieces_is_read_to_its_end() {
    let dir = Dir::new();
    let socket = dir.daemon(|_, mut stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
        for part in list(A, "/web").as_bytes().chunks(7) {
            stream.write_all(format!("{:x}\r\n", part.len()).as_bytes()).unwrap();
            stream.write_all(part).unwrap();
            stream.write_all(b"\r\n").unwrap();
            thread::sleep(Duration::from_millis(2));
        }
        stream.write_all(b"0\r\n\r\n").unwrap();
        // It keeps the connection, though it was asked to close it.
        thread::sleep(Duration::from_secs(3));
    });
    let start = Instant::now();
    assert_eq!(of_docker(&socket), ["3f2b web"]);
    assert!(start.elapsed() < Duration::from_millis(450), "the last chunk is the end");
}

#[test]
fn what_a_daemon_does_wrong_is_a_reason() {
    let check = |answer: Vec<u8>, operation: &str, reason: &str| {
        let dir = Dir::new();
        let socket = dir.daemon(move |_, mut stream| {
            // It may hang up before all is written.
            let _ = stream.write_all(&answer);
        });
        assert_eq!(of_docker(&socket), unnamed(operation, &socket, reason));
    };
    let text = |text: &str| text.as_bytes().to_vec();
    check(Vec::new(), "ask", "the answer's head is cut short at byte 0");
    check(text("\x1b[2Jhello\r\n\r\n"), "ask", "the answer is not HTTP at byte 0");
    check(vec![0; 100_000], "ask", "the answer is not HTTP at byte 0");
    let denied = "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\n{}";
    check(text(denied), "ask", "it answered with status 403");
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n[]";
    check(text(cut), "ask", &format!("the answer is cut short at byte {}", cut.len()));
    check(text(&http("<html>")), "read", "the text is not JSON at byte 1");
    check(text(&http("{}")), "read", "the JSON holds something else at byte 0");
    check(text(&http(&"[".repeat(1_000_000))), "read", "the JSON is cut short at byte 1000000");
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", " ".repeat(17 * 1024 * 1024));
    check(text(&endless), "ask", "the answer is too long");
    let dir = Dir::new();
    let nowhere = dir.0.join("nothing.sock");
    assert_eq!(of_docker(&nowhere), unnamed("ask", &nowhere, "No such file or directory"));
    let deaf = dir.0.join("deaf.sock");
    drop(UnixListener::bind(&deaf).unwrap());
    assert_eq!(of_docker(&deaf), unnamed("ask", &deaf, "Connection refused"));
    let long = dir.0.join("x".repeat(200));
    assert_eq!(of_docker(&long), unnamed("ask", &long, "File name too long"));
}

#[test]
fn a_container_that_the_daemon_does_not_know_is_said() {
    let dir = Dir::new();
    let socket = dir.daemon(|_, mut stream| stream.write_all(http("[]").as_bytes()).unwrap());
    let reason = "names of docker containers are not known (1 container not known to it)";
    assert_eq!(of_docker(&socket), [reason]);
}

#[test]
fn names_come_as_they_are() {
    let dir = Dir::new();
    let name = "\x1b]0;owned\x07\u{202e}\n\0,=x";
    let body = list(A, &format!("/{name}"));
    let socket = dir.daemon(move |_, mut stream| stream.write_all(http(&body).as_bytes()).unwrap());
    assert_eq!(of_docker(&socket), [format!("3f2b {name}")]);
}

#[test]
fn ten_megabytes_are_read() {
    let dir = Dir::new();
    let label = "x".repeat(1000);
    let many = (0..10_000).map(|number| {
        format!(r#"{{"Id":"{number:064x}","Names":["/n{number}"],"Labels":{{"a":"{label}"}}}}"#)
    });
    let own = format!(r#"{{"Id":"{A}","Names":["/web"]}}"#);
    let body = format!("[{}]", many.chain([own]).collect::<Vec<_>>().join(","));
    assert!(body.len() > 10_000_000);
    let socket = dir.daemon(move |_, mut stream| {
        let _ = stream.write_all(http(&body).as_bytes());
    });
    assert_eq!(of_docker(&socket), ["3f2b web"]);
}

#[test]
fn nobody_waits_longer_than_a_second() {
    let dir = Dir::new();
    let silent = dir.daemon(|_, stream| {
        thread::sleep(Duration::from_secs(5));
        drop(stream);
    });
    let start = Instant::now();
    assert_eq!(of_docker(&silent), unnamed("ask", &silent, "no answer within 500 ms"));
    // One that sends a byte now and then, and three of them, one after the other.
    let slow = Dir::new();
    let dripping = slow.daemon(|_, mut stream| {
        for byte in b"HTTP/1.1 200 OK\r\n".iter().cycle() {
            if stream.write_all(&[*byte]).is_err() {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
    });
    assert_eq!(of_docker(&dripping), unnamed("ask", &dripping, "no answer within 500 ms"));
    assert!(start.elapsed() < Duration::from_millis(1400), "{:?}", start.elapsed());
    let start = Instant::now();
    let places = Places {
        docker_sockets: vec![silent.clone(); 4],
        podman_sockets: vec![silent; 4],
        ..Places::default()
    };
    let found = container_names_in(&places, &[(Runtime::Docker, A), (Runtime::Podman, B)]);
    assert!(start.elapsed() < Duration::from_millis(1400), "{:?}", start.elapsed());
    let reason =
        |runtime| format!("names of {runtime} containers are not known (no answer within 1 s)");
    assert_eq!(told(&found), [reason("docker"), reason("podman")]);
}

#[test]
fn podmans_files_come_before_its_daemon() {
    let dir = Dir::new();
    let entry = |id, name| format!(r#"[{{"id":"{id}","names":["{name}"],"layer":"x"}}]"#);
    dir.write("storage/overlay-containers/containers.json", entry(A, "web"));
    dir.write("storage/overlay-images/images.json", entry(A, "no container"));
    dir.write("storage/storage.lock", "");
    let storages = vec![dir.0.join("storage")];
    let asked = dir.daemon(|question, mut stream| {
        assert_eq!(question, "GET /v4.0.0/libpod/containers/json?all=true HTTP/1.1");
        stream.write_all(http(&list(B, "db")).as_bytes()).unwrap();
    });
    let places = Places { storages, podman_sockets: vec![asked], ..Places::default() };
    let ids = [(Runtime::Podman, A), (Runtime::Podman, B)];
    let nobody_asked = Places { podman_sockets: vec![dir.0.join("none")], ..places.clone() };
    assert_eq!(told(&container_names_in(&nobody_asked, &ids[..1])), ["3f2b web"]);
    assert_eq!(told(&container_names_in(&places, &ids)), ["3f2b web", "91aa db"]);
    dir.write("storage/vfs-containers/volatile-containers.json", entry(B, "brief"));
    assert_eq!(told(&container_names_in(&places, &ids)), ["3f2b web", "91aa brief"]);
}

#[test]
fn rootless_runtimes_are_asked_below_the_users_directories() {
    let dir = Dir::new();
    let socket = dir.daemon(|_, mut stream| {
        stream.write_all(http(&list(A, "web")).as_bytes()).unwrap();
    });
    fs::create_dir_all(dir.0.join("users/4000000001/podman")).unwrap();
    symlink(&socket, dir.0.join("users/4000000001/podman/podman.sock")).unwrap();
    symlink(&socket, dir.0.join("users/4000000001/docker.sock")).unwrap();
    fs::create_dir_all(dir.0.join("users/nobody")).unwrap();
    let places = Places { users: Some(dir.0.join("users")), ..Places::default() };
    for runtime in [Runtime::Docker, Runtime::Podman] {
        assert_eq!(told(&container_names_in(&places, &[(runtime, A)])), ["3f2b web"]);
    }
}

#[test]
fn kubernetes_names_stand_in_the_containers_configuration() {
    let dir = Dir::new();
    let containerd = r#"{"annotations":{"io.kubernetes.cri.container-name":"nginx",
        "io.kubernetes.cri.sandbox-name":"web-0","io.kubernetes.cri.sandbox-namespace":"shop"}}"#;
    dir.write(&format!("tasks/k8s.io/{A}/config.json"), containerd);
    dir.write(&format!("tasks/moby/{B}/config.json"), r#"{"annotations":{}}"#);
    dir.write(
        &format!("tasks/default/{B}/config.json"),
        r#"{"annotations":{"nerdctl/name":"db"}}"#,
    );
    let crio = r#"{"annotations":{"io.kubernetes.container.name":"nginx",
        "io.kubernetes.pod.name":"web-1","io.kubernetes.pod.namespace":"shop"}}"#;
    dir.write(&format!("crio/{A}/userdata/config.json"), crio);
    let places = Places {
        containerd_tasks: vec![dir.0.join("none"), dir.0.join("tasks")],
        crio_containers: vec![dir.0.join("crio")],
        ..Places::default()
    };
    let of = |ids: &[(Runtime, &str)]| told(&container_names_in(&places, ids));
    let both = [(Runtime::Containerd, A), (Runtime::Containerd, B)];
    assert_eq!(of(&both), ["3f2b shop/web-0/nginx", "91aa db"]);
    assert_eq!(of(&[(Runtime::CriO, A)]), ["3f2b shop/web-1/nginx"]);
    // An id that is more than a name is no file of theirs.
    let escaping = format!("x/../{A}");
    assert!(of(&[(Runtime::CriO, &escaping), (Runtime::CriO, "..")]).is_empty());
    let missing = of(&[(Runtime::CriO, B)]);
    assert!(
        missing[0].contains("cannot read") && missing[0].contains("No such file"),
        "{missing:?}"
    );
}

#[test]
fn what_is_no_file_is_not_read() {
    let dir = Dir::new();
    let path = dir.write("crio/x/userdata/config.json", "");
    fs::remove_file(&path).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RWXU).unwrap();
    let places = Places { crio_containers: vec![dir.0.join("crio")], ..Places::default() };
    let check = |reason: &str| {
        let found = told(&container_names_in(&places, &[(Runtime::CriO, "x")]));
        let said = format!("cannot read {}: {reason}", path.display());
        assert_eq!(found, [format!("names of cri-o containers are not known ({said})")]);
    };
    check("it is no file");
    fs::remove_file(&path).unwrap();
    symlink("/dev/zero", &path).unwrap();
    check("it is no file");
    fs::remove_file(&path).unwrap();
    fs::write(&path, " ".repeat(5 * 1024 * 1024)).unwrap();
    check("it is too long");
    fs::write(&path, "{").unwrap();
    check("the JSON is cut short at byte 1");
}
