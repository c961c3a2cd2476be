//! Containers, as their runtimes name control groups after them.

use alloc::borrow::Cow;

use super::{decimal, has_stem, is_hexadecimal, unescape};

/// What runs a container.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Runtime {
    /// Docker.
    Docker,
    /// Podman.
    Podman,
    /// containerd: Kubernetes by CRI, nerdctl, ctr.
    Containerd,
    /// CRI-O.
    CriO,
    /// `BuildKit`, building an image.
    Buildkit,
    /// LXC, and what is built on it: Incus, LXD, Proxmox.
    Lxc,
    /// libvirt's containers.
    LibvirtLxc,
    /// systemd-nspawn, and what else registers machines.
    Nspawn,
    /// snapd.
    Snap,
    /// Flatpak.
    Flatpak,
}

/// Each runtime with the word machines read.
const RUNTIMES: [(Runtime, &str); 10] = [
    (Runtime::Docker, "docker"),
    (Runtime::Podman, "podman"),
    (Runtime::Containerd, "containerd"),
    (Runtime::CriO, "cri-o"),
    (Runtime::Buildkit, "buildkit"),
    (Runtime::Lxc, "lxc"),
    (Runtime::LibvirtLxc, "libvirt-lxc"),
    (Runtime::Nspawn, "systemd-nspawn"),
    (Runtime::Snap, "snap"),
    (Runtime::Flatpak, "flatpak"),
];

impl Runtime {
    /// Every runtime.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        RUNTIMES.iter().map(|(runtime, _)| *runtime)
    }

    /// The word machines read, as the runtime calls itself.
    pub fn id(self) -> &'static str {
        RUNTIMES.iter().find(|(runtime, _)| *runtime == self).map_or("", |(_, id)| id)
    }

    /// Whether it knows its containers by a name alone, so that the id is one.
    pub fn has_named_containers(self) -> bool {
        matches!(self, Self::Lxc | Self::LibvirtLxc | Self::Nspawn | Self::Snap | Self::Flatpak)
    }
}

/// A container.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Container<'a> {
    /// What runs it.
    pub runtime: Runtime,
    /// Its id as it stands in the path, perhaps with escapes.
    written: &'a str,
}

/// Characters of an id that people read: as many as `docker ps` shows.
const SHORT: usize = 12;

/// Length of an id that a runtime made up: 32 random bytes in hexadecimal digits.
const ID: usize = 64;

/// What stands in front of an id in a group's name, the longer before what it begins with.
///
/// `docker-` and `cri-containerd-` are the prefixes given to runc's systemd driver (moby
/// daemon/oci_linux.go, containerd internal/cri/server/helpers.go), `nerdctl-` is nerdctl's
/// (pkg/cmd/container/run_cgroup_linux.go), `libpod-` Podman's (libpod/container_internal_linux.go),
/// `crio-` CRI-O's (internal/config/cgmgr). A monitor's, `libpod-conmon-ID` and `crio-conmon-ID`, is
/// none of them: it runs on the host, in the host's namespaces (conmon(8)).
const PREFIXES: [(&str, Runtime); 6] = [
    ("docker-", Runtime::Docker),
    ("cri-containerd-", Runtime::Containerd),
    ("nerdctl-", Runtime::Containerd),
    ("libpod-payload-", Runtime::Podman),
    ("libpod-", Runtime::Podman),
    ("crio-", Runtime::CriO),
];

impl<'a> Container<'a> {
    /// The container that the group `part`, which stands in `parent`, is named after.
    pub(super) fn in_part(parent: &str, part: &'a str) -> Option<Self> {
        prefixed(part)
            .or_else(|| bare(parent, part))
            .or_else(|| lxc(parent, part))
            .or_else(|| machine(parent, part))
            .or_else(|| application(part))
            .map(|(runtime, written)| Self { runtime, written })
    }

    /// Its id: what the runtime made up, or the name where it knows containers by name alone.
    pub fn id(self) -> Cow<'a, str> {
        if self.runtime.has_named_containers() {
            unescape(self.written)
        } else {
            self.written.into()
        }
    }

    /// Its name, where the id is one.
    pub fn name(self) -> Option<Cow<'a, str>> {
        self.runtime.has_named_containers().then(|| self.id())
    }

    /// Its id in as few characters as people read.
    pub fn short_id(self) -> Cow<'a, str> {
        if self.runtime.has_named_containers() {
            return self.id();
        }
        short_id(self.written).into()
    }

    /// Whether the group `part` in its own is that of its supervisor, which runs outside: nspawn
    /// keeps itself in `supervisor` beside the container's `payload` (src/nspawn/nspawn-cgroup.c).
    pub(super) fn is_supervised_in(self, part: &str) -> bool {
        self.runtime == Runtime::Nspawn && part == "supervisor"
    }

    /// Whether `unit` is this container's own group and says no more than that: a snap's unit names
    /// which of its programs runs.
    pub fn is_named_by(self, unit: &str) -> bool {
        let named = Container::in_part("machine.slice", unit);
        self.runtime != Runtime::Snap && named.is_some_and(|named| named == self)
    }
}

