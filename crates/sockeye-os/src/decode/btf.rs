//! BTF, the kernel's description of its own types: an excerpt of the few that our programs name.
//!
//! A kernel describes over a hundred thousand types in several megabytes. A program for it names two
//! dozen. Working on an excerpt instead of the whole makes loading them a matter of milliseconds.
//!
//! The format is that of `Documentation/bpf/btf.rst` and `include/uapi/linux/btf.h`.

use std::collections::VecDeque;

use hashbrown::{HashMap, HashSet};

use super::Malformed;

/// `BTF_MAGIC`.
const MAGIC: u16 = 0xeb9f;
/// Bytes of `struct btf_header`, and of `struct btf_type` without what follows it.
const HEADER: usize = 24;
const TYPE: usize = 12;
/// Bytes of a name that are read: the kernel takes no longer ones (`KSYM_NAME_LEN`, linux/kallsyms.h).
const LONGEST_NAME: usize = 512;

/// `BTF_KIND_*`.
mod kind {
    pub(super) const INT: u32 = 1;
    pub(super) const PTR: u32 = 2;
    pub(super) const ARRAY: u32 = 3;
    pub(super) const STRUCT: u32 = 4;
    pub(super) const UNION: u32 = 5;
    pub(super) const ENUM: u32 = 6;
    pub(super) const TYPEDEF: u32 = 8;
    pub(super) const VOLATILE: u32 = 9;
    pub(super) const CONST: u32 = 10;
    pub(super) const RESTRICT: u32 = 11;
    pub(super) const FUNC: u32 = 12;
    pub(super) const FUNC_PROTO: u32 = 13;
    pub(super) const VAR: u32 = 14;
    pub(super) const DATASEC: u32 = 15;
    pub(super) const DECL_TAG: u32 = 17;
    pub(super) const TYPE_TAG: u32 = 18;
    pub(super) const ENUM64: u32 = 19;
}

/// BTF with its parts found, not yet checked.
struct Sections<'a> {
    types: &'a [u8],
    strings: &'a [u8],
}

impl<'a> Sections<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let header = |at| word(bytes, at).ok_or(Malformed { what: "BTF header is cut short", at });
        if !bytes.starts_with(&MAGIC.to_ne_bytes()) {
            return Err(Malformed { what: "no BTF of this machine's byte order", at: 0 });
        }
        let start = header(4)? as usize;
        let section = |at: usize| {
            let begin = start.checked_add(header(at)? as usize);
            let end = begin.and_then(|begin| begin.checked_add(header(at + 4).ok()? as usize));
            let part = begin.zip(end).and_then(|(begin, end)| bytes.get(begin..end));
            part.ok_or(Malformed { what: "BTF section lies outside", at })
        };
        Ok(Self { types: section(8)?, strings: section(16)? })
    }

    /// The name at `offset` of the strings; 0 is none, whatever stands there.
    fn name(&self, offset: u32) -> &'a [u8] {
        let rest = self.strings.get(offset as usize..).filter(|_| offset != 0).unwrap_or_default();
        let rest = rest.get(..LONGEST_NAME).unwrap_or(rest);
        rest.iter().position(|byte| *byte == 0).and_then(|end| rest.get(..end)).unwrap_or(rest)
    }

    /// Every type in order; the first has number 1.
    fn iter(&self) -> impl Iterator<Item = Result<Type<'a>, Malformed>> {
        let (types, mut at) = (self.types, 0);
        std::iter::from_fn(move || {
            if at >= types.len() {
                return None;
            }
            let read = Type::at(types, at);
            match read {
                Some(found) => at += found.bytes.len(),
                None => {
                    let error = Malformed { what: "BTF type is cut short or unknown", at };
                    at = types.len();
                    return Some(Err(error));
                }
            }
            read.map(Ok)
        })
    }
}

/// A number at a place.
fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    four.try_into().ok().map(u32::from_ne_bytes)
}

/// One type: `struct btf_type` and what follows it.
#[derive(Clone, Copy)]
struct Type<'a> {
    bytes: &'a [u8],
    name: u32,
    kind: u32,
    members: usize,
}

impl<'a> Type<'a> {
    fn at(types: &'a [u8], at: usize) -> Option<Self> {
        let (name, info) = (word(types, at)?, word(types, at + 4)?);
        let (kind, members) = ((info >> 24) & 0x1f, (info & 0xffff) as usize);
        let more = match kind {
            kind::INT | kind::VAR | kind::DECL_TAG => 4,
            kind::ARRAY => 12,
            kind::STRUCT | kind::UNION | kind::DATASEC | kind::ENUM64 => 12 * members,
            kind::ENUM | kind::FUNC_PROTO => 8 * members,
            0 | 20.. => return None,
            _ => 0,
        };
        let bytes = types.get(at..at.checked_add(TYPE + more)?)?;
        Some(Self { bytes, name, kind, members })
    }

    fn is_composite(&self) -> bool {
        matches!(self.kind, kind::STRUCT | kind::UNION)
    }

    /// Where in `bytes` the numbers of types stand that are part of this one; what a pointer points
    /// to is no part of it.
    fn parts(&self) -> Vec<usize> {
        match self.kind {
            kind::STRUCT | kind::UNION => (0..self.members).map(|m| TYPE + 12 * m + 4).collect(),
            kind::ARRAY => vec![TYPE, TYPE + 4],
            kind::TYPEDEF | kind::VOLATILE | kind::CONST | kind::RESTRICT | kind::TYPE_TAG => {
                vec![8]
            }
            _ => Vec::new(),
        }
    }

