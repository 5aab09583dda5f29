//! As much HTTP as a scraper needs: the head of a request is read, and one answer is written, after which the
//! connection ends. Pure; what is answered is left to `scrapes`.

use std::fmt::Write;

use httparse::{EMPTY_HEADER, Error, Header, Request, Status as Read};

/// Where the metrics are.
pub(super) const PATH: &str = "/metrics";

/// Bytes of a request's head. Prometheus sends about 300; a browser with cookies may come near 8 KiB.
pub(super) const HEAD_BYTES_MAX: usize = 8 * 1024;

/// Fields of a head. Far more than anybody sends here.
const FIELDS_MAX: usize = 64;

/// A request that is to be answered with the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// For all of it.
    Get,
    /// For the head of the answer alone.
    Head,
}

/// Why a request is not answered with the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Malformed,
    NotFound,
    MethodNotAllowed,
    HeadTooLarge,
    VersionNotSupported,
}

/// What has come so far: `None` until the head is whole. Whatever follows it is of no interest.
pub(super) fn read(input: &[u8]) -> Result<Option<Asked>, Refusal> {
    let mut fields = [EMPTY_HEADER; FIELDS_MAX];
    let mut request = Request::new(&mut fields);
    let head = &input[..input.len().min(HEAD_BYTES_MAX)];
    match request.parse(head) {
        Ok(Read::Complete(_)) => judge(&request).map(Some),
        Ok(Read::Partial) if input.len() >= HEAD_BYTES_MAX => Err(Refusal::HeadTooLarge),
        Ok(Read::Partial) => Ok(None),
        Err(Error::TooManyHeaders) => Err(Refusal::HeadTooLarge),
        Err(Error::Version) => Err(Refusal::VersionNotSupported),
        Err(_) => Err(Refusal::Malformed),
    }
}

fn judge(request: &Request<'_, '_>) -> Result<Asked, Refusal> {
    // RFC 9112, 3.2: not without it, and not with two.
    let hosts = request.headers.iter().filter(|field| is_host(field)).count();
    if hosts > 1 || (request.version == Some(1) && hosts == 0) {
        return Err(Refusal::Malformed);
    }
    if path(request.path.unwrap_or_default()) != PATH {
        return Err(Refusal::NotFound);
    }
    match request.method {
        Some("GET") => Ok(Asked::Get),
        Some("HEAD") => Ok(Asked::Head),
        _ => Err(Refusal::MethodNotAllowed),
    }
}

fn is_host(field: &Header<'_>) -> bool {
    field.name.eq_ignore_ascii_case("host")
}

/// The path of a request's target, which may come with a query, and as a whole URL.
fn path(target: &str) -> &str {
    let target = target.split_once('?').map_or(target, |(target, _)| target);
    match target.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => target,
    }
}

/// The answer to who asked for the metrics.
pub(super) fn answer(asked: Asked, metrics: &str) -> String {
    let mut answer = head("200 OK", METRICS_TYPE, metrics.len(), "");
    if asked == Asked::Get {
        answer.push_str(metrics);
    }
    answer
}

/// The answer to who asked for something else, or wrongly.
pub(super) fn refuse(refusal: Refusal) -> String {
    let (status, fields) = match refusal {
        Refusal::Malformed => ("400 Bad Request", ""),
        Refusal::NotFound => ("404 Not Found", ""),
        Refusal::MethodNotAllowed => ("405 Method Not Allowed", "Allow: GET, HEAD\r\n"),
        Refusal::HeadTooLarge => ("431 Request Header Fields Too Large", ""),
        Refusal::VersionNotSupported => ("505 HTTP Version Not Supported", ""),
    };
    let body = format!("{status}: the metrics are at {PATH}\n");
    let mut answer = head(status, "text/plain; charset=utf-8", body.len(), fields);
    answer.push_str(&body);
    answer
}

fn head(status: &str, content_type: &str, bytes: usize, fields: &str) -> String {
    let mut head = String::new();
    // Writing to a string does not fail.
    let _ = write!(
        head,
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {bytes}\r\n\
         Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n{fields}Connection: close\r\n\r\n"
    );
    head
}

