//! The text of an endpoint, read. Loose about names, which are the resolver's to judge; strict about all else,
//! so that what was read is written back the same.

use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::str::FromStr;

use super::{Endpoint, HostPort};

impl FromStr for Endpoint {
    type Err = ParseEndpointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some((scheme, rest)) = text.split_once("://") {
            return parse_url(scheme, rest, text);
        }
        match text.split_once(':') {
            Some(("unix", path)) => Ok(Self::Unix(parse_path(path)?)),
            Some(("unix-dgram", path)) => Ok(Self::UnixDatagram(parse_path(path)?)),
            Some(("fd", number)) => parse_descriptor(number).map(Self::Fd),
            Some(("systemd", name)) => parse_socket_name(name).map(Self::Systemd),
            Some(("can", interface)) if !interface.is_empty() => Ok(Self::Can(interface.to_owned())),
            _ => text.parse().map(Self::Tcp),
        }
    }
}

impl FromStr for HostPort {
    type Err = ParseEndpointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let no_port = || ParseEndpointError::NoPort { text: text.to_owned() };
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (host, port) = rest.split_once("]:").ok_or_else(no_port)?;
            (parse_ipv6(host)?, port)
        } else {
            let (host, port) = text.rsplit_once(':').ok_or_else(no_port)?;
            (parse_host(host, text)?, port)
        };
        Ok(Self::new(host, parse_port(port)?))
    }
}

/// Why a text is no endpoint: the typist's fault, one line each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ParseEndpointError {
    #[error("no port in `{text}`; an endpoint looks like tcp://HOST:PORT or unix:PATH")]
    NoPort { text: String },
    #[error("no host in `{text}`; 0.0.0.0 or [::] stand for every address of this machine")]
    NoHost { text: String },
    #[error("`{text}` is no port; ports are numbers from 0 to 65535")]
    BadPort { text: String },
    #[error("an IPv6 address goes in brackets, as in [::1]:9000, not `{text}`")]
    Ipv6WithoutBrackets { text: String },
    #[error("`{text}` in brackets is no IPv6 address")]
    BadIpv6 { text: String },
    #[error("`{text}` is no host name")]
    BadHost { text: String },
    #[error("`{scheme}://` is not known; use tcp://, udp://, unix:PATH, unix-dgram:PATH or fd:N")]
    UnknownScheme { scheme: String },
    #[error("no path after `unix:` or `unix-dgram:`")]
    NoPath,
    #[error("the path is {bytes} bytes long; a Unix socket takes at most {limit}")]
    PathTooLong { bytes: usize, limit: usize },
    #[error("`fd:{text}` names no descriptor; use a number, as in fd:3")]
    BadDescriptor { text: String },
    #[error("`systemd:{text}` names no socket; use a FileDescriptorName, as in systemd:chat")]
    BadSocketName { text: String },
}

fn parse_url(scheme: &str, rest: &str, text: &str) -> Result<Endpoint, ParseEndpointError> {
    let place = || rest.strip_suffix('/').unwrap_or(rest).parse();
    match scheme {
        "tcp" => place().map(Endpoint::Tcp),
        "udp" => place().map(Endpoint::Udp),
        "rds" => place().map(Endpoint::Rds),
        // `unix:///run/x` is what people type who think in URLs; the path is the same.
        "unix" | "unix-dgram" => text.replacen("://", ":", 1).parse(),
        _ => Err(ParseEndpointError::UnknownScheme { scheme: scheme.to_owned() }),
    }
}

fn parse_host(host: &str, text: &str) -> Result<String, ParseEndpointError> {
    if host.is_empty() {
        return Err(ParseEndpointError::NoHost { text: text.to_owned() });
    }
    if host.contains(':') {
        return Err(ParseEndpointError::Ipv6WithoutBrackets { text: text.to_owned() });
    }
    // Looser than DNS on purpose: what is odd but harmless is for the resolver to judge.
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || "[]/@%".contains(c);
    if host.contains(is_odd) {
        return Err(ParseEndpointError::BadHost { text: host.escape_debug().to_string() });
    }
    Ok(host.to_owned())
}

