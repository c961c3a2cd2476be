//! One process, from the texts and links below `/proc/PID`.

use std::fmt::Write as _;

use sockeye_core::Workload;

use super::{Malformed, decimal_u32, fields, lines, lossy, number};

/// What the kernel appends to a path that no longer exists (`d_path`, `fs/d_path.c`), and to a
/// control group that was removed (`proc_cgroup_show`, `kernel/cgroup/cgroup.c`).
const DELETED: &[u8] = b" (deleted)";

/// The fields of `/proc/PID/stat` that Sockeye needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stat {
    /// Process id, field 1.
    pub pid: u32,
    /// The kernel's short name, field 2: any bytes, what is not UTF-8 replaced by U+FFFD.
    pub name: String,
    /// The state's letter, field 3: `R`, `S`, `Z` …
    pub state: u8,
    /// The parent's process id, field 4; 0 when it has none in this pid namespace.
    pub parent: u32,
    /// A thread of the kernel, by field 9.
    pub is_kernel_thread: bool,
    /// Start, in clock ticks since boot, field 22.
    pub start_ticks: u64,
}

/// `PF_KTHREAD`, `include/linux/sched.h`.
const PF_KTHREAD: u32 = 0x0020_0000;

/// Decodes `/proc/PID/stat`, proc_pid_stat(5).
///
/// # Errors
///
/// The field that is missing or no number.
pub fn decode_stat(text: &[u8]) -> Result<Stat, Malformed> {
    let malformed = |what, at| Malformed { what, at };
    let (pid, name, rest) = split_stat(text).ok_or(malformed("name has no parentheses", 0))?;
    let pid = decimal_u32(pid.trim_ascii()).ok_or(malformed("pid is not a number", 0))?;
    let malformed = |what| malformed(what, text.len() - rest.len());
    let mut fields = fields(rest);
    let Some(&[state]) = fields.next() else {
        return Err(malformed("state is not one letter"));
    };
    let parent = fields.next().and_then(decimal_u32);
    let flags = fields.nth(9 - 5).and_then(decimal_u32);
    let start_ticks = fields.nth(22 - 10).and_then(|field| number(field, 10));
    // Only a field behind it proves that the start time is whole.
    fields.next().ok_or(malformed("line is cut short"))?;
    Ok(Stat {
        pid,
        name: lossy(name),
        state,
        parent: parent.ok_or(malformed("parent is not a number"))?,
        is_kernel_thread: flags.ok_or(malformed("flags are not a number"))? & PF_KTHREAD != 0,
        start_ticks: start_ticks.ok_or(malformed("start time is not a number"))?,
    })
}

/// The pid, the name, and what follows. The name may hold parentheses of its own, unescaped; what
/// follows holds none.
fn split_stat(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let open = text.iter().position(|&byte| byte == b'(')?;
    let close = text.iter().rposition(|&byte| byte == b')')?;
    Some((text.get(..open)?, text.get(open + 1..close)?, text.get(close + 1..)?))
}

/// The effective user of `/proc/PID/status`, proc_pid_status(5): the second number of `Uid:`.
///
/// The name above it cannot forge that line: the kernel escapes newlines there.
pub fn decode_status_users(text: &[u8]) -> Option<u32> {
    let users = lines(text).find_map(|line| line.strip_prefix(b"Uid:"))?;
    fields(users).nth(1).and_then(decimal_u32)
}

/// The command line of `/proc/PID/cmdline`, proc_pid_cmdline(5), as one text; `None` when it is
/// empty, as that of a kernel thread or a zombie is.
///
/// Arguments are joined by spaces and quoted as a shell would need it; one that is not UTF-8 stands
/// in `$'…'`, so that arguments that differ by a byte do not look the same. A process may overwrite
/// its arguments by a title (`nginx: worker process`): a text without any NUL inside is taken as one
/// and comes out as it is. NULs at the end are dropped, since titles are padded by them; empty
/// arguments at the end go with them.
pub fn decode_command_line(text: &[u8]) -> Option<String> {
    let text = without_padding(text)?;
    let mut line = String::with_capacity(text.len());
    if !text.contains(&0) {
        match str::from_utf8(text) {
            Ok(title) if !title.starts_with("$'") => line.push_str(title),
            _ => push_argument(&mut line, text),
        }
        return Some(line);
    }
    for argument in text.split(|&byte| byte == 0) {
        push_argument(&mut line, argument);
        line.push(' ');
    }
    line.pop();
    Some(line)
}

