//! Windows' list of processes (`NtQuerySystemInformation`, class 5 `SystemProcessInformation`), which
//! tells of every process to everybody.
//!
//! `SYSTEM_PROCESS_INFORMATION` of winternl.h, whose reserved fields are described by Microsoft's
//! phnt headers and by Wine's winternl.h alike. Pointers in it point into the same buffer.

use super::Malformed;

/// One process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// Process id; 0 is the idle process, 4 the system.
    pub pid: u32,
    /// Who started it; that number may be another process's by now.
    pub parent: u32,
    /// When it started: 100 ns since 1601. 0 of the idle process.
    pub start: u64,
    /// How many threads it has.
    pub threads: u32,
    /// The image's file name; empty of the idle process.
    pub name: String,
}

/// Where the fields of a 64-bit system's structure are.
const THREADS: usize = 4;
const CREATE_TIME: usize = 32;
/// A UNICODE_STRING: length in bytes, room, padding, address.
const IMAGE_NAME: usize = 56;
const PID: usize = 80;
const PARENT: usize = 88;
/// So far a structure has to reach to be read.
const LEAST: usize = 96;

/// Reads what the system wrote to `bytes`, a buffer that began at the address `base`: every process, in
/// its order.
///
/// # Errors
///
/// The first thing that makes no sense. What comes before it is in `processes`.
pub fn decode_processes(
    bytes: &[u8],
    base: u64,
    processes: &mut Vec<Listed>,
) -> Result<(), Malformed> {
    let mut at = 0;
    loop {
        let cut = Malformed { what: "process is cut short", at };
        let one = bytes.get(at..).filter(|rest| rest.len() >= LEAST).ok_or(cut)?;
        processes.push(decode_process(one, (bytes, base)).ok_or(cut)?);
        let next = number(one, 0).ok_or(cut)? as usize;
        if next == 0 {
            return Ok(());
        }
        // Each begins behind the one before: else the list would never end.
        if next < LEAST {
            return Err(Malformed { what: "process begins within another", at });
        }
        at = at.checked_add(next).ok_or(cut)?;
    }
}

fn decode_process(one: &[u8], whole: (&[u8], u64)) -> Option<Listed> {
    // Process ids are kept in fields as wide as a pointer.
    Some(Listed {
        pid: number(one, PID)?,
        parent: number(one, PARENT)?,
        start: long(one, CREATE_TIME)?,
        threads: number(one, THREADS)?,
        name: unicode_string(one, IMAGE_NAME, whole)?,
    })
}

/// A UNICODE_STRING of `one` whose text is in the `whole`; empty where its address lies elsewhere.
fn unicode_string(one: &[u8], at: usize, (whole, base): (&[u8], u64)) -> Option<String> {
    let length = usize::from(u16::from_le_bytes(*one.get(at..)?.first_chunk()?));
    let address = long(one, at + 8)?;
    let offset = address.checked_sub(base).and_then(|offset| usize::try_from(offset).ok());
    let text = offset.and_then(|offset| whole.get(offset..)?.get(..length)).unwrap_or_default();
    Some(utf16(text))
}

/// UTF-16 as text; what is none becomes U+FFFD.
pub fn utf16(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).filter_map(|pair| pair.first_chunk());
    let units = units.map(|pair| u16::from_le_bytes(*pair));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// The arguments that a command line stands for, by the rules of CommandLineToArgvW: double quotes hold
/// words together, a backslash means something only before one. The first, the program, knows no
/// backslashes.
pub fn arguments(line: &str) -> Vec<String> {
    let mut arguments = Vec::new();
    let (program, mut rest) = match line.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
        None => line.split_at(line.find([' ', '\t']).unwrap_or(line.len())),
    };
    arguments.push(program.to_owned());
    while let Some(start) = rest.find(|c| !matches!(c, ' ' | '\t')) {
        let (argument, after) = argument(rest.get(start..).unwrap_or_default());
        arguments.push(argument);
        rest = after;
    }
    arguments
}

