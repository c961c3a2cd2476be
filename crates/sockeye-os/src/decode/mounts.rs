//! The mounts of `/proc/self/mountinfo`, and what they tell about namespaces, groups and `/proc`.

use super::process::decode_namespace_link;
use super::{lines, lossy, number};

/// One mount. Texts that are not UTF-8 hold U+FFFD in place of what is not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mount {
    /// The directory or file of the file system that stands at the mount point, field 4.
    pub root: String,
    /// Where it is mounted, field 5.
    pub mount_point: String,
    /// The file system's type, field 9.
    pub fs_type: String,
    /// The file system's own options, field 11, separated by commas.
    pub options: String,
}

/// Decodes `/proc/PID/mountinfo`, proc_pid_mountinfo(5), in the order of mounting.
///
/// Lines that make no sense are left out: mounts only add names to what is known otherwise.
pub fn decode_mounts(text: &[u8]) -> Vec<Mount> {
    lines(text).filter_map(decode_mount).collect()
}

/// Decodes one line:
///
/// ```text
/// 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
/// ```
///
/// Between the sixth field and the `-` stands any number of others. A field may be empty, as the
/// source after the type is for `mount -t tmpfs "" /mnt`.
fn decode_mount(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|&byte| byte == b' ');
    let root = fields.nth(3)?;
    let mount_point = fields.next()?;
    fields.find(|&field| field == b"-")?;
    let fs_type = fields.next()?;
    let options = fields.nth(1)?;
    Some(Mount {
        root: unescape(root),
        mount_point: unescape(mount_point),
        fs_type: unescape(fs_type),
        options: unescape(options),
    })
}

/// Undoes the kernel's `\040` for white space and the backslash (`mangle_path`, `fs/seq_file.c`).
fn unescape(text: &[u8]) -> String {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        match decode_escape(rest) {
            Some((byte, behind)) => {
                plain.push(byte);
                rest = behind;
            }
            None => {
                plain.push(*first);
                rest = tail;
            }
        }
    }
    lossy(&plain)
}

/// The byte that an escape at the start of `text` stands for, and what is behind it.
fn decode_escape(text: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, behind) = text.strip_prefix(b"\\")?.split_at_checked(3)?;
    Some((number(digits, 8)?.try_into().ok()?, behind))
}

/// The network namespaces bound to a file, as `ip netns` does: inode, and the file's path.
///
/// The same namespace comes once for each file.
pub fn bound_namespaces(mounts: &[Mount]) -> Vec<(u32, String)> {
    let nsfs = mounts.iter().filter(|mount| mount.fs_type == "nsfs");
    nsfs.filter_map(|mount| {
        let inode = decode_namespace_link(mount.root.as_bytes())?;
        Some((inode, mount.mount_point.clone()))
    })
    .collect()
}

/// Where cgroup2 is mounted; where its root is, if that is mounted at all.
pub fn cgroup2_mount_point(mounts: &[Mount]) -> Option<&str> {
    let mut cgroup2 = mounts.iter().filter(|mount| mount.fs_type == "cgroup2");
    let whole = cgroup2.clone().find(|mount| mount.root == "/");
    Some(&whole.or(cgroup2.next())?.mount_point)
}

/// Whether `/proc` hides the processes of other users (`hidepid`, proc(5)).
///
/// The mount on top counts. Its option is a number before Linux 5.8, a word since.
pub fn is_proc_restricted(mounts: &[Mount]) -> bool {
    let proc = mounts.iter().rfind(|mount| mount.mount_point == "/proc");
    proc.is_some_and(|mount| {
        let mut options = mount.options.split(',');
        let value = options.find_map(|option| option.strip_prefix("hidepid="));
        value.is_some_and(|value| !matches!(value, "0" | "off"))
    })
}

#[cfg(test)]
mod tests {
    use super::super::hostile;
    use super::*;
    use proptest::prelude::*;

    // Written by Linux 6.18, but for `hidepid`, the cgroup2 mount that a container sees of its
    // host's, the mount namespace and the last line.
    const MOUNTS: &[u8] = concat!(
        "22 27 0:21 / /proc rw,relatime - proc proc rw,hidepid=invisible\n",
        "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard,resv_strict,resuid=65534,resgid=65534\n",
        "40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd\n",
        "41 31 0:38 /../.. /mnt/host rw,relatime - cgroup2 cgroup2 rw\n",
        "42 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n",
        "63 43 254:0 /run/netns /run/netns rw,relatime shared:1 - ext4 /dev/vda rw,discard\n",
        "64 63 0:4 net:[4026532249] /run/netns/blue rw shared:2 master:1 - nsfs nsfs rw\n",
        "65 63 0:4 net:[4026532318] /run/netns/a\\040b rw shared:3 - nsfs nsfs rw\n",
        "66 63 0:4 mnt:[4026532319] /run/mnt rw - nsfs nsfs rw\n",
        "67 43 0:39 / /mnt/no\\134source rw,relatime - tmpfs  rw\n",
    )
    .as_bytes();