/// Whether the text of `/proc/PID/cmdline` is not what the process was started with, but a title
/// that it gave itself (setproctitle(3), perl's `$0`): one text in place of all arguments, or a file
/// name with a blank in front of what is left of them. Started by one word alone, a process looks
/// the same, and has no arguments either.
pub fn is_title(text: &[u8]) -> bool {
    let Some(text) = without_padding(text) else { return false };
    let Some(end) = text.iter().position(|&byte| byte == 0) else { return true };
    let first = text.get(..end).unwrap_or_default();
    let name = first.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    name.contains(&b' ')
}

/// `text` without the NULs at its end; `None` where nothing is left.
fn without_padding(text: &[u8]) -> Option<&[u8]> {
    let last = text.iter().rposition(|&byte| byte != 0)?;
    text.get(..=last)
}

/// Appends `argument`, in quotes where a shell would not read it back as it is.
fn push_argument(line: &mut String, argument: &[u8]) {
    match str::from_utf8(argument) {
        Ok(plain) if !plain.is_empty() && plain.chars().all(is_plain) => line.push_str(plain),
        Ok(text) => {
            line.push('\'');
            line.push_str(&text.replace('\'', r"'\''"));
            line.push('\'');
        }
        Err(_) => push_bytes(line, argument),
    }
}

/// Appends `argument` in `$'…'`, the bytes that are not UTF-8 as `\xff`: as bash, zsh, ksh and
/// POSIX since 2024 read it (XCU 2.2.4).
fn push_bytes(line: &mut String, argument: &[u8]) {
    line.push_str("$'");
    for chunk in argument.utf8_chunks() {
        for c in chunk.valid().chars() {
            if matches!(c, '\'' | '\\') {
                line.push('\\');
            }
            line.push(c);
        }
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(line, "\\x{byte:02x}");
        }
    }
    line.push('\'');
}

/// Whether a shell, and a reader, takes `c` for nothing but itself.
fn is_plain(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric() || "%+,-./:=@_".contains(c)
    } else {
        !c.is_whitespace() && !c.is_control()
    }
}

/// The control group of `/proc/PID/cgroup`, cgroups(7), as a path; `None` when the process is in
/// no hierarchy that names units.
///
/// That is the path in cgroup2. Where it is `/`, since a hybrid system keeps its units in the
/// version 1 hierarchy `name=systemd`, the path there. The other version 1 hierarchies divide by
/// resource, not by unit, and count only where they name a container and neither of these does: on a
/// hybrid system a runtime without systemd's driver leaves its containers in its own unit of cgroup2
/// (runc, libcontainer/cgroups/fs), on one without systemd there is nothing else.
pub fn decode_cgroup(text: &[u8]) -> Option<String> {
    let unified = path_in_hierarchy(text, b"");
    let systemd = path_in_hierarchy(text, b"name=systemd");
    let below_root = |path: &&[u8]| *path != b"/";
    let named = unified.filter(below_root).or(systemd.filter(below_root));
    let named = named.or(unified).or(systemd);
    let path = |bytes: &[u8]| lossy(bytes.strip_suffix(DELETED).unwrap_or(bytes));
    let has_container = |path: &String| Workload::of(path).container.is_some();
    let named = named.map(path);
    if named.as_ref().is_some_and(has_container) {
        return named;
    }
    let others = systemd.into_iter().chain(lines(text).filter_map(|line| hierarchy(line)?.1));
    others.map(path).find(has_container).or(named)
}

/// The path in the hierarchy with these `controllers`, none for cgroup2.
fn path_in_hierarchy<'a>(text: &'a [u8], controllers: &[u8]) -> Option<&'a [u8]> {
    lines(text).find_map(|line| hierarchy(line).filter(|(found, _)| *found == controllers)?.1)
}

/// A hierarchy's controllers and the path in it: `ID:controllers:path`.
fn hierarchy(line: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let mut parts = line.splitn(3, |&byte| byte == b':');
    Some((parts.nth(1)?, parts.next()))
}

/// The target of the link `/proc/PID/exe`, proc_pid_exe(5): the image's path, and whether that
/// file has been deleted or replaced since.
///
/// A file whose own name ends in ` (deleted)` looks the same; the kernel does not tell.
pub fn decode_image_link(target: &[u8]) -> (String, bool) {
    let path = target.strip_suffix(DELETED);
    (lossy(path.unwrap_or(target)), path.is_some())
}

/// The inode in the target of a link in `/proc/PID/fd` when it is a socket: `socket:[123]`.
///
/// Called for every descriptor of the machine: it allocates nothing and looks at bytes alone.
pub fn decode_socket_link(target: &[u8]) -> Option<u64> {
    let inode = target.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    number(inode, 10)
}

