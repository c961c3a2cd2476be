//! Tables of the IP Helper written anew: what is in use of one, one with other addresses, one row.

use std::net::{IpAddr, SocketAddr};

use sockeye_core::{State, Timestamp};

use super::{Form, Layout, Row, number, state_from_windows};
use crate::decode::Table;

/// What of `bytes`, a buffer, is the table that was written to it.
pub fn used(table: Table, form: Form, bytes: &[u8]) -> &[u8] {
    let layout = Layout::of(table, form);
    let count = number(bytes, 0).unwrap_or_default() as usize;
    let length = layout.size.saturating_mul(count).saturating_add(layout.first);
    bytes.get(..length).unwrap_or(bytes)
}

/// The table with other addresses, and nothing in it that [`decode_table`](super::decode_table) does not
/// read. A row that makes no sense stays one.
pub fn mask(
    (table, form): (Table, Form),
    bytes: &[u8],
    mut other: impl FnMut(IpAddr) -> IpAddr,
) -> Vec<u8> {
    let layout = Layout::of(table, form);
    let Some(count) = bytes.first_chunk::<4>() else { return vec![0; bytes.len()] };
    let mut masked = vec![0; layout.first.min(bytes.len())];
    put(&mut masked, 0, count);
    let rows = bytes.get(layout.first..).unwrap_or_default().chunks_exact(layout.size);
    let held = u32::from_le_bytes(*count) as usize;
    for row in rows.take(held) {
        let mut fresh = vec![0; layout.size];
        let mut keep = |at: usize, length: usize| {
            put(&mut fresh, at, row.get(at..at + length).unwrap_or_default());
        };
        keep(layout.pid, 4);
        layout.state.into_iter().chain(layout.module).for_each(|at| keep(at, 4));
        layout.created.into_iter().for_each(|at| keep(at, 8));
        let state = layout.state.and_then(|at| state_from_windows(number(row, at)?));
        // What is written there of sockets without a remote means nothing, and may be anything.
        let has_none =
            state == Some(State::Listen) || (layout.state.is_some() && form == Form::Second);
        let remote = layout.remote.filter(|_| !has_none);
        for at in [layout.local].into_iter().chain(remote) {
            mask_side(&mut fresh, (row, at, table.is_ipv6), &mut other);
        }
        masked.extend(fresh);
    }
    masked
}

/// Copies a side, with another address, to the same place.
fn mask_side(
    fresh: &mut [u8],
    (row, at, is_ipv6): (&[u8], usize, bool),
    other: &mut impl FnMut(IpAddr) -> IpAddr,
) {
    let field = row.get(at..).unwrap_or_default();
    let (width, scope) = if is_ipv6 { (16, 4) } else { (4, 0) };
    let ip: Option<IpAddr> = if is_ipv6 {
        field.first_chunk::<16>().map(|ip| IpAddr::from(*ip))
    } else {
        field.first_chunk::<4>().map(|ip| IpAddr::from(*ip))
    };
    match ip.map(other) {
        Some(IpAddr::V4(ip)) if is_ipv6 => put(fresh, at, &ip.to_ipv6_mapped().octets()),
        Some(IpAddr::V4(ip)) => put(fresh, at, &ip.octets()),
        Some(IpAddr::V6(ip)) if is_ipv6 => put(fresh, at, &ip.octets()),
        _ => {}
    }
    // The scope and the port; the upper half of the port is undefined.
    let kept = field.get(width..width + scope + 2).unwrap_or_default();
    put(fresh, at + width, kept);
}

/// `row` as the system wrote it, in words: its structure of the form with owner and module.
pub fn encode_row(row: &Row) -> Vec<u64> {
    let layout = Layout::of(row.table, Form::OwnerModule);
    let mut bytes = vec![0; layout.size];
    if let (Some(at), Some(state)) = (layout.state, row.state) {
        let number = (0..=100).find(|number| state_from_windows(*number) == Some(state));
        put(&mut bytes, at, &number.unwrap_or_default().to_le_bytes());
    }
    put_side(&mut bytes, layout.local, (row.local, row.table.is_ipv6));
    if let (Some(at), Some(remote)) = (layout.remote, row.remote) {
        put_side(&mut bytes, at, (remote, row.table.is_ipv6));
    }
    put(&mut bytes, layout.pid, &row.pid.to_le_bytes());
    if let (Some(at), Some(created)) = (layout.created, row.created) {
        put(&mut bytes, at, &ticks(created).to_le_bytes());
    }
    if let (Some(at), Some(tag)) = (layout.module, row.service_tag) {
        put(&mut bytes, at, &tag.to_le_bytes());
    }
    let (words, _) = bytes.as_chunks::<8>();
    words.iter().map(|word| u64::from_le_bytes(*word)).collect()
}

