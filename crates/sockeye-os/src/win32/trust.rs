//! What WinVerifyTrust's codes mean for a file's signature, and what follows when it is looked for in
//! several places.

use std::fmt::Write as _;

use sockeye_core::process::{Absent, Fact};
use sockeye_core::signature::{Distrust, Signature};

/// It is as it was signed, by somebody trusted.
const TRUSTED: u32 = 0;
/// There is nothing to judge (winerror.h): no signature, no known kind of file, nobody who could judge
/// this kind (`TRUST_E_NOSIGNATURE`, `TRUST_E_SUBJECT_FORM_UNKNOWN`, `TRUST_E_PROVIDER_UNKNOWN`).
const UNSIGNED: [u32; 3] = [0x800B_0100, 0x800B_0003, 0x800B_0001];
/// Why one proves nothing (winerror.h): `TRUST_E_BAD_DIGEST`, `CERT_E_EXPIRED`,
/// `CERT_E_UNTRUSTEDROOT`, `CERT_E_REVOKED`, `TRUST_E_EXPLICIT_DISTRUST`, `CERT_E_CHAINING`,
/// `TRUST_E_SUBJECT_NOT_TRUSTED`.
const UNTRUSTED: [(u32, Distrust); 7] = [
    (0x8009_6010, Distrust::Changed),
    (0x800B_0101, Distrust::Expired),
    (0x800B_0109, Distrust::UntrustedRoot),
    (0x800B_010C, Distrust::Revoked),
    (0x800B_0111, Distrust::Forbidden),
    (0x800B_010A, Distrust::IncompleteChain),
    (0x800B_0004, Distrust::Untrusted),
];
/// Nothing was judged: `TRUST_E_SYSTEM_ERROR`, `TRUST_E_ACTION_UNKNOWN`, `CRYPT_E_FILE_ERROR`,
/// `E_NOTIMPL`.
const UNJUDGED: [u32; 4] = [0x8009_6001, 0x800B_0002, 0x8009_2003, 0x8000_4001];
/// The upper half of an HRESULT that carries a code of the system's calls (FACILITY_WIN32), and the
/// one of those that says that it is not permitted.
const SYSTEM: u32 = 0x8007;
const ACCESS_DENIED: u32 = 0x8007_0005;
/// How an enumeration says that there is no more: `ERROR_NOT_FOUND`. Wine says `ERROR_FILE_NOT_FOUND`,
/// or nothing at all.
const NO_MORE: [u32; 3] = [super::refusal::NOT_FOUND, 2, 0];

/// What WinVerifyTrust says by `code` of a signature that names `signer`; `None` where there is none.
///
/// # Errors
///
/// When nothing was judged.
pub fn judged(code: u32, signer: Option<Box<str>>) -> Fact<Option<Signature>> {
    if code == TRUSTED {
        return Ok(Some(Signature::Trusted { signer }));
    }
    if UNSIGNED.contains(&code) {
        return Ok(None);
    }
    if code == ACCESS_DENIED {
        return Err(Absent::Denied);
    }
    if UNJUDGED.contains(&code) || code >> 16 == SYSTEM {
        return Err(Absent::Unsupported);
    }
    let known = UNTRUSTED.iter().find(|(known, _)| *known == code);
    let reason = known.map_or(Distrust::Other(code), |(_, reason)| *reason);
    Ok(Some(Signature::Untrusted { reason, signer }))
}

/// What follows from `answers`, one for each way to look for a signature, in their order; `None`
/// stands for a way that this system lacks. No answer is asked for after the one that decides.
///
/// # Errors
///
/// The first failure, since what could not be looked for may be there; `Unsupported` where there is no
/// way at all.
pub fn settled(
    answers: impl IntoIterator<Item = Option<Fact<Option<Signature>>>>,
) -> Fact<Signature> {
    let mut settled = Err(Absent::Unsupported);
    let mut failure = None;
    for answer in answers.into_iter().flatten() {
        match answer {
            Ok(Some(signature)) => return Ok(signature),
            Ok(None) => settled = Ok(Signature::None),
            Err(absent) => failure = failure.or(Some(absent)),
        }
    }
    failure.map_or(settled, Err)
}

