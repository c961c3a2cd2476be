//! The order of rows: all at once, or some put among those that stand right.

use alloc::vec::Vec;
use core::cmp::Ordering;

use super::{RowId, View};
use crate::column::Row;
use crate::session::Session;
use crate::table;

impl View {
    /// `rows` in order.
    pub(super) fn sorted(&self, session: &Session, mut rows: Vec<RowId>) -> Vec<RowId> {
        let row = |id: &RowId| self.row(*id, session).map(|shown| shown.row);
        rows.sort_by_cached_key(|id| (row(id).map(|row| table::process_key(&row)), *id));
        for key in self.look.sort.iter().rev() {
            rows.sort_by_cached_key(|id| row(id).map(|row| table::ordered(&row, key)));
        }
        if self.look.group.is_some() {
            let ranks = self.groups.ranks();
            rows.sort_by_key(|id| self.rank(*id, &ranks));
        }
        rows
    }

    /// `kept`, which is in order, with `fresh` put where they belong.
    pub(super) fn merged(
        &self,
        session: &Session,
        kept: Vec<RowId>,
        fresh: Vec<RowId>,
    ) -> Vec<RowId> {
        if fresh.is_empty() {
            return kept;
        }
        if fresh.len() > kept.len() / 4 {
            let all = kept.into_iter().chain(fresh).collect();
            return self.sorted(session, all);
        }
        let fresh = self.sorted(session, fresh);
        let ranks = self.groups.ranks();
        let mut merged = Vec::with_capacity(kept.len() + fresh.len());
        let mut rest = kept.as_slice();
        for id in fresh {
            let Some(shown) = self.row(id, session) else { continue };
            let own = (self.rank(id, &ranks), shown.row, id);
            let end = rest.partition_point(|other| {
                let row = self.row(*other, session);
                row.is_some_and(|row| {
                    let other = (self.rank(*other, &ranks), row.row, *other);
                    self.compare(&other, &own) != Ordering::Greater
                })
            });
            let (before, after) = rest.split_at(end);
            merged.extend_from_slice(before);
            merged.push(id);
            rest = after;
        }
        merged.extend_from_slice(rest);
        merged
    }

    /// Where the group of a row stands among the groups.
    fn rank(&self, id: RowId, ranks: &[u32]) -> u32 {
        let entry = self.entries.get(id.slot as usize);
        let group = entry.filter(|_| self.look.group.is_some()).map(|entry| entry.group);
        group.and_then(|group| ranks.get(group as usize).copied()).unwrap_or_default()
    }

    /// Which of two rows, each with the rank of its group, stands first.
    fn compare(&self, a: &(u32, Row<'_>, RowId), b: &(u32, Row<'_>, RowId)) -> Ordering {
        let keys = self.look.sort.iter();
        let by_keys = keys
            .map(|key| table::ordered(&a.1, key).cmp(&table::ordered(&b.1, key)))
            .find(|order| order.is_ne());
        let by_process = || (table::process_key(&a.1), a.2).cmp(&(table::process_key(&b.1), b.2));
        a.0.cmp(&b.0).then_with(|| by_keys.unwrap_or_else(by_process))
    }
}
