//! Icons: characters of Phosphor (`assets/icons.ttf`), named by what they mean here.

use sockeye_core::Row;

pub(crate) const CHANGED: &str = "~";
pub(crate) const CHECK: &str = "\u{E182}";
pub(crate) const CLEAR: &str = "\u{E4F6}";
pub(crate) const CLOSED: &str = "×";
pub(crate) const COPY: &str = "\u{E1CA}";
pub(crate) const DOWN: &str = "\u{E136}";
pub(crate) const ERROR: &str = "\u{E4E2}";
pub(crate) const FILTER: &str = "\u{E266}";
pub(crate) const FROZEN: &str = "\u{E5AA}";
pub(crate) const GROUP: &str = "\u{E67C}";
pub(crate) const INFO: &str = "\u{E2CE}";
pub(crate) const LIMITED: &str = "\u{E412}";
pub(crate) const OPENED: &str = "+";
pub(crate) const PAUSE: &str = "\u{E39E}";
pub(crate) const PLAY: &str = "\u{E3D0}";
pub(crate) const RECEIVED: &str = "\u{E03E}";
pub(crate) const REFRESH: &str = "\u{E036}";
pub(crate) const RESOLVE: &str = "\u{E288}";
pub(crate) const RIGHT: &str = "\u{E13A}";
pub(crate) const SEARCH: &str = "\u{E30C}";
pub(crate) const SENT: &str = "\u{E08E}";
pub(crate) const STAR: &str = "\u{E46A}";
pub(crate) const TRASH: &str = "\u{E4A6}";
pub(crate) const UP: &str = "\u{E13C}";
pub(crate) const WAITING: &str = "\u{E2B8}";
pub(crate) const WARNING: &str = "\u{E4E0}";
pub(crate) const WHOLE: &str = "\u{E40C}";

/// Beginnings of image names, with what stands for such programs; the first that fits.
const PROGRAMS: &[(&str, &str)] = &[
    ("firefox", "\u{E0F4}"),
    ("chrom", "\u{E0F4}"),
    ("epiphany", "\u{E0F4}"),
    ("brave", "\u{E0F4}"),
    ("msedge", "\u{E0F4}"),
    ("thunderbird", "\u{E218}"),
    ("evolution", "\u{E218}"),
    ("postfix", "\u{E218}"),
    ("dovecot", "\u{E218}"),
    ("exim", "\u{E218}"),
    ("master", "\u{E218}"),
    ("postgres", "\u{E1DE}"),
    ("mysql", "\u{E1DE}"),
    ("mariadb", "\u{E1DE}"),
    ("mongo", "\u{E1DE}"),
    ("redis", "\u{E1DE}"),
    ("valkey", "\u{E1DE}"),
    ("memcached", "\u{E1DE}"),
    ("etcd", "\u{E1DE}"),
    ("clickhouse", "\u{E1DE}"),
    ("nginx", "\u{E2A0}"),
    ("apache", "\u{E2A0}"),
    ("httpd", "\u{E2A0}"),
    ("caddy", "\u{E2A0}"),
    ("haproxy", "\u{E2A0}"),
    ("traefik", "\u{E2A0}"),
    ("envoy", "\u{E2A0}"),
    ("sshd", "\u{E2FE}"),
    ("ssh", "\u{E2FE}"),
    ("wireguard", "\u{E2FE}"),
    ("openvpn", "\u{E2FE}"),
    ("tailscale", "\u{E2FE}"),
    ("docker", "\u{E1DA}"),
    ("containerd", "\u{E1DA}"),
    ("podman", "\u{E1DA}"),
    ("kube", "\u{E1DA}"),
    ("conmon", "\u{E1DA}"),
    ("python", "\u{E1BC}"),
    ("node", "\u{E1BC}"),
    ("java", "\u{E1BC}"),
    ("ruby", "\u{E1BC}"),
    ("perl", "\u{E1BC}"),
    ("php", "\u{E1BC}"),
    ("deno", "\u{E1BC}"),
    ("bun", "\u{E1BC}"),
    ("dotnet", "\u{E1BC}"),
    ("bash", "\u{E47E}"),
    ("zsh", "\u{E47E}"),
    ("fish", "\u{E47E}"),
    ("curl", "\u{E47E}"),
    ("wget", "\u{E47E}"),
    ("socat", "\u{E47E}"),
    ("nc", "\u{E47E}"),
    ("git", "\u{E47E}"),
    ("cups", "\u{E3DC}"),
    ("avahi", "\u{E0F2}"),
    ("pipewire", "\u{E44A}"),
    ("pulseaudio", "\u{E44A}"),
    ("spotify", "\u{E33C}"),
    ("steam", "\u{E26E}"),
    ("chronyd", "\u{E19A}"),
    ("ntpd", "\u{E19A}"),
    ("signal", "\u{E168}"),
    ("slack", "\u{E168}"),
    ("telegram", "\u{E168}"),
    ("discord", "\u{E168}"),
    ("networkmanager", "\u{E4EA}"),
    ("dhclient", "\u{E4EA}"),
    ("wpa_supplicant", "\u{E4EA}"),
    ("systemd", "\u{E272}"),
    ("rpc", "\u{E272}"),
    ("dbus", "\u{E272}"),
    ("xorg", "\u{E560}"),
    ("xwayland", "\u{E560}"),
];

/// What stands for the process of a row: by what it is called, else service or program.
pub(crate) fn of_process(row: &Row<'_>) -> &'static str {
    let Some(process) = row.process else {
        return if row.owner.is_some() { "\u{E3E8}" } else { "\u{E62A}" };
    };
    let name = process.name.to_ascii_lowercase();
    let known = PROGRAMS.iter().find(|(start, _)| name.starts_with(start));
    let is_service = row.unit().is_some_and(|unit| unit.ends_with(".service"));
    known.map_or(if is_service { "\u{E272}" } else { "\u{E5DA}" }, |(_, icon)| icon)
}