/// The inode in the target of the link `/proc/PID/ns/net`, namespaces(7): `net:[4026531840]`.
pub fn decode_namespace_link(target: &[u8]) -> Option<u32> {
    let inode = target.strip_prefix(b"net:[")?.strip_suffix(b"]")?;
    decimal_u32(inode)
}

/// The inode in the target of the link `/proc/PID/ns/mnt`: `mnt:[4026531841]`.
pub fn decode_mount_namespace_link(target: &[u8]) -> Option<u32> {
    let inode = target.strip_prefix(b"mnt:[")?.strip_suffix(b"]")?;
    decimal_u32(inode)
}

#[cfg(test)]
mod tests {
    use super::super::hostile;
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    // Written by Linux 6.18 for a program that was named so on purpose.
    const STAT: &[u8] = b"8086 () R 1 () S 7975 7975 5644 0 -1 4194304 131 0 0 0 0 0 0 0 20 0 1 0 \
129822 2990080 389 18446744073709551615 93902227779584 93902227797513 140728507706144 0 0 0 0 6 0 \
1 0 0 17 1 0 0 0 0 0 93902227811600 93902227812864 93902712496128 140728507710164 140728507710183 \
140728507710183 140728507711463 0\n";
    const STATUS: &[u8] = b"Name:\t) R 1 (\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t8086\n\
Pid:\t8086\nPPid:\t7975\nTracerPid:\t0\nUid:\t1000\t33\t34\t35\nGid:\t0\t0\t0\t0\n";
    const CGROUP: &[u8] = b"9:name=systemd:/\n8:pids:/\n4:memory:/m\n1:cpu,cpuacct:/\n\
0::/system.slice/nginx.service\n";

    #[test]
    fn threads_of_the_kernel_are_told_by_their_flags() {
        let text = String::from_utf8(STAT.to_vec()).unwrap();
        // 2129984 is what Linux 6.18 says of kthreadd.
        let text = text.replace(" 4194304 ", " 2129984 ");
        assert!(decode_stat(text.as_bytes()).unwrap().is_kernel_thread);
    }

    #[test]
    fn stat_takes_any_name() {
        let check = |name: &[u8], expected: &str| {
            let text = STAT.to_vec();
            let text = [&text[..6], name, &text[13..]].concat();
            let stat = decode_stat(&text).unwrap();
            let expected = Stat {
                pid: 8086,
                name: expected.into(),
                state: b'S',
                parent: 7975,
                is_kernel_thread: false,
                start_ticks: 129_822,
            };
            assert_eq!(stat, expected);
        };
        check(b") R 1 (", ") R 1 (");
        check(b"nginx", "nginx");
        check(b"", "");
        check(b"Web Content", "Web Content");
        check(b"((sd-pam))", "((sd-pam))");
        check(b"a\nb\t(c", "a\nb\t(c");
        check(b"k\xfcche", "k\u{fffd}che");
    }

    #[test]
    fn stat_says_what_is_wrong() {
        let check = |text: &str, what, at| {
            assert_eq!(decode_stat(text.as_bytes()), Err(Malformed { what, at }));
        };
        let rest = "1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0";
        check("", "name has no parentheses", 0);
        check("1 )init( S", "name has no parentheses", 0);
        check("x (init) S 0", "pid is not a number", 0);
        check("1 (init) Sleeping 0", "state is not one letter", 8);
        check("1 (init) S 0 1 1", "line is cut short", 8);
        check(&format!("1 (init) S 0 {rest} 42"), "line is cut short", 8);
        check(&format!("1 (init) S -1 {rest} 42 0"), "parent is not a number", 8);
        check(&format!("1 (init) S 0 {rest} x 0"), "start time is not a number", 8);
    }

    #[test]
    fn status_gives_the_effective_user() {
        let check = |text: &[u8], expected| assert_eq!(decode_status_users(text), expected);
        check(STATUS, Some(33));
        check(b"Name:\tUid:\nUid:\t0\t0\t0\t0\n", Some(0));
        check(b"Name:\tx Uid:\t1\t1\t1\t1\n", None);
        check(b"Name:\tx\\nUid:\t1\t1\n", None);
        check(b"Uid:\t1000\n", None);
        check(b"Uid:\t0\t4294967296\t0\t0\n", None);
        check(b"", None);
    }

