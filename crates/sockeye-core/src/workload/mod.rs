//! What runs in a control group: a systemd unit, a container, a pod, as the group's path tells.
//!
//! Whoever may make control groups chooses their names: root everywhere, a user below the own
//! `user@UID.service`. So a path says what something calls itself, and proves nothing.

mod container;

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

pub use container::{Container, Runtime, short_id};

/// What a control group's path tells of those who run in it.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Workload<'a> {
    /// The innermost systemd unit, slices apart: that of the user's manager, or of one inside a
    /// container, where there is one. It is what `systemctl` takes, with its escapes.
    pub unit: Option<&'a str>,
    /// The unit of the system's own manager: the outermost.
    pub system_unit: Option<&'a str>,
    /// The unit of a user's manager.
    pub user_unit: Option<&'a str>,
    /// The user whose manager or session it is.
    pub user_id: Option<u32>,
    /// The innermost slice.
    pub slice: Option<&'a str>,
    /// The innermost container.
    pub container: Option<Container<'a>>,
    /// The innermost Kubernetes pod.
    pub pod: Option<PodUid<'a>>,
    path: &'a str,
}

impl<'a> Workload<'a> {
    /// Reads the path of a control group, as `/proc/PID/cgroup` shows it or as it stands below a
    /// cgroupfs. Seen from within a cgroup namespace it may begin with `/..` (cgroup_namespaces(7)).
    pub fn of(path: &'a str) -> Self {
        let mut found = Self { path, ..Self::default() };
        let mut has_manager = false;
        for (part, container) in parts(path) {
            found.take_systemd(part, &mut has_manager);
            found.container = container.or(found.container);
            found.pod = PodUid::in_part(part).or(found.pod);
        }
        found
    }

    /// Every container around it, the outermost first: more than one where a container runs others.
    pub fn containers(&self) -> impl Iterator<Item = Container<'a>> + use<'a> {
        // A container may have several groups, one in the other: `libpod-ID.scope/libpod-ID`.
        let mut last = None;
        parts(self.path).filter_map(move |(_, container)| {
            let container = container?;
            (last.replace(container) != Some(container)).then_some(container)
        })
    }

    /// Takes what systemd names its groups by (systemd.unit(5), systemd.slice(5)).
    fn take_systemd(&mut self, part: &'a str, has_manager: &mut bool) {
        // A name that cgroupfs or systemd reserves has a `_` in front (`cg_escape` in
        // src/basic/cgroup-util.c); no unit's own name begins with two.
        let name = part.strip_prefix('_').unwrap_or(part);
        // What follows a container is named by whatever runs in there.
        let is_outside = self.container.is_none();
        if has_stem(name, ".slice") {
            self.slice = Some(name);
            let user = user_of_slice(name).filter(|_| is_outside && self.system_unit.is_none());
            self.user_id = user.or(self.user_id);
        } else if UNITS.iter().any(|suffix| has_stem(name, suffix)) {
            self.unit = Some(name);
            if is_outside && self.system_unit.is_none() {
                self.system_unit = Some(name);
                let user = user_of_manager(name);
                *has_manager = user.is_some();
                self.user_id = user.or(self.user_id);
            } else if is_outside && *has_manager && self.user_unit.is_none() {
                self.user_unit = Some(name);
            }
        }
    }
}

/// Units that processes run in.
const UNITS: [&str; 5] = [".service", ".scope", ".socket", ".mount", ".swap"];

/// The parts of a path that name something, each with the container that it is named after. A
/// supervisor's group in a container's own is outside of it.
fn parts(path: &str) -> impl Iterator<Item = (&str, Option<Container<'_>>)> {
    let mut named = path.split('/').filter(|part| !matches!(*part, "" | "." | "..")).peekable();
    let mut parent = "";
    core::iter::from_fn(move || {
        let part = named.next()?;
        let container = Container::in_part(core::mem::replace(&mut parent, part), part);
        let is_inside = |container: &Container<'_>| {
            !named.peek().is_some_and(|next| container.is_supervised_in(next))
        };
        Some((part, container.filter(is_inside)))
    })
}

/// Whether something stands before the `suffix`.
fn has_stem(name: &str, suffix: &str) -> bool {
    name.strip_suffix(suffix).is_some_and(|stem| !stem.is_empty())
}

/// The user of `user@1000.service`.
fn user_of_manager(name: &str) -> Option<u32> {
    decimal(name.strip_prefix("user@")?.strip_suffix(".service")?)
}

/// The user of `user-1000.slice`, under which sessions have their scopes.
fn user_of_slice(name: &str) -> Option<u32> {
    decimal(name.strip_prefix("user-")?.strip_suffix(".slice")?)
}

/// A number in decimal digits alone.
fn decimal(text: &str) -> Option<u32> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

/// The uid of a Kubernetes pod, in the dashed form of its API.
///
/// The kubelet writes `_` for `-` where it names slices (pkg/kubelet/cm/cgroup_manager_linux.go). A
/// static pod has 32 hexadecimal digits without any.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PodUid<'a>(&'a str);

/// Where a pod's uid has its dashes, RFC 9562 section 4.
const DASHES: [usize; 4] = [8, 13, 18, 23];

impl<'a> PodUid<'a> {
    /// The pod that a group is named after: `podUID`, `kubepods-burstable-podUID.slice`, or such a
    /// slice in `SLICE:RUNTIME:ID`.
    fn in_part(part: &'a str) -> Option<Self> {
        let part = part.split_once(':').map_or(part, |(slice, _)| slice);
        let uid = match part.strip_suffix(".slice") {
            Some(slice) if slice.contains("kubepods") => slice.rsplit_once("-pod")?.1,
            Some(_) => return None,
            None => part.strip_prefix("pod")?,
        };
        let is_dash = |(place, byte): (usize, u8)| {
            if DASHES.contains(&place) {
                matches!(byte, b'-' | b'_')
            } else {
                byte.is_ascii_hexdigit()
            }
        };
        let is_uuid = uid.len() == 36 && uid.bytes().enumerate().all(is_dash);
        (is_uuid || is_hexadecimal(uid, 32)).then_some(Self(uid))
    }

    /// The uid as the API writes it.
    pub fn dashed(self) -> Cow<'a, str> {
        if self.0.contains('_') { self.0.replace('_', "-").into() } else { self.0.into() }
    }
}

impl fmt::Display for PodUid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.dashed())
    }
}

/// Whether `text` is `length` hexadecimal digits in lower case.
fn is_hexadecimal(text: &str, length: usize) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.len() == length && text.bytes().all(is_digit)
}

/// A part of a unit's name without its escapes: `web\x2d1` is `web-1` (systemd-escape(1)).
///
/// A dash stays one, though systemd writes it for a slash too: names of machines and applications
/// have no slash. What is no escape, and what would be no text, stays as it is.
pub fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains("\\x") {
        return text.into();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escaped)) = rest.split_once("\\x") {
        bytes.extend_from_slice(before.as_bytes());
        let digits = escaped.get(..2).filter(|two| two.bytes().all(|b| b.is_ascii_hexdigit()));
        let byte = digits.and_then(|two| u8::from_str_radix(two, 16).ok()).filter(|b| *b != 0);
        let Some(byte) = byte else {
            bytes.extend_from_slice(b"\\x");
            rest = escaped;
            continue;
        };
        bytes.push(byte);
        rest = escaped.get(2..).unwrap_or_default();
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}

#[cfg(test)]
mod tests;
