//! What `/proc` says of processes, read by the tests themselves.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;

/// The descriptors of `pids` that are the socket `inode`.
pub(crate) fn holders_among(pids: &BTreeSet<u32>, inode: u64) -> BTreeSet<(u32, u32)> {
    let link = format!("socket:[{inode}]");
    let mut holders = BTreeSet::new();
    for pid in pids {
        let entries = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().map(Result::unwrap);
        let is_it = |entry: &fs::DirEntry| {
            fs::read_link(entry.path()).is_ok_and(|target| target.as_os_str() == link.as_str())
        };
        let fds = entries.filter(is_it).map(|entry| entry.file_name());
        let fds: Vec<u32> = fds.map(|name| name.to_str().unwrap().parse().unwrap()).collect();
        assert!(!fds.is_empty(), "{pid} does not hold {inode}");
        holders.extend(fds.into_iter().map(|fd| (*pid, fd)));
    }
    holders
}

/// Full path of the image.
pub(crate) fn path(pid: u32) -> String {
    fs::read_link(format!("/proc/{pid}/exe")).unwrap().to_str().unwrap().to_owned()
}

/// The arguments.
pub(crate) fn arguments(pid: u32) -> Vec<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap();
    text.split_terminator('\0').map(str::to_owned).collect()
}

/// The user a process runs as.
pub(crate) fn user(pid: u32) -> u32 {
    fs::metadata(format!("/proc/{pid}")).unwrap().uid()
}

/// Fields of `stat` behind the name, counted as in proc_pid_stat(5).
fn stat(pid: u32, field: usize) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, fields) = text.rsplit_once(')').unwrap();
    fields.split_whitespace().nth(field - 3).unwrap().parse().unwrap()
}

/// The parent.
pub(crate) fn parent(pid: u32) -> u32 {
    u32::try_from(stat(pid, 4)).unwrap()
}

/// The start, in milliseconds since 1970, to the kernel's 10 ms.
pub(crate) fn start_ms(pid: u32) -> i128 {
    use rustix::time::{ClockId, clock_gettime};
    let ms = |clock| {
        let time = clock_gettime(clock);
        i128::from(time.tv_sec) * 1000 + i128::from(time.tv_nsec) / 1_000_000
    };
    let ticks = i128::from(stat(pid, 22));
    let per_second = i128::from(rustix::param::clock_ticks_per_second());
    ms(ClockId::Realtime) - ms(ClockId::Boottime) + ticks * 1000 / per_second
}