    #[test]
    fn decodes_what_a_kernel_wrote() {
        let mounts = decode_mounts(MOUNTS);
        let check = |index: usize, [root, mount_point, fs_type, options]: [&str; 4]| {
            let expected = Mount {
                root: root.into(),
                mount_point: mount_point.into(),
                fs_type: fs_type.into(),
                options: options.into(),
            };
            assert_eq!(mounts[index], expected);
        };
        assert_eq!(mounts.len(), 10);
        check(0, ["/", "/proc", "proc", "rw,hidepid=invisible"]);
        check(6, ["net:[4026532249]", "/run/netns/blue", "nsfs", "rw"]);
        check(7, ["net:[4026532318]", "/run/netns/a b", "nsfs", "rw"]);
        check(9, ["/", "/mnt/no\\source", "tmpfs", "rw"]);
    }

    #[test]
    fn finds_namespaces_with_a_name() {
        let expected = [(4_026_532_249, "/run/netns/blue"), (4_026_532_318, "/run/netns/a b")];
        let expected = expected.map(|(inode, path)| (inode, path.to_owned()));
        assert_eq!(bound_namespaces(&decode_mounts(MOUNTS)), expected);
    }

    #[test]
    fn finds_the_whole_cgroup2_before_a_part() {
        let mut mounts = decode_mounts(MOUNTS);
        assert_eq!(cgroup2_mount_point(&mounts), Some("/sys/fs/cgroup/unified"));
        mounts.retain(|mount| mount.mount_point != "/sys/fs/cgroup/unified");
        assert_eq!(cgroup2_mount_point(&mounts), Some("/mnt/host"));
        assert_eq!(cgroup2_mount_point(&[]), None);
    }

    #[test]
    fn tells_whether_proc_hides_processes() {
        let check = |options: &[&str], expected| {
            let line = |options| format!("22 27 0:21 / /proc rw - proc proc {options}\n");
            let text: String = options.iter().map(line).collect();
            let mounts = decode_mounts(text.as_bytes());
            assert_eq!(is_proc_restricted(&mounts), expected, "{options:?}");
        };
        check(&[], false);
        check(&["rw"], false);
        check(&["rw,hidepid=0"], false);
        check(&["rw,hidepid=off"], false);
        check(&["rw,gid=4,hidepid=1"], true);
        check(&["rw,hidepid=2"], true);
        for word in ["invisible", "ptraceable", "noaccess"] {
            check(&[&format!("rw,hidepid={word},subset=pid")], true);
        }
        check(&["rw,hidepid=2", "rw"], false);
        check(&["rw", "rw,hidepid=2"], true);
    }

    #[test]
    fn escapes_are_undone_and_others_kept() {
        let check = |text: &[u8], expected: &str| assert_eq!(unescape(text), expected);
        check(br"/a\040b\011c\012d\134e\043", "/a b\tc\nd\\e#");
        check(br"/\303\274", "/\u{fc}");
        check(br"/\04", r"/\04");
        check(br"/\400\999\", r"/\400\999\");
        check(br"\\040", r"\ ");
        check(b"/\xff", "/\u{fffd}");
    }

    #[test]
    fn cut_mounts_hold_no_wrong_one() {
        let whole = decode_mounts(MOUNTS);
        for end in 0..MOUNTS.len() {
            let cut = decode_mounts(&MOUNTS[..end]);
            assert!(cut.len() < whole.len());
            assert!(whole.starts_with(&cut));
        }
    }

    #[test]
    fn long_input_takes_linear_time() {
        for unit in ["\n", " ", "\\", r"\040", " - ", "a b c d e - f g h\n"] {
            let text = unit.repeat(2_000_000 / unit.len());
            let line = format!("1 1 0:1 / /{} rw - a b c\n", text.replace([' ', '\n'], "x"));
            hostile::assert_quick(|| decode_mounts(text.as_bytes()));
            hostile::assert_quick(|| decode_mounts(line.as_bytes()));
        }
    }

    proptest! {
        #[test]
        fn escaped_text_reads_back(text: String) {
            let escape = |c: char| match c {
                ' ' | '\t' | '\n' | '\\' => format!("\\{:03o}", u32::from(c)),
                _ => c.into(),
            };
            let escaped: String = text.chars().map(escape).collect();
            prop_assert_eq!(unescape(escaped.as_bytes()), text);
        }

        #[test]
        fn any_input_is_survived(text in hostile::variants(MOUNTS)) {
            let mounts = decode_mounts(&text);
            bound_namespaces(&mounts);
            cgroup2_mount_point(&mounts);
            is_proc_restricted(&mounts);
        }
    }
}