/// Whether an enumeration of catalogues that gave nothing with this `code` went well.
pub fn is_no_more(code: u32) -> bool {
    NO_MORE.contains(&code)
}

/// What a catalogue calls a file with this `hash`: upper-case hexadecimal (`WINTRUST_CATALOG_INFO`,
/// `pcwszMemberTag`).
pub fn member_tag(hash: &[u8]) -> String {
    hash.iter().fold(String::new(), |mut tag, byte| {
        // Writing to a text cannot fail.
        let _ = write!(tag, "{byte:02X}");
        tag
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn untrusted(reason: Distrust) -> Fact<Option<Signature>> {
        Ok(Some(Signature::Untrusted { reason, signer: Some("X".into()) }))
    }

    #[test]
    fn every_code_is_a_verdict() {
        let check = |code, expected| {
            assert_eq!(judged(code, Some("X".into())), expected, "{code:#010x}");
        };
        check(0, Ok(Some(Signature::Trusted { signer: Some("X".into()) })));
        check(0x800B_0100, Ok(None));
        check(0x800B_0003, Ok(None));
        check(0x800B_0001, Ok(None));
        check(0x8009_6010, untrusted(Distrust::Changed));
        check(0x800B_0101, untrusted(Distrust::Expired));
        check(0x800B_0109, untrusted(Distrust::UntrustedRoot));
        check(0x800B_010C, untrusted(Distrust::Revoked));
        check(0x800B_0111, untrusted(Distrust::Forbidden));
        check(0x800B_010A, untrusted(Distrust::IncompleteChain));
        check(0x800B_0004, untrusted(Distrust::Untrusted));
        check(0x800B_0110, untrusted(Distrust::Other(0x800B_0110)));
        check(1, untrusted(Distrust::Other(1)));
        // These say nothing of the file.
        check(0x8007_0005, Err(Absent::Denied));
        check(0x8007_0020, Err(Absent::Unsupported));
        check(0x8009_2003, Err(Absent::Unsupported));
        check(0x8009_6001, Err(Absent::Unsupported));
        check(0x800B_0002, Err(Absent::Unsupported));
        check(0x8000_4001, Err(Absent::Unsupported));
    }

    #[test]
    fn a_file_is_unsigned_only_when_nothing_that_could_be_asked_failed() {
        let signed = || Ok(Some(Signature::Trusted { signer: None }));
        let found = Ok(Signature::Trusted { signer: None });
        let check = |answers: [Option<Fact<Option<Signature>>>; 2], expected: Fact<Signature>| {
            assert_eq!(settled(answers.clone()), expected, "{answers:?}");
        };
        check([None, None], Err(Absent::Unsupported));
        check([Some(Ok(None)), Some(Ok(None))], Ok(Signature::None));
        check([None, Some(Ok(None))], Ok(Signature::None));
        check([Some(Ok(None)), Some(signed())], found.clone());
        check([Some(Err(Absent::Denied)), Some(signed())], found);
        check([Some(Err(Absent::Denied)), Some(Ok(None))], Err(Absent::Denied));
        check([Some(Ok(None)), Some(Err(Absent::Unsupported))], Err(Absent::Unsupported));
        let asked = std::cell::Cell::new(0);
        let answers = [signed(), Ok(None)].into_iter().map(|answer| {
            asked.set(asked.get() + 1);
            Some(answer)
        });
        assert_eq!(settled(answers), Ok(Signature::Trusted { signer: None }));
        assert_eq!(asked.get(), 1);
    }

    #[test]
    fn catalogues_are_asked_by_upper_case_hashes_until_there_is_no_more() {
        assert_eq!(member_tag(&[0, 0xAB, 0x1F]), "00AB1F");
        assert_eq!(member_tag(&[]), "");
        // The service that knows catalogues does not run.
        let check = |code, expected| assert_eq!(is_no_more(code), expected, "{code}");
        check(1168, true);
        check(2, true);
        check(0, true);
        check(1058, false);
        check(5, false);
    }
}
