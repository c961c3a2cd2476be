//! The system call bpf(2): one safe function for each of its commands that Sockeye uses.

#![expect(
    unsafe_code,
    reason = "bpf(2) takes a union of pointers; no crate wraps what iterators need"
)]

use std::ffi::CStr;
use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use aya_obj::generated::{bpf_attr, bpf_cmd, bpf_insn, bpf_prog_info};

/// Makes the call.
///
/// # Safety
///
/// Every pointer in `attributes` that `command` reads or writes through must be good for that.
unsafe fn bpf(command: bpf_cmd, attributes: &mut bpf_attr) -> io::Result<i64> {
    let size = size_of::<bpf_attr>();
    // SAFETY: the caller vouches for the pointers inside; `attributes` itself is good for `size`.
    let answer = unsafe { libc::syscall(libc::SYS_bpf, command as u32, attributes, size) };
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(answer) }
}

/// Attributes with nothing set, which is what the kernel takes for members it does not know.
fn attributes() -> bpf_attr {
    // SAFETY: the union consists of integers and arrays of them, for which zero is a value.
    unsafe { std::mem::zeroed() }
}

/// Takes over the descriptor that a command has answered with.
fn descriptor(answer: io::Result<i64>) -> io::Result<OwnedFd> {
    let number = i32::try_from(answer?).map_err(io::Error::other)?;
    // SAFETY: the kernel has just made it for us, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// A pointer as the kernel's interface has it.
fn address<T: ?Sized>(pointer: *const T) -> u64 {
    pointer.cast::<u8>() as u64
}

/// A descriptor as the kernel's interface has it.
fn number(fd: BorrowedFd<'_>) -> u32 {
    fd.as_raw_fd().cast_unsigned()
}

/// Loads the types of our programs and maps (`BPF_BTF_LOAD`).
pub(super) fn load_btf(btf: &[u8]) -> io::Result<OwnedFd> {
    let mut attributes = attributes();
    attributes.__bindgen_anon_7.btf = address(btf.as_ptr());
    attributes.__bindgen_anon_7.btf_size = length(btf)?;
    // SAFETY: `btf` is good for as many bytes as said.
    descriptor(unsafe { bpf(bpf_cmd::BPF_BTF_LOAD, &mut attributes) })
}

/// A length in the kernel's measure.
fn length<T>(items: &[T]) -> io::Result<u32> {
    u32::try_from(items.len()).map_err(io::Error::other)
}

/// What a map is to be like.
pub(super) struct MapPlan<'a> {
    pub(super) kind: u32,
    pub(super) key_size: u32,
    pub(super) value_size: u32,
    pub(super) max_entries: u32,
    pub(super) flags: u32,
    /// The loaded types, and those of key and value among them.
    pub(super) btf: Option<(BorrowedFd<'a>, u32, u32)>,
}

/// Creates a map (`BPF_MAP_CREATE`).
pub(super) fn create_map(plan: &MapPlan<'_>) -> io::Result<OwnedFd> {
    let mut attributes = attributes();
    // SAFETY: a view of a union that is all integers.
    let create = unsafe { &mut attributes.__bindgen_anon_1 };
    create.map_type = plan.kind;
    create.key_size = plan.key_size;
    create.value_size = plan.value_size;
    create.max_entries = plan.max_entries;
    create.map_flags = plan.flags;
    if let Some((btf, key, value)) = plan.btf {
        create.btf_fd = number(btf);
        create.btf_key_type_id = key;
        create.btf_value_type_id = value;
    }
    // SAFETY: there is no pointer in it.
    descriptor(unsafe { bpf(bpf_cmd::BPF_MAP_CREATE, &mut attributes) })
}

/// Writes the only value of an array of one, `value` having the size that the map was made with.
pub(super) fn write_only_value(map: BorrowedFd<'_>, value: &[u8]) -> io::Result<()> {
    let (key, mut attributes) = (0_u32, attributes());
    // SAFETY: a view of a union that is all integers.
    let element = unsafe { &mut attributes.__bindgen_anon_2 };
    element.map_fd = number(map);
    element.key = address(&raw const key);
    element.__bindgen_anon_1.value = address(value.as_ptr());
    // SAFETY: the key has four bytes, the value as many as the map was made with.
    unsafe { bpf(bpf_cmd::BPF_MAP_UPDATE_ELEM, &mut attributes) }.map(drop)
}

/// Reads the only value of an array of one into `value`, which has the size that the map was made
/// with.
pub(super) fn read_only_value(map: BorrowedFd<'_>, value: &mut [u8]) -> io::Result<()> {
    let (key, mut attributes) = (0_u32, attributes());
    // SAFETY: a view of a union that is all integers.
    let element = unsafe { &mut attributes.__bindgen_anon_2 };
    element.map_fd = number(map);
    element.key = address(&raw const key);
    element.__bindgen_anon_1.value = address(value.as_mut_ptr());
    // SAFETY: the key has four bytes, the value as many as the map was made with.
    unsafe { bpf(bpf_cmd::BPF_MAP_LOOKUP_ELEM, &mut attributes) }.map(drop)
}

/// Makes a map constant from user space's side, so that the verifier may rely on it
/// (`BPF_MAP_FREEZE`).
pub(super) fn freeze(map: BorrowedFd<'_>) -> io::Result<()> {
    let mut attributes = attributes();
    // SAFETY: a view of a union that is all integers.
    unsafe { &mut attributes.__bindgen_anon_2 }.map_fd = number(map);
    // SAFETY: there is no pointer in it.
    unsafe { bpf(bpf_cmd::BPF_MAP_FREEZE, &mut attributes) }.map(drop)
}

/// What a program is to be like.
pub(super) struct ProgramPlan<'a> {
    pub(super) name: &'a str,
    pub(super) kind: u32,
    pub(super) attach_type: u32,
    /// The kernel's number of the function or tracepoint that it is for, 0 for none.
    pub(super) target: u32,
    pub(super) instructions: &'a [bpf_insn],
    pub(super) licence: &'a CStr,
    pub(super) btf: BorrowedFd<'a>,
    /// The types of its functions, and the size of one record.
    pub(super) functions: (&'a [u8], usize),
}

/// Loads a program (`BPF_PROG_LOAD`). What the verifier has to say goes to `log`, when there is one.
pub(super) fn load_program(plan: &ProgramPlan<'_>, log: &mut [u8]) -> io::Result<OwnedFd> {
    let mut attributes = attributes();
    // SAFETY: a view of a union that is all integers.
    let load = unsafe { &mut attributes.__bindgen_anon_3 };
    // `prog_name` has 16 bytes (BPF_OBJ_NAME_LEN) and ends with a NUL.
    for (to, from) in load.prog_name.iter_mut().take(15).zip(plan.name.bytes()) {
        *to = from as _;
    }
    load.prog_type = plan.kind;
    load.expected_attach_type = plan.attach_type;
    load.attach_btf_id = plan.target;
    load.insns = address(plan.instructions.as_ptr());
    load.insn_cnt = length(plan.instructions)?;
    load.license = address(plan.licence.as_ptr());
    load.prog_btf_fd = number(plan.btf);
    let (functions, record) = plan.functions;
    if let Some(count) = functions.len().checked_div(record) {
        load.func_info = address(functions.as_ptr());
        load.func_info_cnt = u32::try_from(count).map_err(io::Error::other)?;
        load.func_info_rec_size = u32::try_from(record).map_err(io::Error::other)?;
    }
    if !log.is_empty() {
        load.log_level = 1;
        load.log_buf = address(log.as_mut_ptr());
        load.log_size = length(log)?;
    }
    // SAFETY: instructions, licence, functions and log live for as long as the call, with the
    // lengths that stand beside them.
    descriptor(unsafe { bpf(bpf_cmd::BPF_PROG_LOAD, &mut attributes) })
}

/// Attaches a program of type `tp_btf` to the tracepoint that it was loaded for
/// (`BPF_RAW_TRACEPOINT_OPEN`). It stays attached until the descriptor is closed, by whatever ends
/// the process.
pub(super) fn attach_to_tracepoint(program: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let mut attributes = attributes();
    attributes.raw_tracepoint.prog_fd = number(program);
    // SAFETY: the name stays null: the program itself tells.
    descriptor(unsafe { bpf(bpf_cmd::BPF_RAW_TRACEPOINT_OPEN, &mut attributes) })
}

/// How often the kernel passed a program over because it was running on the same processor already
/// (`BPF_OBJ_GET_INFO_BY_FD`); 0 before Linux 5.12, which does not count it.
pub(super) fn missed_runs(program: BorrowedFd<'_>) -> io::Result<u64> {
    // SAFETY: the structure consists of integers, for which zero is a value.
    let mut info: bpf_prog_info = unsafe { std::mem::zeroed() };
    let mut attributes = attributes();
    attributes.info.bpf_fd = number(program);
    attributes.info.info_len = length(&[0_u8; size_of::<bpf_prog_info>()])?;
    attributes.info.info = address(&raw mut info);
    // SAFETY: the kernel writes no more bytes than said, and to no other place: in what it reads of
    // `info` every length is zero.
    unsafe { bpf(bpf_cmd::BPF_OBJ_GET_INFO_BY_FD, &mut attributes) }?;
    Ok(info.recursion_misses)
}

/// Attaches a program: an iterator to nothing, others to `target` (`BPF_LINK_CREATE`). It stays
/// attached until the descriptor is closed, by whatever ends the process.
pub(super) fn link(
    program: BorrowedFd<'_>,
    target: Option<BorrowedFd<'_>>,
    attach_type: u32,
) -> io::Result<OwnedFd> {
    let mut attributes = attributes();
    // SAFETY: a view of a union that is all integers.
    let create = unsafe { &mut attributes.link_create };
    create.__bindgen_anon_1.prog_fd = number(program);
    create.__bindgen_anon_2.target_fd = target.map_or(0, number);
    create.attach_type = attach_type;
    // SAFETY: there is no pointer in it.
    descriptor(unsafe { bpf(bpf_cmd::BPF_LINK_CREATE, &mut attributes) })
}

/// Attaches an iterator to the descriptors of one process (since Linux 6.1).
pub(super) fn link_to_process(
    program: BorrowedFd<'_>,
    pid: u32,
    attach_type: u32,
) -> io::Result<OwnedFd> {
    // `union bpf_iter_link_info`, its `task` member: tid, pid, pid_fd.
    let which = [0_u32, pid, 0, 0];
    let mut attributes = attributes();
    // SAFETY: a view of a union that is all integers.
    let create = unsafe { &mut attributes.link_create };
    create.__bindgen_anon_1.prog_fd = number(program);
    create.attach_type = attach_type;
    create.__bindgen_anon_3.__bindgen_anon_1.iter_info = address(&raw const which);
    create.__bindgen_anon_3.__bindgen_anon_1.iter_info_len = 16;
    // SAFETY: `which` has as many bytes as said and lives for as long as the call.
    descriptor(unsafe { bpf(bpf_cmd::BPF_LINK_CREATE, &mut attributes) })
}

/// Begins an iteration in the namespaces of this thread (`BPF_ITER_CREATE`): reading the descriptor
/// runs the program.
pub(super) fn iterate(link: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let mut attributes = attributes();
    attributes.iter_create.link_fd = number(link);
    // SAFETY: there is no pointer in it.
    descriptor(unsafe { bpf(bpf_cmd::BPF_ITER_CREATE, &mut attributes) })
}