    /// Where in `bytes` the offsets of names stand.
    fn names(&self) -> Vec<usize> {
        let step = match self.kind {
            kind::STRUCT | kind::UNION | kind::ENUM64 => 12,
            kind::ENUM => 8,
            _ => 0,
        };
        let members = (0..self.members).filter(|_| step > 0).map(|m| TYPE + step * m);
        std::iter::once(0).chain(members).collect()
    }
}

/// The names of the structures and unions that `bytes` describe.
///
/// # Errors
///
/// When `bytes` are no BTF of this machine's byte order.
pub fn structure_names(bytes: &[u8]) -> Result<HashSet<Vec<u8>>, Malformed> {
    let btf = Sections::new(bytes)?;
    let composites = btf.iter().flatten().filter(Type::is_composite);
    Ok(composites.map(|found| btf.name(found.name).to_vec()).filter(|n| !n.is_empty()).collect())
}

/// Of the kernel's BTF what programs need.
#[derive(Debug)]
pub struct Excerpt {
    /// BTF with the structures that were named, and the types of their members.
    pub btf: Vec<u8>,
    /// The kernel's numbers of the functions and type definitions that were named.
    pub targets: HashMap<Vec<u8>, u32>,
}

/// Excerpts from `bytes` the structures called `structures`, and looks up the numbers of `targets`:
/// functions and type definitions.
///
/// # Errors
///
/// When `bytes` are no BTF of this machine's byte order. What they do not have is left out.
pub fn excerpt(
    bytes: &[u8],
    structures: &HashSet<Vec<u8>>,
    targets: &[&str],
) -> Result<Excerpt, Malformed> {
    let btf = Sections::new(bytes)?;
    let targets: HashSet<&[u8]> = targets.iter().map(|target| target.as_bytes()).collect();
    // Where each type begins; the first has number 1.
    let mut starts = vec![0];
    let mut at = 0;
    let mut wanted = VecDeque::new();
    let mut found = HashMap::new();
    for next in btf.iter() {
        let next = next?;
        let number = starts.len() as u32;
        starts.push(at);
        at += next.bytes.len() as u32;
        match next.kind {
            _ if next.name == 0 => {}
            kind::STRUCT | kind::UNION if structures.contains(btf.name(next.name)) => {
                wanted.push_back(number);
            }
            kind::FUNC | kind::TYPEDEF if targets.contains(btf.name(next.name)) => {
                found.entry(btf.name(next.name).to_vec()).or_insert(number);
            }
            _ => {}
        }
    }
    Ok(Excerpt { btf: write(&btf, &starts, wanted), targets: found })
}

/// Writes the types that are `wanted` and their parts, with numbers of their own.
fn write(btf: &Sections<'_>, starts: &[u32], mut wanted: VecDeque<u32>) -> Vec<u8> {
    let mut numbers: HashMap<u32, u32> = HashMap::new();
    let mut order = Vec::new();
    let mut number_of = |old: u32, order: &mut Vec<u32>, wanted: Option<&mut VecDeque<u32>>| {
        *numbers.entry(old).or_insert_with(|| {
            order.push(old);
            wanted.into_iter().for_each(|wanted| wanted.push_back(old));
            order.len() as u32
        })
    };
    let (mut types, mut strings) = (Vec::new(), vec![0_u8]);
    // Numbers are given in the order in which types are met, and types are written in that order.
    for first in std::mem::take(&mut wanted) {
        number_of(first, &mut order, Some(&mut wanted));
    }
    while let Some(old) = wanted.pop_front() {
        let start = starts.get(old as usize).map(|start| *start as usize);
        let Some(kept) = start.and_then(|start| Type::at(btf.types, start)) else { continue };
        let mut copy = kept.bytes.to_vec();
        for at in kept.parts() {
            let part = word(&copy, at).filter(|part| *part != 0 && (*part as usize) < starts.len());
            let new = part.map_or(0, |part| number_of(part, &mut order, Some(&mut wanted)));
            put(&mut copy, at, new);
        }
        if matches!(kept.kind, kind::PTR | kind::FUNC | kind::FUNC_PROTO | kind::VAR) {
            put(&mut copy, 8, 0);
        }
        for at in kept.names() {
            let name = word(&copy, at).map(|offset| btf.name(offset)).unwrap_or_default();
            let offset = if name.is_empty() { 0 } else { strings.len() as u32 };
            put(&mut copy, at, offset);
            if offset != 0 {
                strings.extend_from_slice(name);
                strings.push(0);
            }
        }
        types.extend(copy);
    }
    let lengths = [HEADER as u32, 0, types.len() as u32, types.len() as u32, strings.len() as u32];
    let mut out = MAGIC.to_ne_bytes().to_vec();
    out.extend([1, 0]); // Version, flags.
    lengths.iter().for_each(|length| out.extend(length.to_ne_bytes()));
    out.extend(types);
    out.extend(strings);
    out
}

/// Writes a number at a place, if that exists.
fn put(bytes: &mut [u8], at: usize, number: u32) {
    if let Some(four) = bytes.get_mut(at..at + 4) {
        four.copy_from_slice(&number.to_ne_bytes());
    }
}

#[cfg(test)]
mod tests;