    #[test]
    fn command_lines_are_quoted_where_a_shell_needs_it() {
        let check = |text: &[u8], expected: Option<&str>| {
            assert_eq!(decode_command_line(text).as_deref(), expected);
        };
        check(b"", None);
        check(b"\0\0\0", None);
        check(b"/bin/sleep\x005\0", Some("/bin/sleep 5"));
        check(b"/bin/sleep\x005", Some("/bin/sleep 5"));
        check(b"nginx: worker process\0\0\0\0", Some("nginx: worker process"));
        check(b"sshd: root@pts/0", Some("sshd: root@pts/0"));
        check(b"x: worker\x003\0", Some("'x: worker' 3"));
        check(b"a\0\0b\0", Some("a '' b"));
        check(b"\0b\0", Some("'' b"));
        check(b"a\0b\0\0", Some("a b"));
        check(b"sh\0-c\0echo $HOME; ls\0", Some("sh -c 'echo $HOME; ls'"));
        check(b"a\0it's\0", Some(r"a 'it'\''s'"));
        check(b"a\0--key=v:1,2%/x_y@z+.\0", Some("a --key=v:1,2%/x_y@z+."));
        check("a\0k\u{fc}che\0".as_bytes(), Some("a k\u{fc}che"));
        check("a\0x\u{a0}y\0".as_bytes(), Some("a 'x\u{a0}y'"));
        check(b"a\0\xff\0", Some(r"a $'\xff'"));
        check(b"a\0\xfe\0", Some(r"a $'\xfe'"));
        check(b"a\0\\xff\0", Some(r"a '\xff'"));
        check(b"a\0it's \\\xe9\xc3\xbc\0", Some("a $'it\\'s \\\\\\xe9\u{fc}'"));
        check(b"job \xff\0\0", Some(r"$'job \xff'"));
        check(b"$'job'\0", Some(r"'$'\''job'\'''"));
        for special in "\t\n \"'$*?;&|<>()\\`[]{}!#~^\u{1b}".chars() {
            let line = decode_command_line(format!("a\0{special}\0").as_bytes()).unwrap();
            assert!(line.starts_with("a '"), "{special:?}");
        }
    }

    #[test]
    fn titles_are_told_from_arguments() {
        let check = |text: &[u8], expected| assert_eq!(is_title(text), expected, "{text:?}");
        check(b"spamd child\0\0\0\0", true);
        check(b"gunicorn: master [app]", true);
        check(b"/usr/bin/python3 /srv/fake.py\0\0", true);
        check(b"x: worker\x003\0", true);
        check(b"python3", true);
        check(b"/usr/bin/python3\0/srv/job.py\0", false);
        check(b"/opt/my app/python3\0/srv/job.py\0", false);
        check(b"python3\0/srv/my job.py", false);
        check(b"\0b\0", false);
        check(b"\0\0", false);
        check(b"", false);
    }

    #[test]
    fn control_groups_prefer_the_one_that_names_a_unit() {
        let check = |text: &[u8], expected: Option<&str>| {
            assert_eq!(decode_cgroup(text).as_deref(), expected);
        };
        check(CGROUP, Some("/system.slice/nginx.service"));
        check(b"0::/\n", Some("/"));
        check(b"0::/user.slice/a:b\n", Some("/user.slice/a:b"));
        check(b"0::/x (deleted)\n", Some("/x"));
        check(b"4:memory:/m\n1:name=systemd:/s\n0::/\n", Some("/s"));
        check(b"1:name=systemd:/s\n0::/u\n", Some("/u"));
        // Docker without systemd's driver, on a hybrid system and on one without systemd.
        let id = "3f2b8c1d9e0a4b5c6d7e8f90123456789abcdef0fedcba98765432100f1e2d3c";
        let docker = format!("/docker/{id}");
        let hybrid = format!(
            "4:memory:{docker}\n1:name=systemd:{docker}\n0::/system.slice/containerd.service\n"
        );
        check(hybrid.as_bytes(), Some(&docker));
        check(format!("4:memory:/m\n3:cpu:{docker}\n").as_bytes(), Some(&docker));
        check(format!("1:name=systemd:{docker}\n0::/lxc/web\n").as_bytes(), Some("/lxc/web"));
        check(b"4:memory:/m\n1:name=systemd:/\n0::/\n", Some("/"));
        check(b"1:name=systemd:/s\n", Some("/s"));
        check(b"4:memory:/m\n", None);
        check(b"0::/cut", None);
        check(b"", None);
        check(b"\n:\n::\n", Some(""));
    }