fn put_side(row: &mut [u8], at: usize, (side, is_ipv6): (SocketAddr, bool)) {
    let port = side.port().to_be_bytes();
    let ip = match side.ip() {
        IpAddr::V4(ip) if !is_ipv6 => {
            put(row, at, &ip.octets());
            return put(row, at + 4, &port);
        }
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    put(row, at, &ip.octets());
    if let SocketAddr::V6(side) = side {
        let scope = side.scope_id();
        // As it is read: see `interface`.
        let scope = if scope > 0xffff { scope.swap_bytes() } else { scope };
        put(row, at + 16, &scope.to_le_bytes());
    }
    put(row, at + 20, &port);
}

/// An instant as Windows counts it: see [`filetime`](super::filetime).
fn ticks(instant: Timestamp) -> i64 {
    (instant.unix_ns() / 100).saturating_add(super::UNIX_EPOCH)
}

/// Writes `field` at a place of `row`.
fn put(row: &mut [u8], at: usize, field: &[u8]) {
    row.iter_mut().skip(at).zip(field).for_each(|(place, byte)| *place = *byte);
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::super::decode_table;
    use super::*;

    const FORMS: [Form; 3] = [Form::OwnerPid, Form::OwnerModule, Form::Second];

    /// A table of so many rows with such bytes in them.
    fn table(of: Table, form: Form, (count, fill): (u32, &[u8])) -> Vec<u8> {
        let layout = Layout::of(of, form);
        let rows = fill.iter().copied().cycle().take(layout.size * count as usize);
        let mut bytes = vec![0; layout.first];
        bytes.extend(rows);
        put(&mut bytes, 0, &count.to_le_bytes());
        bytes
    }

    #[test]
    fn what_lies_behind_the_rows_is_not_used() {
        for (of, form) in Table::ALL.into_iter().zip(FORMS.into_iter().cycle()) {
            let whole = table(of, form, (2, &[1]));
            let buffer = [&whole[..], &[9; 100]].concat();
            assert_eq!(used(of, form, &buffer), whole);
            let mut lying = buffer.clone();
            put(&mut lying, 0, &[0xff; 4]);
            assert_eq!(used(of, form, &lying), lying);
            assert_eq!(used(of, form, &buffer[..3]), &buffer[..3]);
        }
    }

    #[test]
    fn nothing_is_kept_that_nobody_reads() {
        let secret = b"secret!\x17";
        for (of, form) in Table::ALL.into_iter().flat_map(|of| FORMS.map(|form| (of, form))) {
            let mut bytes = table(of, form, (1, secret));
            let layout = Layout::of(of, form);
            if let Some(at) = layout.state {
                put(&mut bytes, layout.first + at, &2_u32.to_le_bytes());
            }
            let masked = mask((of, form), &bytes, |_| Ipv4Addr::LOCALHOST.into());
            assert_eq!(masked.len(), bytes.len());
            let kept = masked.iter().skip(4).filter(|byte| secret.contains(byte)).count();
            // Port, scope, process, time, tag.
            assert!(kept <= 2 + 4 + 4 + 8 + 4 + 2 + 4, "{of:?} {form:?} {kept}");
            let told = decode_table(of, form, &masked);
            assert!(told.rows.iter().all(|row| row.local.ip() == Ipv4Addr::LOCALHOST), "{told:?}");
        }
    }

    proptest! {
        #[test]
        fn rows_read_back_as_they_were_written(
            of in prop::sample::select(&Table::ALL[..]),
            fill in prop::collection::vec(any::<u8>(), 1..200),
            state in prop::sample::select(&[2_u32, 5, 11][..]),
        ) {
            let layout = Layout::of(of, Form::OwnerModule);
            let mut bytes = table(of, Form::OwnerModule, (1, &fill));
            if let Some(at) = layout.state {
                put(&mut bytes, layout.first + at, &state.to_le_bytes());
            }
            let rows = decode_table(of, Form::OwnerModule, &bytes).rows;
            let mut again = bytes[..layout.first].to_vec();
            again.extend(encode_row(&rows[0]).into_iter().flat_map(u64::to_le_bytes));
            prop_assert_eq!(decode_table(of, Form::OwnerModule, &again).rows, rows);
        }

        #[test]
        fn masked_tables_have_the_same_rows(
            bytes in prop::collection::vec(any::<u8>(), 0..2048),
            count in 0..12_u32,
            of in prop::sample::select(&Table::ALL[..]),
            form in prop::sample::select(&FORMS[..]),
        ) {
            let mut bytes = bytes;
            put(&mut bytes, 0, &count.to_le_bytes());
            let (plain, masked) = (decode_table(of, form, &bytes), mask((of, form), &bytes, |ip| ip));
            let masked = decode_table(of, form, &masked);
            prop_assert_eq!(plain.rows, masked.rows);
            prop_assert_eq!(plain.missing, masked.missing);
        }
    }
}
