//! What Windows counts of one connection (`GetPerTcpConnectionEStats`), once it was told to.
//!
//! `TCP_ESTATS_DATA_ROD_v0` and `TCP_ESTATS_PATH_ROD_v0` of tcpestats.h, whose names are those of RFC
//! 4898. Numbers are little-endian. `sys/windows` compares these offsets with the SDK's structures when
//! it is compiled.

use sockeye_core::endpoint::Metrics;

/// Bytes of `TCP_ESTATS_DATA_ROD_v0`.
pub const DATA: usize = 96;
/// Bytes of `TCP_ESTATS_PATH_ROD_v0`.
pub const PATH: usize = 160;

/// `DataBytesOut`: payload sent, repeats counted too.
pub const DATA_BYTES_OUT: usize = 0;
/// `DataBytesIn`: payload received.
pub const DATA_BYTES_IN: usize = 16;
/// `SegsOut`: segments sent, with and without payload.
pub const SEGS_OUT: usize = 32;
/// `SegsIn`: segments received.
pub const SEGS_IN: usize = 40;
/// `PktsRetrans`: segments that held something sent before.
pub const PKTS_RETRANS: usize = 20;
/// `BytesRetrans`: payload sent again.
pub const BYTES_RETRANS: usize = 24;
/// `SmoothedRtt`, milliseconds.
pub const SMOOTHED_RTT: usize = 108;

/// Reads what was counted: `data` and `path` are the structures of those names, where they are counted.
/// A number that is all ones is none: so the system writes what it does not know. `None` when nothing is
/// known.
pub fn decode_counts(data: Option<&[u8]>, path: Option<&[u8]>) -> Option<Metrics> {
    let long = |at| number(data?, at).map(u64::from_le_bytes).filter(|it| *it != u64::MAX);
    let short = |at| number(path?, at).map(u32::from_le_bytes).filter(|it| *it != u32::MAX);
    let packets = |at| long(at).and_then(|count| u32::try_from(count).ok());
    let repeated = short(BYTES_RETRANS);
    // Only both together tell what was sent once.
    let sent = long(DATA_BYTES_OUT).zip(repeated);
    let sent = sent.and_then(|(all, repeated)| all.checked_sub(repeated.into()));
    let rtt = short(SMOOTHED_RTT).filter(|ms| *ms != 0).and_then(|ms| ms.checked_mul(1000));
    let metrics = Metrics {
        rtt_us: rtt,
        retransmits: short(PKTS_RETRANS),
        sent_bytes: sent,
        received_bytes: long(DATA_BYTES_IN),
        sent_packets: packets(SEGS_OUT),
        received_packets: packets(SEGS_IN),
        ..Metrics::default()
    };
    (metrics != Metrics::default()).then_some(metrics)
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A structure of so many bytes with these fields; what is not named has bytes of its own.
    fn structure<const N: usize>(length: usize, fields: &[(usize, [u8; N])]) -> Vec<u8> {
        let mut bytes = vec![0xa5; length];
        for (at, field) in fields {
            bytes[*at..*at + N].copy_from_slice(field);
        }
        bytes
    }

    fn data(out: u64, back: u64) -> Vec<u8> {
        let numbers = [(0, out), (8, 7), (16, back), (24, 8), (32, 30), (40, 40)];
        structure(DATA, &numbers.map(|(at, number)| (at, number.to_le_bytes())))
    }

    fn path(segments: u32, bytes: u32, rtt_ms: u32) -> Vec<u8> {
        let numbers = [(20, segments), (24, bytes), (104, 99), (108, rtt_ms), (112, 5)];
        structure(PATH, &numbers.map(|(at, number)| (at, number.to_le_bytes())))
    }

    #[test]
    fn counts_are_read_where_they_are() {
        let counts = decode_counts(Some(&data(5000, 70_000)), Some(&path(2, 1000, 31)));
        let expected = Metrics {
            rtt_us: Some(31_000),
            retransmits: Some(2),
            sent_bytes: Some(4000),
            received_bytes: Some(70_000),
            sent_packets: Some(30),
            received_packets: Some(40),
            ..Metrics::default()
        };
        assert_eq!(counts, Some(expected));
    }

    #[test]
    fn what_is_not_known_is_nothing() {
        assert_eq!(decode_counts(None, None), None);
        assert_eq!(decode_counts(Some(&[0xff; DATA]), Some(&[0xff; PATH])), None);
        assert_eq!(decode_counts(Some(&[]), Some(&[1, 2])), None);
        // Without the repeats nobody knows what was sent once; a round trip of 0 was never measured.
        let bytes = data(5000, 70_000);
        let alone = decode_counts(Some(&bytes), None).unwrap();
        assert_eq!((alone.sent_bytes, alone.received_bytes), (None, Some(70_000)));
        let counts = decode_counts(Some(&bytes), Some(&path(0, u32::MAX, 0))).unwrap();
        assert_eq!((counts.sent_bytes, counts.rtt_us, counts.retransmits), (None, None, Some(0)));
        // More repeated than sent: the two began at different times.
        let counts = decode_counts(Some(&data(5, 0)), Some(&path(1, 6, u32::MAX))).unwrap();
        assert_eq!((counts.sent_bytes, counts.received_bytes), (None, Some(0)));
        let far = decode_counts(None, Some(&path(0, 0, u32::MAX - 1))).unwrap();
        assert_eq!(far.rtt_us, None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_counts_or_nothing(
            data in prop::collection::vec(any::<u8>(), 0..128),
            path in prop::collection::vec(any::<u8>(), 0..192),
        ) {
            let counts = decode_counts(Some(&data), Some(&path)).unwrap_or_default();
            prop_assert!(data.len() >= 48 || counts.received_packets.is_none());
            prop_assert!(path.len() >= 112 || counts.rtt_us.is_none());
            prop_assert_eq!(counts.since, None);
        }
    }
}