    #[test]
    fn image_links_tell_a_deleted_file() {
        let check = |target: &[u8], path: &str, is_deleted| {
            assert_eq!(decode_image_link(target), (path.into(), is_deleted));
        };
        check(b"/usr/bin/nginx", "/usr/bin/nginx", false);
        check(b"/tmp/) R 1 ( (deleted)", "/tmp/) R 1 (", true);
        check(b"/a (deleted) (deleted)", "/a (deleted)", true);
        check(b"/a\xff", "/a\u{fffd}", false);
        check(b"", "", false);
    }

    #[test]
    fn links_give_inodes() {
        let check = |target: &str, socket, namespace| {
            assert_eq!(decode_socket_link(target.as_bytes()), socket, "{target}");
            assert_eq!(decode_namespace_link(target.as_bytes()), namespace, "{target}");
        };
        check("socket:[15958]", Some(15958), None);
        check("socket:[18446744073709551615]", Some(u64::MAX), None);
        check("net:[4026531840]", None, Some(4_026_531_840));
        for other in [
            "",
            "socket:[",
            "socket:[]",
            "socket:[1",
            "socket:[-1]",
            "socket:[1]x",
            "socket:[18446744073709551616]",
            "net:[]",
            "net:[4294967296]",
            "pipe:[15958]",
            "mnt:[4026531840]",
            "/dev/null",
            "anon_inode:[eventpoll]",
        ] {
            check(other, None, None);
        }
    }

    #[test]
    fn a_cut_text_is_missing_not_wrong() {
        for end in 0..STAT.len() {
            if let Ok(stat) = decode_stat(&STAT[..end]) {
                assert_eq!(Ok(stat), decode_stat(STAT));
            }
        }
        for end in 0..STATUS.len() {
            assert!(matches!(decode_status_users(&STATUS[..end]), None | Some(33)));
        }
        for end in 0..CGROUP.len() {
            let path = decode_cgroup(&CGROUP[..end]);
            assert!(matches!(path.as_deref(), None | Some("/")));
        }
    }

    #[test]
    fn long_input_takes_linear_time() {
        for unit in ["\0", "a", "'\0", " ", "(", ")", "a\0", "\u{fffd}\0", "\n", "Uid:\n", "::\n"] {
            let text = unit.repeat(2_000_000 / unit.len());
            hostile::assert_quick(|| {
                let _ = decode_stat(text.as_bytes());
                decode_status_users(text.as_bytes());
                decode_command_line(text.as_bytes());
                is_title(text.as_bytes());
                decode_cgroup(text.as_bytes());
                decode_image_link(text.as_bytes());
            });
        }
    }

    /// The words of a line as a shell splits it; only what the decoder writes need be understood.
    fn shell_words(line: &str) -> Vec<String> {
        let (mut words, mut is_quoted, mut is_escaped) = (vec![String::new()], false, false);
        for c in line.chars() {
            match c {
                '\'' if !is_escaped => is_quoted = !is_quoted,
                '\\' if !is_quoted && !is_escaped => {
                    is_escaped = true;
                    continue;
                }
                ' ' if !is_quoted => words.push(String::new()),
                _ => words.last_mut().unwrap().push(c),
            }
            is_escaped = false;
        }
        words
    }

    proptest! {
        #[test]
        fn different_arguments_look_different(
            first in vec(vec(1_u8.., 0..4), 1..3),
            second in vec(vec(1_u8.., 0..4), 1..3),
        ) {
            // An argument behind them, since empty ones at the end are not told from padding.
            let line = |arguments: &[Vec<u8>]| {
                decode_command_line(&[&arguments.join(&0), &b"\0x"[..]].concat())
            };
            prop_assert_eq!(line(&first) == line(&second), first == second);
        }

        #[test]
        fn a_shell_reads_the_arguments_back(
            mut arguments in vec("[a-z' \"\\\\$\\PC]{0,6}", 1..5),
            last in "[a-z' ]{1,6}",
        ) {
            arguments.push(last);
            let line = decode_command_line(arguments.join("\0").as_bytes()).unwrap();
            prop_assert_eq!(shell_words(&line), arguments);
        }

        #[test]
        fn any_input_is_survived(
            stat in hostile::variants(STAT),
            status in hostile::variants(STATUS),
            cgroup in hostile::variants(CGROUP),
            link in hostile::variants(b"socket:[15958]"),
        ) {
            let _ = decode_stat(&stat);
            decode_status_users(&status);
            decode_cgroup(&cgroup);
            for text in [&stat, &status, &cgroup, &link] {
                decode_command_line(text);
                is_title(text);
                decode_image_link(text);
                decode_socket_link(text);
                decode_namespace_link(text);
            }
        }
    }
}
