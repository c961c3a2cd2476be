//! One column, one definition: everything that can be shown, filtered or sorted of an endpoint.
//!
//! Command-line columns, CSV headers, JSON keys, filter names, help and the field reference all
//! derive from [`Column::all`]. The dotted names are OpenTelemetry's where it has one, else ECS's,
//! else ours (docs/adr/0002-field-names.md).

mod registry;
mod row;
mod value;

use alloc::vec::Vec;

pub use registry::REGISTRY;
pub use row::Row;
pub use value::{Unit, Value};

/// What kind of value a column holds: decides how a filter compares and how a number aligns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Text; compared without case, `*` and `?` match.
    Text,
    /// A whole number.
    Number,
    /// An IP address; a filter takes networks too.
    Address,
    /// A port number.
    Port,
    /// An address with its port; a filter takes an address, a network, `address:port` or `:port`.
    Socket,
    /// An instant.
    Time,
    /// Several texts; a filter matches when one of them does.
    List,
}

impl Kind {
    /// Whether values line up on the right.
    pub fn is_right_aligned(self) -> bool {
        matches!(self, Self::Number | Self::Port)
    }
}

/// What an observer has to do to know a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cost {
    /// Comes with every endpoint.
    Free,
    /// Needs the owning processes.
    Owners,
    /// Needs TCP's own measurements, which the kernel gathers socket by socket.
    Metrics,
    /// Needs name resolution.
    Names,
    /// Needs the package databases, or the images themselves.
    Packages,
    /// Needs what container runtimes and systemd's unit files say.
    Workloads,
    /// Needs a database of places that the user points to.
    Places,
    /// Needs watching: it tells of what happened, not of what is there.
    Events,
}

/// On which systems a column can have a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Platforms {
    /// Everywhere.
    All,
    /// Linux alone.
    Linux,
    /// Windows alone.
    Windows,
}

/// One thing that can be shown of an endpoint.
#[derive(Debug)]
pub struct Column {
    /// Dotted name: CSV header, JSON path, filter name.
    pub name: &'static str,
    /// Short names, taken as input wherever the dotted name is.
    pub aliases: &'static [&'static str],
    /// Heading for people.
    pub header: &'static str,
    /// What it means, one sentence with unit and platform differences.
    pub meaning: &'static str,
    /// Kind of value.
    pub kind: Kind,
    /// Unit of a number.
    pub unit: Unit,
    /// Usual width in characters.
    pub width: u16,
    /// What it costs to know.
    pub cost: Cost,
    /// Where it can have a value.
    pub platforms: Platforms,
    /// Part of CSV and JSON when no columns are chosen.
    pub is_default: bool,
    /// The same in all rows of one owner, so that whoever writes many rows may write it once; see
    /// [`Row::speaks_for_process`].
    pub is_of_process: bool,
    /// Takes the value from a row.
    pub value: for<'a> fn(&Row<'a>) -> Value<'a>,
}

impl Column {
    /// Every column, in the order of the field reference.
    pub fn all() -> &'static [Self] {
        REGISTRY
    }

    /// The column called `name`, by dotted name or alias, without regard to case.
    pub fn find(name: &str) -> Option<&'static Self> {
        let is_called = |candidate: &&'static str| candidate.eq_ignore_ascii_case(name);
        REGISTRY.iter().find(|c| is_called(&c.name) || c.aliases.iter().any(is_called))
    }

    /// The known name or alias nearest to a mistyped one; `None` when nothing is near.
    pub fn suggest(name: &str) -> Option<&'static str> {
        let names =
            REGISTRY.iter().flat_map(|c| core::iter::once(c.name).chain(c.aliases.iter().copied()));
        nearest(name, names)
    }

    /// Whether it has a value in a row that tells of no endpoint.
    fn is_of_no_endpoint(&self, row: &Row<'_>) -> bool {
        let is_about_events = self.cost == Cost::Events || self.kind == Kind::Time;
        is_about_events || (self.is_of_process && row.process.is_some())
    }

    /// The value of this column in `row`.
    pub fn value<'a>(&self, row: &Row<'a>) -> Value<'a> {
        if row.is_without_endpoint() && !self.is_of_no_endpoint(row) {
            return Value::Absent;
        }
        (self.value)(row)
    }
}

/// Columns are equal when they are the same entry of the registry.
impl PartialEq for Column {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self, other)
    }
}

/// No name is as long as this; what is longer is nobody's mistyped name.
const LONGEST_WORD: usize = 64;

/// The candidate with the smallest edit distance to `word`, when it is at most a third of it.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    if length > LONGEST_WORD {
        return None;
    }
    let limit = (length / 3).max(1);
    // What is that much longer or shorter needs no measuring: of port names there are thousands.
    let candidates = candidates.filter(|c| c.chars().count().abs_diff(length) <= limit);
    let measured = candidates.map(|candidate| (edit_distance(word, candidate), candidate));
    measured.filter(|(distance, _)| *distance <= limit).min_by_key(|(d, _)| *d).map(|(_, c)| c)
}

/// How many characters have to be changed, added, left out or swapped with their neighbour (optimal
/// string alignment), case ignored.
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (lower(a), lower(b));
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(above.len());
        row.push(i + 1);
        for (j, cb) in b.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX - 1);
            let changed = at(&above, j) + usize::from(ca != cb);
            let mut least = changed.min(at(&above, j + 1) + 1).min(at(&row, j) + 1);
            let neighbours = (i.checked_sub(1), j.checked_sub(1));
            if let (Some(left_a), Some(left_b)) = neighbours {
                let is_swapped = a.get(left_a) == Some(cb) && b.get(left_b) == Some(ca);
                least = if is_swapped { least.min(at(&before, left_b) + 1) } else { least };
            }
            row.push(least);
        }
        before = core::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(0)
}

/// The characters of `text` in lower case.
fn lower(text: &str) -> Vec<char> {
    text.chars().map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;

    #[test]
    fn no_name_stands_for_two_columns() {
        let mut seen = BTreeSet::new();
        for column in Column::all() {
            assert!(seen.insert(column.name), "{}", column.name);
            for alias in column.aliases {
                assert!(seen.insert(alias), "{alias}");
            }
        }
    }

    #[test]
    fn no_column_is_a_parent_of_another() {
        // JSON nests by dots: a name that is also a prefix would have to be text and object at once.
        for column in Column::all() {
            for other in Column::all() {
                let nested = other.name.strip_prefix(column.name);
                assert!(
                    !nested.is_some_and(|rest| rest.starts_with('.')),
                    "{} in {}",
                    column.name,
                    other.name
                );
            }
        }
    }

    #[test]
    fn names_are_found_by_alias_and_without_case() {
        assert_eq!(Column::find("PID").unwrap().name, "process.pid");
        assert_eq!(Column::find("network.local.port").unwrap().name, "network.local.port");
        assert!(Column::find("nonsense").is_none());
    }

    #[test]
    fn suggestions_are_near_or_absent() {
        assert_eq!(Column::suggest("proces"), Some("process"));
        assert_eq!(Column::suggest("remote.prot"), Some("remote.port"));
        assert_eq!(Column::suggest("xyzzyx"), None);
    }

    #[test]
    fn edit_distance_counts_edits() {
        let check = |a, b, d| assert_eq!(edit_distance(a, b), d, "{a} {b}");
        check("", "", 0);
        check("", "abc", 3);
        check("abc", "", 3);
        check("kitten", "sitting", 3);
        check("tpc", "tcp", 1);
        check("porcess", "process", 1);
        check("ab", "ba", 1);
        check("PID", "pid", 0);
    }
}