/// What `prometheus-client` writes.
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn status(text: &str) -> &str {
        text.strip_prefix("HTTP/1.1 ").unwrap().split(' ').next().unwrap()
    }

    #[test]
    fn each_request_gets_what_it_deserves() {
        let host = "Host: x\r\n";
        for (start, fields, wanted) in [
            ("GET /metrics HTTP/1.1", host, Ok(Asked::Get)),
            ("GET /metrics?name=up HTTP/1.1", host, Ok(Asked::Get)),
            ("GET http://127.0.0.1:9100/metrics HTTP/1.1", host, Ok(Asked::Get)),
            ("GET /metrics HTTP/1.0", "", Ok(Asked::Get)),
            ("HEAD /metrics HTTP/1.1", host, Ok(Asked::Head)),
            ("POST /metrics HTTP/1.1", host, Err(Refusal::MethodNotAllowed)),
            ("get /metrics HTTP/1.1", host, Err(Refusal::MethodNotAllowed)),
            ("GET / HTTP/1.1", host, Err(Refusal::NotFound)),
            ("GET http://127.0.0.1:9100 HTTP/1.1", host, Err(Refusal::NotFound)),
            ("POST /metrics/ HTTP/1.1", host, Err(Refusal::NotFound)),
            ("GET /metrics HTTP/1.1", "", Err(Refusal::Malformed)),
            ("GET /metrics HTTP/1.1", "Host: x\r\nhost: y\r\n", Err(Refusal::Malformed)),
            ("GET /metrics HTTP/1.1", "Host x\r\n", Err(Refusal::Malformed)),
            ("GET  /metrics", host, Err(Refusal::Malformed)),
            ("GET /metrics HTTP/2.0", host, Err(Refusal::VersionNotSupported)),
        ] {
            let request = format!("{start}\r\n{fields}\r\n");
            assert_eq!(read(request.as_bytes()), wanted.map(Some), "{request:?}");
            for whole in 0..request.len() {
                let part = read(&request.as_bytes()[..whole]);
                assert!(part == Ok(None) || part == wanted.map(Some), "{:?}: {part:?}", &request[..whole]);
            }
        }
    }

    #[test]
    fn a_head_may_be_as_long_as_the_limit_and_not_one_byte_longer() {
        let request = |bytes: usize| {
            let frame = "GET /metrics HTTP/1.0\r\nX: \r\n\r\n".len();
            format!("GET /metrics HTTP/1.0\r\nX: {}\r\n\r\n", "x".repeat(bytes - frame))
        };
        assert_eq!(read(request(HEAD_BYTES_MAX).as_bytes()), Ok(Some(Asked::Get)));
        assert_eq!(read(request(HEAD_BYTES_MAX + 1).as_bytes()), Err(Refusal::HeadTooLarge));
    }

    #[test]
    fn a_head_may_have_so_many_fields_and_not_one_more() {
        let request = |fields| format!("GET /metrics HTTP/1.0\r\n{}\r\n", "X: y\r\n".repeat(fields));
        assert_eq!(read(request(FIELDS_MAX).as_bytes()), Ok(Some(Asked::Get)));
        assert_eq!(read(request(FIELDS_MAX + 1).as_bytes()), Err(Refusal::HeadTooLarge));
    }

    #[test]
    fn every_refusal_is_a_whole_answer() {
        for (refusal, code) in [
            (Refusal::Malformed, "400"),
            (Refusal::NotFound, "404"),
            (Refusal::MethodNotAllowed, "405"),
            (Refusal::HeadTooLarge, "431"),
            (Refusal::VersionNotSupported, "505"),
        ] {
            let answer = refuse(refusal);
            assert_eq!(status(&answer), code);
            assert_eq!(answer.contains("\r\nAllow: GET, HEAD\r\n"), code == "405");
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", body.len())), "{answer}");
        }
    }

    #[test]
    fn who_asks_for_the_head_is_told_the_length_and_no_more() {
        let (whole, head) = (answer(Asked::Get, "metrics\n"), answer(Asked::Head, "metrics\n"));
        assert_eq!(whole, format!("{head}metrics\n"));
        assert!(head.contains("\r\nContent-Length: 8\r\n") && status(&head) == "200", "{head}");
    }

    proptest! {
        #[test]
        fn what_is_decided_stays_decided_whatever_follows(
            begins_well in 0..=34_usize,
            noise in prop::collection::vec(any::<u8>(), 0..200),
            cut in 0..200_usize,
        ) {
            let mut request = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"[..begins_well].to_vec();
            request.extend(noise);
            let early = read(&request[..cut.min(request.len())]);
            prop_assert!(early == Ok(None) || early == read(&request));
        }
    }
}
