//! `/proc/PID/status` and `/proc/PID/attr/current`, beyond what a list needs.

use sockeye_core::description::{Capabilities, CapabilitySet, Identity};

use super::{decimal_u32, fields, lines, lossy, number};

/// What follows `name` and a colon in a line of `/proc/PID/status`. The process's own name, which
/// stands above, cannot forge a line: the kernel escapes newlines there.
fn field<'t>(text: &'t [u8], name: &str) -> Option<&'t [u8]> {
    lines(text).find_map(|line| line.strip_prefix(name.as_bytes())?.strip_prefix(b":"))
}

/// Users and groups, proc_pid_status(5): real and effective of each, further groups. `None` when one
/// is missing; a list of groups cut short by a limit loses those behind the cut.
pub fn decode_identity(text: &[u8]) -> Option<Identity> {
    let pair = |name| {
        let mut ids = fields(field(text, name)?).map_while(decimal_u32);
        Some((ids.next()?, ids.next()?))
    };
    let ((real_user, effective_user), (real_group, effective_group)) = (pair("Uid")?, pair("Gid")?);
    let groups = fields(field(text, "Groups").unwrap_or_default());
    let supplementary_groups = groups.map_while(decimal_u32).collect();
    Some(Identity { real_user, effective_user, real_group, effective_group, supplementary_groups })
}

/// Capability sets, proc_pid_status(5): hexadecimal masks. `None` when one is missing; the ambient
/// set came with Linux 4.3 and is empty before.
pub fn decode_capabilities(text: &[u8]) -> Option<Capabilities> {
    let set = |name| Some(CapabilitySet(number(field(text, name)?.trim_ascii(), 16)?));
    Some(Capabilities {
        effective: set("CapEff")?,
        permitted: set("CapPrm")?,
        bounding: set("CapBnd")?,
        ambient: set("CapAmb").unwrap_or_default(),
    })
}

/// How many threads there are.
pub fn decode_threads(text: &[u8]) -> Option<u32> {
    decimal_u32(field(text, "Threads")?.trim_ascii())
}

/// The process that a thread belongs to: the number of its first thread.
pub fn decode_thread_group(text: &[u8]) -> Option<u32> {
    decimal_u32(field(text, "Tgid")?.trim_ascii())
}

/// A security module's label, attr(5) in proc: `unconfined`, `/usr/sbin/nginx (enforce)`, an SELinux
/// context. `None` when it is empty.
pub fn decode_label(text: &[u8]) -> Option<String> {
    let label = text.split(|&byte| byte == 0 || byte == b'\n').next()?.trim_ascii();
    (!label.is_empty()).then(|| lossy(label))
}

#[cfg(test)]
mod tests {
    use super::super::hostile;
    use super::*;
    use proptest::prelude::*;

    // Written by Linux 6.18, shortened.
    const STATUS: &[u8] =
        b"Name:\tx\\nUid:\t9\t9\nUmask:\t0022\nTgid:\t70\nPid:\t71\nUid:\t1000\t33\t34\t35\n\
Gid:\t100\t33\t0\t0\nFDSize:\t64\nGroups:\t4 24 33 \nThreads:\t7\nCapInh:\t0000000000000000\n\
CapPrm:\t0000000000003000\nCapEff:\t0000000000001000\nCapBnd:\t000001ffffffffff\n\
CapAmb:\t0000000000000400\n";

    #[test]
    fn identity_capabilities_and_threads_are_read() {
        let identity = decode_identity(STATUS).unwrap();
        assert_eq!((identity.real_user, identity.effective_user), (1000, 33));
        assert_eq!((identity.real_group, identity.effective_group), (100, 33));
        assert_eq!(*identity.supplementary_groups, [4, 24, 33]);
        let sets = decode_capabilities(STATUS).unwrap();
        assert_eq!(sets.effective, CapabilitySet(0x1000));
        assert_eq!(sets.permitted, CapabilitySet(0x3000));
        assert_eq!(sets.bounding, CapabilitySet::ALL);
        assert_eq!(sets.ambient, CapabilitySet(0x400));
        assert_eq!(decode_threads(STATUS), Some(7));
        assert_eq!(decode_thread_group(STATUS), Some(70));
    }

    #[test]
    fn what_is_missing_is_not_made_up() {
        assert_eq!(decode_identity(b"Uid:\t1\t2\n"), None);
        assert_eq!(decode_identity(b"Uid:\t1\nGid:\t1\t1\n"), None);
        assert_eq!(decode_capabilities(b"CapEff:\tx\nCapPrm:\t0\nCapBnd:\t0\n"), None);
        assert_eq!(decode_threads(b"Threads:\t-1\n"), None);
        let old = b"CapPrm:\t1\nCapEff:\t1\nCapBnd:\t1\n";
        assert_eq!(decode_capabilities(old).unwrap().ambient, CapabilitySet(0));
    }

    #[test]
    fn labels_are_of_either_module() {
        let check = |text: &[u8], expected| assert_eq!(decode_label(text).as_deref(), expected);
        check(b"/usr/sbin/nginx (enforce)\n", Some("/usr/sbin/nginx (enforce)"));
        check(b"system_u:system_r:httpd_t:s0\0", Some("system_u:system_r:httpd_t:s0"));
        check(b"unconfined", Some("unconfined"));
        check(b"\n", None);
        check(b"", None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in hostile::variants(STATUS)) {
            decode_identity(&text);
            decode_capabilities(&text);
            decode_threads(&text);
            decode_thread_group(&text);
            decode_label(&text);
        }
    }
}
