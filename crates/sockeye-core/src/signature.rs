//! Who signed a file, and whether this machine trusts that.

use alloc::boxed::Box;
use core::fmt;

/// What the signature of a file says (Authenticode, Windows): one inside of it, or one in a catalogue
/// that lists it.
///
/// A signer's name is text from outside: escape before printing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Signature {
    /// The file is as it was signed, by somebody whom this machine trusts.
    Trusted {
        /// The name in the certificate, where it has one.
        signer: Option<Box<str>>,
    },
    /// There is one that proves nothing.
    Untrusted {
        /// Why not.
        reason: Distrust,
        /// Whom it names; anybody can write any name there.
        signer: Option<Box<str>>,
    },
    /// There is none.
    None,
}

/// Why a signature proves nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Distrust {
    /// The file is not as it was signed.
    Changed,
    /// A certificate was not valid any more, or not yet, when it was signed or now.
    Expired,
    /// The certificate that vouches for all others is not one that this machine trusts.
    UntrustedRoot,
    /// A certificate was withdrawn by whoever issued it.
    Revoked,
    /// This machine was told not to trust the signer.
    Forbidden,
    /// Certificates that lead to a trusted one are missing.
    IncompleteChain,
    /// The machine's rules do not trust it.
    Untrusted,
    /// What Windows says by this number (HRESULT).
    Other(u32),
}

impl Signature {
    /// The word machines read of one that is there: `trusted`, or why not.
    pub fn status(&self) -> Option<Status> {
        match self {
            Self::Trusted { .. } => Some(Status(None)),
            Self::Untrusted { reason, .. } => Some(Status(Some(*reason))),
            Self::None => None,
        }
    }

    /// Whom it names.
    pub fn signer(&self) -> Option<&str> {
        match self {
            Self::Trusted { signer } | Self::Untrusted { signer, .. } => signer.as_deref(),
            Self::None => None,
        }
    }
}

impl fmt::Display for Signature {
    /// As people read it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trusted { signer: Some(name) } => write!(f, "signed by {name}"),
            Self::Trusted { signer: None } => {
                f.write_str("signed, by a certificate without a name")
            }
            Self::Untrusted { reason, signer } => {
                write!(f, "signature not valid: {reason}")?;
                signer.iter().try_for_each(|name| write!(f, "; it names {name}"))
            }
            Self::None => f.write_str("not signed"),
        }
    }
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Changed => "the file was changed after it was signed",
            Self::Expired => "a certificate has expired or is not valid yet",
            Self::UntrustedRoot => "its root certificate is not trusted here",
            Self::Revoked => "a certificate was revoked",
            Self::Forbidden => "its signer is explicitly distrusted here",
            Self::IncompleteChain => "its certificates do not lead to a root certificate",
            Self::Untrusted => "it is not trusted here",
            Self::Other(code) => return write!(f, "Windows says 0x{code:08X}"),
        })
    }
}

/// The word machines read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Status(Option<Distrust>);

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            None => "trusted",
            Some(Distrust::Changed) => "changed",
            Some(Distrust::Expired) => "expired",
            Some(Distrust::UntrustedRoot) => "untrusted_root",
            Some(Distrust::Revoked) => "revoked",
            Some(Distrust::Forbidden) => "explicitly_distrusted",
            Some(Distrust::IncompleteChain) => "incomplete_chain",
            Some(Distrust::Untrusted) => "untrusted",
            Some(Distrust::Other(code)) => return write!(f, "0x{code:08x}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn a_signature_is_said_to_people_and_to_machines() {
        let check = |signature: Signature, words: &str, status: Option<&str>| {
            assert_eq!(signature.to_string(), words);
            let told = signature.status().map(|status| status.to_string());
            assert_eq!(told.as_deref(), status, "{words}");
        };
        let by = |name: &str| Some(name.into());
        let bad = |reason, signer| Signature::Untrusted { reason, signer };
        check(Signature::Trusted { signer: by("X") }, "signed by X", Some("trusted"));
        let unnamed = "signed, by a certificate without a name";
        check(Signature::Trusted { signer: None }, unnamed, Some("trusted"));
        check(Signature::None, "not signed", None);
        let changed = "signature not valid: the file was changed after it was signed";
        check(bad(Distrust::Changed, None), changed, Some("changed"));
        let root = "signature not valid: its root certificate is not trusted here; it names X";
        check(bad(Distrust::UntrustedRoot, by("X")), root, Some("untrusted_root"));
        let other = "signature not valid: Windows says 0x800B0110";
        check(bad(Distrust::Other(0x800B_0110), None), other, Some("0x800b0110"));
    }
}