/// The characters of a container's id that people read; a name stays whole.
pub fn short_id(id: &str) -> &str {
    let made_up = is_hexadecimal(id, ID).then(|| id.get(..SHORT)).flatten();
    made_up.unwrap_or(id)
}

/// A group that is named after runtime and id: `docker-ID.scope`, `libpod-payload-ID`, and the
/// `SLICE:cri-containerd:ID` that a runtime makes when it takes systemd's notation for a path.
fn prefixed(part: &str) -> Option<(Runtime, &str)> {
    if let Some((front, id)) = part.rsplit_once(':') {
        let (_, runtime) = front.rsplit_once(':')?;
        let named = |(prefix, _): &&(&str, Runtime)| prefix.strip_suffix('-') == Some(runtime);
        let (_, runtime) = PREFIXES.iter().find(named)?;
        return is_hexadecimal(id, ID).then_some((*runtime, id));
    }
    let name = part.strip_suffix(".scope").unwrap_or(part);
    let strip = |(prefix, runtime): &(_, _)| Some((*runtime, name.strip_prefix(*prefix)?));
    let (runtime, id) = PREFIXES.iter().find_map(strip)?;
    match runtime {
        _ if is_hexadecimal(id, ID) => Some((runtime, id)),
        Runtime::Docker if is_build(id) => Some((Runtime::Buildkit, id)),
        _ => None,
    }
}

/// Whether this is an id of `BuildKit`: 25 digits in base 36 (identity/randomid.go).
fn is_build(id: &str) -> bool {
    id.len() == 25 && id.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
}

/// A group that is named by the id alone: Docker's without systemd (`/docker/ID`, or below the
/// `--cgroup-parent`), containerd's in a pod or in its own namespace, `BuildKit`'s.
fn bare<'a>(parent: &str, part: &'a str) -> Option<(Runtime, &'a str)> {
    if parent == "buildkit" && (is_build(part) || is_hexadecimal(part, ID)) {
        return Some((Runtime::Buildkit, part));
    }
    if !is_hexadecimal(part, ID) {
        return None;
    }
    match parent {
        // A pod of Podman: its containers are inside.
        "libpod_parent" => None,
        "default" | "k8s.io" | "kata_overhead" => Some((Runtime::Containerd, part)),
        _ if parent.starts_with("pod") || parent.contains("-pod") => {
            Some((Runtime::Containerd, part))
        }
        _ => Some((Runtime::Docker, part)),
    }
}

/// A container of LXC: `/lxc/NAME` up to LXC 3, then `/lxc.payload/NAME`, since 4
/// `/lxc.payload.NAME` (src/lxc/cgroups/cgfsng.c). Its monitor is outside: `/lxc.monitor.NAME`.
fn lxc<'a>(parent: &str, part: &'a str) -> Option<(Runtime, &'a str)> {
    let joined = part.strip_prefix("lxc.payload.");
    let inside = matches!(parent, "lxc" | "lxc.payload").then_some(part);
    let name = joined.or(inside)?;
    (!name.is_empty()).then_some((Runtime::Lxc, name))
}

/// A machine that systemd runs or knows: `systemd-nspawn@NAME.service`, `machine-NAME.scope`
/// (systemd-nspawn(1), systemd-machined.service(8)).
fn machine<'a>(parent: &str, part: &'a str) -> Option<(Runtime, &'a str)> {
    if let Some(name) = part.strip_prefix("systemd-nspawn@") {
        return has_stem(name, ".service").then(|| (Runtime::Nspawn, before_last_dot(name)));
    }
    let name = part.strip_prefix("machine-").filter(|_| parent == "machine.slice")?;
    if !has_stem(name, ".scope") {
        return None;
    }
    let name = before_last_dot(name);
    // libvirt registers by driver, number and name (`virDomainDriverGenerateMachineName` in
    // src/hypervisor/domain_driver.c). QEMU's is a machine, but no container.
    let numbered = |driver: &str| {
        let (number, name) = name.strip_prefix(driver)?.split_once("\\x2d")?;
        decimal(number).filter(|_| !name.is_empty()).map(|_| name)
    };
    if numbered("qemu\\x2d").is_some() {
        return None;
    }
    let of_libvirt = numbered("lxc\\x2d").map(|name| (Runtime::LibvirtLxc, name));
    Some(of_libvirt.unwrap_or((Runtime::Nspawn, name)))
}

/// An application of snapd or Flatpak: `snap.NAME.APP.service`, `snap.NAME.APP-UUID.scope`
/// (sandbox/cgroup/tracking.go), `app-flatpak-ID-NUMBER.scope` (common/flatpak-run.c).
fn application(part: &str) -> Option<(Runtime, &str)> {
    if let Some(rest) = part.strip_prefix("snap.") {
        let (name, rest) = rest.split_once('.')?;
        let is_unit = [".service", ".scope"].iter().any(|suffix| has_stem(rest, suffix));
        return (is_unit && !name.is_empty()).then_some((Runtime::Snap, name));
    }
    let rest = part.strip_prefix("app-flatpak-")?.strip_suffix(".scope")?;
    let (id, number) = rest.rsplit_once('-')?;
    decimal(number).filter(|_| !id.is_empty()).map(|_| (Runtime::Flatpak, id))
}

/// What stands before the last dot.
fn before_last_dot(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}