/// The argument that `text` begins with, and what follows it.
fn argument(text: &str) -> (String, &str) {
    let (mut argument, mut is_quoted, mut slashes) = (String::new(), false, 0);
    for (at, character) in text.char_indices() {
        if character == '\\' {
            slashes += 1;
            continue;
        }
        let is_quote = character == '"';
        let kept = if is_quote { slashes / 2 } else { slashes };
        argument.extend(std::iter::repeat_n('\\', kept));
        let is_escaped = is_quote && slashes % 2 == 1;
        slashes = 0;
        match character {
            '"' if !is_escaped => is_quoted = !is_quoted,
            ' ' | '\t' if !is_quoted => return (argument, text.get(at..).unwrap_or_default()),
            other => argument.push(other),
        }
    }
    argument.extend(std::iter::repeat_n('\\', slashes));
    (argument, "")
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Where the buffer of the tests is said to begin.
    const BASE: u64 = 0x7000_0000;

    /// A process as the system lays it out; `next` is the length of all of it, 0 for the last.
    fn process(place: u64, (pid, parent): (u32, u32), name: &str, is_last: bool) -> Vec<u8> {
        let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut bytes = vec![0; 256];
        let mut put = |at: usize, field: &[u8]| bytes[at..at + field.len()].copy_from_slice(field);
        let next = 256 + u32::try_from(units.len()).unwrap();
        put(0, &if is_last { 0 } else { next }.to_le_bytes());
        put(4, &7_u32.to_le_bytes());
        put(32, &133_444_736_005_000_000_u64.to_le_bytes());
        put(56, &u16::try_from(units.len()).unwrap().to_le_bytes());
        put(64, &(BASE + place + 256).to_le_bytes());
        put(80, &u64::from(pid).to_le_bytes());
        put(88, &u64::from(parent).to_le_bytes());
        bytes.extend(units);
        bytes
    }

    fn two() -> Vec<u8> {
        let mut bytes = process(0, (4, 0), "System", false);
        let place = bytes.len() as u64;
        bytes.extend(process(place, (924, 4), "svchöst.exe", true));
        bytes
    }

    /// The processes, and what was wrong in the end.
    fn shown(bytes: &[u8], base: u64) -> String {
        let mut found = Vec::new();
        let ending = decode_processes(bytes, base, &mut found);
        let mut words: Vec<String> =
            found.iter().map(|it| format!("{}<{} {}", it.pid, it.parent, it.name)).collect();
        words.extend(ending.err().map(|problem| problem.to_string()));
        words.join(", ")
    }

    #[test]
    fn processes_are_read_one_behind_the_other() {
        assert_eq!(shown(&two(), BASE), "4<0 System, 924<4 svchöst.exe");
        let mut found = Vec::new();
        decode_processes(&two(), BASE, &mut found).unwrap();
        assert_eq!((found[0].start, found[0].threads), (133_444_736_005_000_000, 7));
    }

    #[test]
    fn a_list_that_lies_gives_what_is_whole() {
        let whole = two();
        assert_eq!(shown(&whole[..268 + 95], BASE), "4<0 System, process is cut short at byte 268");
        assert_eq!(shown(&[], BASE), "process is cut short at byte 0");
        assert_eq!(shown(&whole, BASE + 1000), "4<0 , 924<4 ");
        let mut looping = whole;
        looping[..4].copy_from_slice(&8_u32.to_le_bytes());
        assert_eq!(shown(&looping, BASE), "4<0 System, process begins within another at byte 0");
    }

    #[test]
    fn arguments_are_as_a_program_gets_them() {
        let check = |line: &str, expected: &[&str]| assert_eq!(arguments(line), expected, "{line}");
        check(
            r#""C:\Program Files\py.exe" -m "http server""#,
            &[r"C:\Program Files\py.exe", "-m", "http server"],
        );
        check(r"svchost.exe  -k netsvcs ", &["svchost.exe", "-k", "netsvcs"]);
        check(r#"a "b\\" c"#, &["a", r"b\", "c"]);
        check(r#"a b\"c d\e\"#, &["a", "b\"c", r"d\e\"]);
        check(r#"a x"y z"w "" "open"#, &["a", "xy zw", "", "open"]);
        check("", &[""]);
    }

    proptest! {
        #[test]
        fn any_line_has_arguments(line: String) {
            let arguments = arguments(&line);
            prop_assert!(!arguments.is_empty());
            prop_assert!(arguments.iter().map(String::len).sum::<usize>() <= line.len());
        }

        #[test]
        fn any_bytes_are_processes_or_a_problem(
            bytes in prop::collection::vec(any::<u8>(), 0..2048),
            base: u64,
        ) {
            let mut found = Vec::new();
            let ending = decode_processes(&bytes, base, &mut found);
            prop_assert!(found.len() <= bytes.len() / LEAST + 1);
            prop_assert!(ending.is_err() || !found.is_empty());
        }

        #[test]
        fn any_bytes_are_text(bytes: Vec<u8>) {
            prop_assert!(utf16(&bytes).chars().count() <= bytes.len() / 2);
        }
    }
}
