//! Called as `tcpvcon`: its options, its layouts.

use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::proc;
use crate::sockeye::{BINARY, Run, finish};
use crate::world::{World, connect, visit};

/// Runs the binary under its other name.
fn tcpvcon(world: &World, args: &[&str]) -> Run {
    let link = world.dir.join("tcpvcon");
    let _there_already = symlink(BINARY, &link);
    finish(Command::new(link).args(args))
}

/// What follows the banner: three lines and an empty one.
fn behind_banner(text: &str) -> &str {
    let (banner, rest) = text.split_once("\n\n").unwrap();
    assert_eq!(banner.lines().count(), 3, "{text}");
    rest
}

#[test]
fn prints_the_layouts_of_tcpvcon() {
    visit(|world| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (client, server) = connect(&listener);
        let udp = UdpSocket::bind("[::1]:0").unwrap();
        let (own, peer) = (client.local_addr().unwrap(), client.peer_addr().unwrap());
        let us = std::process::id();
        let path = proc::path(us);
        let block = |local, remote| {
            format!(
                "[TCP] {path}\n        PID:    {us}\n        State:  ESTABLISHED\n        \
                 Local:  {local}\n        Remote: {remote}\n"
            )
        };
        let run = tcpvcon(world, &["-n"]);
        assert_eq!(run.status, Some(0));
        let mut told = behind_banner(&run.out).to_owned();
        for block in [block(own, peer), block(peer, own)] {
            assert!(told.contains(&block), "{told} {block}");
            told = told.replacen(&block, "", 1);
        }
        assert_eq!(told, "");

        let name = path.rsplit('/').next().unwrap();
        let mut expected = [
            format!("TCP,{name},{us},LISTENING,{peer},0.0.0.0:0"),
            format!("TCP,{name},{us},ESTABLISHED,{own},{peer}"),
            format!("TCP,{name},{us},ESTABLISHED,{peer},{own}"),
            format!("UDPV6,{name},{us},*,[0:0:0:0:0:0:0:1]:{},*", udp.local_addr().unwrap().port()),
        ];
        expected.sort_unstable();
        for args in
            [&["-anc"][..], &["-a", "-n", "-c"], &["/a", "/c", "/n"], &["-accepteula", "/anc"]]
        {
            let run = tcpvcon(world, args);
            let mut lines: Vec<_> = behind_banner(&run.out).lines().collect();
            lines.sort_unstable();
            assert_eq!(lines, expected, "{args:?}");
        }
        let run = tcpvcon(world, &["-nobanner", "-anc", &us.to_string()]);
        assert_eq!(run.out.lines().count(), 4, "{run:?}");
        let run = tcpvcon(world, &["-nobanner", "-anc", &name.to_uppercase()]);
        assert_eq!(run.out.lines().count(), 4, "{run:?}");
        drop((client, server));
        let run = tcpvcon(world, &["-nobanner", "-nc"]);
        assert!(run.out.starts_with("TCP,[System Process],0,TIME_WAIT,"), "{run:?}");
    });
}

#[test]
fn refuses_in_one_sentence() {
    visit(|world| {
        let run = tcpvcon(world, &["-x"]);
        assert_eq!((run.status, run.out.as_str()), (Some(2), ""));
        assert_eq!(run.err.lines().count(), 1, "{run:?}");
        let run = tcpvcon(world, &["-nobanner", "-anc", "no-such-process"]);
        assert_eq!((run.status, run.out.as_str()), (Some(1), ""));
    });
}