fn parse_ipv6(host: &str) -> Result<String, ParseEndpointError> {
    let (address, _zone) = host.split_once('%').unwrap_or((host, ""));
    match address.parse::<Ipv6Addr>() {
        Ok(_) => Ok(host.to_owned()),
        Err(_) => Err(ParseEndpointError::BadIpv6 { text: host.to_owned() }),
    }
}

fn parse_port(text: &str) -> Result<u16, ParseEndpointError> {
    parse_digits(text).ok_or_else(|| ParseEndpointError::BadPort { text: text.to_owned() })
}

fn parse_descriptor(text: &str) -> Result<u32, ParseEndpointError> {
    parse_digits::<i32>(text)
        .and_then(|number| u32::try_from(number).ok())
        .ok_or_else(|| ParseEndpointError::BadDescriptor { text: text.to_owned() })
}

/// As systemd.socket(5) has them.
fn parse_socket_name(text: &str) -> Result<String, ParseEndpointError> {
    if text.len() <= 255 && text.bytes().all(|byte| (b' '..0x7f).contains(&byte) && byte != b':') {
        return Ok(text.to_owned());
    }
    Err(ParseEndpointError::BadSocketName { text: text.escape_debug().to_string() })
}

/// A number of digits alone: std also takes a leading `+`, which would not round-trip.
fn parse_digits<N: FromStr>(text: &str) -> Option<N> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn parse_path(text: &str) -> Result<PathBuf, ParseEndpointError> {
    match text.len() {
        0 => Err(ParseEndpointError::NoPath),
        bytes if bytes > UNIX_PATH_BYTES_MAX => {
            Err(ParseEndpointError::PathTooLong { bytes, limit: UNIX_PATH_BYTES_MAX })
        }
        _ => Ok(PathBuf::from(text)),
    }
}

/// `sun_path` holds 108 bytes on Linux (104 on the BSDs), the last of which is a NUL.
const UNIX_PATH_BYTES_MAX: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Endpoint, ParseEndpointError> {
        text.parse()
    }

    #[test]
    fn every_form_comes_back_as_it_was_written() {
        for text in [
            "tcp://127.0.0.1:9000",
            "tcp://example.org:0",
            "tcp://[::1]:9000",
            "tcp://[fe80::1%eth0]:9000",
            "udp://localhost:65535",
            "unix:/run/switchboard.sock",
            "unix:relative name",
            "unix-dgram:/run/d.sock",
            "fd:3",
            "systemd:",
            "systemd:sb-chat.socket",
            "can:vcan0",
            "rds://10.0.0.1:9000",
        ] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn bare_host_and_port_is_tcp() {
        assert_eq!(parse("localhost:9000"), parse("tcp://localhost:9000"));
        assert_eq!(parse("[::1]:9000"), parse("tcp://[::1]:9000"));
    }

    #[test]
    fn unix_paths_may_be_typed_like_a_url() {
        assert_eq!(parse("unix:///run/x"), Ok(Endpoint::Unix("/run/x".into())));
    }

    #[test]
    fn a_path_as_long_as_the_kernel_takes_is_accepted_and_one_more_byte_refused() {
        let fits = "x".repeat(UNIX_PATH_BYTES_MAX);
        assert!(parse(&format!("unix:{fits}")).is_ok());
        let error = parse(&format!("unix:{fits}x")).unwrap_err();
        assert_eq!(
            error,
            ParseEndpointError::PathTooLong { bytes: UNIX_PATH_BYTES_MAX + 1, limit: UNIX_PATH_BYTES_MAX }
        );
    }

    #[test]
    fn what_is_no_endpoint_is_refused_in_one_line() {
        for text in [
            "",
            ":",
            "host",
            ":9000",
            "host:",
            "host:65536",
            "host:-1",
            "host:+1",
            "::1:9000",
            "[::1]",
            "[::1]9000",
            "[host]:1",
            "http://host:1",
            "tcp://",
            "tcp://host",
            "unix:",
            "fd:",
            "fd:x",
            "fd:-1",
            "fd:2147483648",
            "systemd:a:b",
            "systemd:\u{e9}",
            "ho st:1",
            "a\nb:1",
        ] {
            let message = parse(text).expect_err(text).to_string();
            assert!(!message.contains('\n') && !message.is_empty(), "{text:?}: {message:?}");
        }
    }
}
