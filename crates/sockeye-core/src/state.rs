//! TCP states: their names for people, for machines, and every spelling taken as input.

/// The state of a TCP endpoint, by RFC 9293 §3.3.2, plus two that operating systems add.
///
/// UDP has no state; an [`Endpoint`](crate::Endpoint) then carries `None`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum State {
    /// Waiting for connections.
    Listen,
    /// SYN sent, no answer yet.
    SynSent,
    /// SYN received and answered, the last part of the handshake outstanding.
    SynReceived,
    /// Open in both directions.
    Established,
    /// Closed on this side, FIN not yet acknowledged.
    FinWait1,
    /// Closed on this side, FIN acknowledged, the other side still open.
    FinWait2,
    /// Closed by the other side, not yet by this one.
    CloseWait,
    /// Both sides closed at once, the FIN not yet acknowledged.
    Closing,
    /// Closed by both, the last acknowledgement outstanding.
    LastAck,
    /// Closed; the kernel keeps the address pair for a while.
    TimeWait,
    /// Not connected and not listening.
    Closed,
    /// Bound to a local port, neither listening nor connected (Linux 6.8 and later, Windows).
    Bound,
    /// The entry is being deleted (Windows `MIB_TCP_STATE_DELETE_TCB`).
    DeleteTcb,
}

/// One state with its canonical names: for people, and for machines.
struct Names(State, &'static str, &'static str);

/// People read RFC 9293's words, machines read OpenTelemetry's `network.connection.state`.
const NAMES: [Names; 13] = [
    Names(State::Listen, "LISTEN", "listen"),
    Names(State::SynSent, "SYN-SENT", "syn_sent"),
    Names(State::SynReceived, "SYN-RECEIVED", "syn_received"),
    Names(State::Established, "ESTABLISHED", "established"),
    Names(State::FinWait1, "FIN-WAIT-1", "fin_wait_1"),
    Names(State::FinWait2, "FIN-WAIT-2", "fin_wait_2"),
    Names(State::CloseWait, "CLOSE-WAIT", "close_wait"),
    Names(State::Closing, "CLOSING", "closing"),
    Names(State::LastAck, "LAST-ACK", "last_ack"),
    Names(State::TimeWait, "TIME-WAIT", "time_wait"),
    Names(State::Closed, "CLOSED", "closed"),
    Names(State::Bound, "BOUND", "bound"),
    Names(State::DeleteTcb, "DELETE-TCB", "delete_tcb"),
];

/// Spellings of other tools (`ss`, `netstat`, TCPView, PowerShell), without case and separators.
const OTHER_SPELLINGS: [(&str, State); 6] = [
    ("listening", State::Listen),
    ("estab", State::Established),
    ("synrecv", State::SynReceived),
    ("synrcvd", State::SynReceived),
    ("close", State::Closed),
    ("unconn", State::Closed),
];

impl State {
    /// Every state, in the order a connection runs through them.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        NAMES.iter().map(|names| names.0)
    }

    /// The word people read: `ESTABLISHED`, `TIME-WAIT`.
    pub fn label(self) -> &'static str {
        NAMES.iter().find(|n| n.0 == self).map_or("", |n| n.1)
    }

    /// The word machines read: `established`, `time_wait`.
    pub fn id(self) -> &'static str {
        NAMES.iter().find(|n| n.0 == self).map_or("", |n| n.2)
    }

    /// Reads any common spelling: case and `-`, `_`, space do not matter, `estab`, `LISTENING`
    /// and `SYN_RECV` are known too.
    pub fn parse(text: &str) -> Option<Self> {
        let known = NAMES.iter().map(|n| (n.2, n.0)).chain(OTHER_SPELLINGS);
        known.into_iter().find(|(name, _)| letters(name).eq(letters(text))).map(|(_, state)| state)
    }
}

/// The characters that tell spellings apart: no separators, no case.
fn letters(text: &str) -> impl Iterator<Item = u8> + '_ {
    let kept = text.bytes().filter(|b| !matches!(b, b'-' | b'_' | b' '));
    kept.map(|b| b.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_names_that_read_back() {
        for state in State::all() {
            assert_eq!(State::parse(state.label()), Some(state));
            assert_eq!(State::parse(state.id()), Some(state));
        }
    }

    #[test]
    fn takes_the_spellings_of_other_tools() {
        let check = |text, state| assert_eq!(State::parse(text), Some(state), "{text}");
        check("ESTAB", State::Established);
        check("LISTENING", State::Listen);
        check("Fin Wait 2", State::FinWait2);
        check("SYN-RECV", State::SynReceived);
        check("TIME_WAIT", State::TimeWait);
        check("timewait", State::TimeWait);
        assert_eq!(State::parse("open"), None);
        assert_eq!(State::parse(""), None);
    }
}
