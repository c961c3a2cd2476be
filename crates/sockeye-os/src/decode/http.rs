//! What an HTTP server answered, RFC 9112, as far as a program on the same machine needs it.

use super::Malformed;

/// Headers that an answer may have; a container runtime sends eight.
const HEADERS: usize = 64;

/// Whether more may come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stream {
    /// The server may still write.
    Open,
    /// It has closed the connection.
    Ended,
}

/// An answer that is whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The status: 200 where all is well.
    pub status: u16,
    /// What was asked for, or the server's own words.
    pub body: Vec<u8>,
}

/// How long a body is.
enum Length {
    Bytes(usize),
    Chunked,
    ToTheEnd,
}

/// Decodes an answer from its first byte; `None` while it is not whole.
///
/// # Errors
///
/// What makes no sense, or was cut short.
pub fn decode_answer(bytes: &[u8], stream: Stream) -> Result<Option<Answer>, Malformed> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let malformed = |what| Malformed { what, at: 0 };
    let parsed = response.parse(bytes).map_err(|_| malformed("the answer is not HTTP"))?;
    let httparse::Status::Complete(start) = parsed else {
        let cut = malformed("the answer's head is cut short");
        return if stream == Stream::Open { Ok(None) } else { Err(cut) };
    };
    let body = bytes.get(start..).unwrap_or_default();
    let body = match length(response.headers)? {
        Length::Bytes(length) => body.get(..length).map(<[u8]>::to_vec),
        // Only when it looks like the last chunk: each try costs as much as there is.
        Length::Chunked if stream == Stream::Open && !body.ends_with(b"\r\n\r\n") => None,
        Length::Chunked => joined(body, start)?,
        Length::ToTheEnd => (stream == Stream::Ended).then(|| body.to_vec()),
    };
    let status = response.code.unwrap_or_default();
    match body {
        Some(body) => Ok(Some(Answer { status, body })),
        None if stream == Stream::Open => Ok(None),
        None => Err(Malformed { what: "the answer is cut short", at: bytes.len() }),
    }
}

/// How long the body is, RFC 9112 section 6.3.
fn length(headers: &[httparse::Header<'_>]) -> Result<Length, Malformed> {
    let mut values = headers.iter().filter(|h| h.name.eq_ignore_ascii_case("transfer-encoding"));
    if values.any(|header| header.value.trim_ascii().eq_ignore_ascii_case(b"chunked")) {
        return Ok(Length::Chunked);
    }
    let mut lengths = headers.iter().filter(|h| h.name.eq_ignore_ascii_case("content-length"));
    let Some(header) = lengths.next() else {
        return Ok(Length::ToTheEnd);
    };
    let digits = std::str::from_utf8(header.value).ok().and_then(|text| text.trim().parse().ok());
    digits.map(Length::Bytes).ok_or(Malformed { what: "the answer's length is no number", at: 0 })
}

/// Chunks put together, RFC 9112 section 7.1; `None` when the last is missing.
fn joined(body: &[u8], start: usize) -> Result<Option<Vec<u8>>, Malformed> {
    let mut joined = Vec::with_capacity(body.len());
    let mut rest = body;
    loop {
        let at = start + body.len() - rest.len();
        let malformed = |what| Malformed { what, at };
        let size = httparse::parse_chunk_size(rest);
        let size = size.map_err(|_| malformed("a chunk has no size"))?;
        let httparse::Status::Complete((begin, size)) = size else {
            return Ok(None);
        };
        if size == 0 {
            return Ok(Some(joined));
        }
        let data = rest.get(begin..).unwrap_or_default();
        let size = usize::try_from(size).map_err(|_| malformed("a chunk is too long"))?;
        let Some((chunk, after)) = data.split_at_checked(size) else {
            return Ok(None);
        };
        joined.extend_from_slice(chunk);
        rest = match after.strip_prefix(b"\r\n") {
            Some(rest) => rest,
            None if b"\r\n".starts_with(after) => return Ok(None),
            None => return Err(malformed("a chunk does not end where it says")),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::super::hostile;
    use super::*;
    use proptest::prelude::*;

    /// An answer as Go's net/http gives it, with a chunk that carries an extension.
    const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Type: \
application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n\
3\r\n[{}\r\n7;x=y\r\n,\r\n{}]\n\r\n0\r\n\r\n";

    /// What is decoded: the status and the body, `more` or what is wrong.
    fn told(bytes: &[u8], stream: Stream) -> String {
        match decode_answer(bytes, stream) {
            Ok(Some(answer)) => {
                format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body))
            }
            Ok(None) => "more".into(),
            Err(malformed) => malformed.what.into(),
        }
    }

    #[test]
    fn an_answer_is_whole_or_not() {
        let check = |bytes: &[u8], open: &str, ended: &str| {
            let text = String::from_utf8_lossy(bytes);
            assert_eq!(told(bytes, Stream::Open), open, "{text}");
            assert_eq!(told(bytes, Stream::Ended), ended, "{text}");
        };
        let same = |bytes: &[u8], expected: &str| check(bytes, expected, expected);
        let cut = "the answer is cut short";
        same(CHUNKED, "200 [{},\r\n{}]\n");
        check(&CHUNKED[..CHUNKED.len() - 5], "more", cut);
        check(&CHUNKED[..CHUNKED.len() - 6], "more", cut);
        check(b"HTTP/1.1 200 OK\r\n", "more", "the answer's head is cut short");
        check(b"", "more", "the answer's head is cut short");
        same(b"HTTP/1.1 404 x\r\nContent-Length: 2\r\n\r\nabc", "404 ab");
        check(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nabc", "more", cut);
        check(b"HTTP/1.0 200 OK\r\n\r\nabc", "more", "200 abc");
        same(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "the answer's length is no number");
        same(b"SSH-2.0-OpenSSH_9.2\r\n", "the answer is not HTTP");
        let chunks = |text: &str| {
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{text}\r\n\r\n")
        };
        let size = "a chunk has no size";
        same(chunks("x").as_bytes(), size);
        same(chunks("ffffffffffffffffff").as_bytes(), size);
        check(chunks("ffffffffffffffff").as_bytes(), "more", cut);
        same(chunks("1\r\nab").as_bytes(), "a chunk does not end where it says");
    }

    proptest! {
        #[test]
        fn hostile_answers_are_survived(bytes in hostile::variants(CHUNKED)) {
            for stream in [Stream::Open, Stream::Ended] {
                if let Ok(Some(answer)) = decode_answer(&bytes, stream) {
                    prop_assert!(answer.body.len() <= bytes.len());
                }
            }
        }

        #[test]
        fn however_it_is_chunked_it_reads_the_same(
            parts in proptest::collection::vec("[^\r]{1,20}", 0..8),
        ) {
            let mut sent = "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n".to_owned();
            parts.iter().for_each(|p| sent.push_str(&format!("{:x}\r\n{p}\r\n", p.len())));
            sent.push_str("0\r\n\r\n");
            let answer = decode_answer(sent.as_bytes(), Stream::Open).unwrap().unwrap();
            prop_assert_eq!(answer.body, parts.concat().into_bytes());
        }
    }
}
