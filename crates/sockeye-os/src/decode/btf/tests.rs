//! A description made by hand, and that of the kernel that the tests run on.
//!
//! `small.hex` (x86-64) describes `struct a { int x; struct a *next; }`, `typedef struct a t` and
//! `int f(struct a *x)`.

use proptest::prelude::*;

use super::super::hostile;
use super::*;

const SMALL: &str = include_str!("../../../../../fixtures/fuzz/btf/small.hex");
/// Where this kernel describes itself.
const KERNEL: &str = "/sys/kernel/btf/vmlinux";

fn small() -> Vec<u8> {
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    SMALL.trim().as_bytes().as_chunks().0.iter().map(byte).collect()
}

fn names(names: &[&str]) -> HashSet<Vec<u8>> {
    names.iter().map(|name| name.as_bytes().to_vec()).collect()
}

/// The size of `structure` in bytes and its members, each with its name and its offset in bits.
fn members(bytes: &[u8], structure: &str) -> (u32, Vec<(String, u32)>) {
    let btf = Sections::new(bytes).unwrap();
    let mut types = btf.iter().map(Result::unwrap);
    let is_it =
        |found: &Type<'_>| found.is_composite() && btf.name(found.name) == structure.as_bytes();
    let found = types.find(is_it).unwrap_or_else(|| panic!("no {structure}"));
    let member = |number: usize| {
        let at = TYPE + 12 * number;
        let name = btf.name(word(found.bytes, at).unwrap());
        (String::from_utf8(name.to_vec()).unwrap(), word(found.bytes, at + 8).unwrap())
    };
    (word(found.bytes, 8).unwrap(), (0..found.members).map(member).collect())
}

#[test]
fn an_excerpt_has_what_was_named_and_what_that_is_made_of() {
    let small = small();
    assert_eq!(structure_names(&small).unwrap(), names(&["a"]));
    let Excerpt { btf, targets } = excerpt(&small, &names(&["a", "b"]), &["f", "t", "g"]).unwrap();
    let expected = [(b"f".to_vec(), 6), (b"t".to_vec(), 4)];
    assert_eq!(targets, expected.into_iter().collect());
    assert_eq!(members(&btf, "a"), (16, vec![("x".to_owned(), 0), ("next".to_owned(), 64)]));
    assert_eq!(members(&btf, "a"), members(&small, "a"));
    let kinds: Vec<u32> = Sections::new(&btf).unwrap().iter().map(|t| t.unwrap().kind).collect();
    assert_eq!(kinds, [kind::STRUCT, kind::INT, kind::PTR], "not what pointers point to");
    let again = excerpt(&btf, &names(&["a"]), &[]).unwrap();
    assert_eq!(again.btf, btf);
    let mut unnamed = small.clone();
    let strings = HEADER + word(&small, 16).unwrap() as usize;
    unnamed[strings] = b'y';
    let excerpt_of_all = excerpt(&unnamed, &structure_names(&unnamed).unwrap(), &[]).unwrap();
    assert_eq!(excerpt_of_all.btf, btf, "what has no name is not called by what stands first");
    let nothing = excerpt(&small, &names(&[]), &[]).unwrap();
    assert_eq!(structure_names(&nothing.btf).unwrap(), names(&[]));
}

#[test]
#[expect(clippy::print_stdout, reason = "what is skipped is said")]
fn of_this_kernel_every_member_keeps_its_place() {
    let Ok(whole) = std::fs::read(KERNEL) else {
        return println!("skipped: {KERNEL} is not there");
    };
    let wanted = ["tcp_sock", "sock", "sock_common", "task_struct", "inet_sock", "file"];
    let excerpt = excerpt(&whole, &names(&wanted), &["bpf_iter_task_file"]).unwrap();
    for structure in wanted {
        assert_eq!(members(&excerpt.btf, structure), members(&whole, structure), "{structure}");
    }
    let (_, tcp) = members(&excerpt.btf, "tcp_sock");
    assert!(tcp.iter().any(|(name, at)| name == "bytes_received" && *at > 0), "{tcp:?}");
    assert!(excerpt.targets.contains_key(&b"bpf_iter_task_file"[..]));
    assert!(excerpt.btf.len() * 4 < whole.len(), "it is an excerpt");
}

#[test]
fn what_is_cut_short_is_malformed() {
    let small = small();
    for end in 0..small.len() {
        assert!(excerpt(&small[..end], &names(&["a"]), &[]).is_err(), "cut at {end}");
    }
    let mut swapped = small;
    swapped.swap(0, 1);
    assert!(structure_names(&swapped).is_err(), "of the other byte order");
}

#[test]
fn a_long_description_takes_linear_time() {
    // Every type is called by the same name without an end, and is a part of the first.
    let count = 50_000_u32;
    let mut types = Vec::new();
    for number in 0..count {
        let words = [1, (kind::TYPEDEF << 24), number % count + 1];
        words.iter().for_each(|word: &u32| types.extend(word.to_ne_bytes()));
    }
    let strings = vec![b'x'; 4 << 20];
    let mut bytes = MAGIC.to_ne_bytes().to_vec();
    bytes.extend([1, 0]);
    let length = types.len() as u32;
    for word in [HEADER as u32, 0, length, length, strings.len() as u32] {
        bytes.extend(word.to_ne_bytes());
    }
    bytes.extend(types);
    bytes.extend(strings);
    hostile::assert_quick(|| excerpt(&bytes, &names(&["a"]), &["f"]).unwrap());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in hostile::variants(small().leak())) {
        let _ = structure_names(&bytes);
        if let Ok(excerpt) = excerpt(&bytes, &names(&["a", ""]), &["f", "t"]) {
            prop_assert!(Sections::new(&excerpt.btf).unwrap().iter().all(|found| found.is_ok()));
        }
    }
}
