//! From an endpoint to a running loop: where a server listens, and whom a caller calls.
//!
//! Leaves the text of endpoints and the lookup of names to `endpoint`, opening sockets to `reactor`, and what is
//! said over them to the services.
//!
//! A name with several addresses is *called* at each of them in turn until one answers, but *listened on* at the
//! first only: with port 0 each address would get another port, and one `listening on` line could not tell. An
//! address that this machine does not have (no IPv6, for one) is passed over; one that is in use is an error,
//! as callers of that name would reach whoever uses it.

use std::io;

use anyhow::Context;
use auth::Dialect;
use framing::FrameSpec;
use reactor::{
    Address, Adopted, ConnId, Handler, Kept, Limits, ListenOptions, ListenerId, MioNet, Reactor, SocketId,
    Workers,
};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::cli::exit::{Blame, Failure, Fault, Result};
use crate::cli::notes::Notes;
use crate::endpoint::{Endpoint, Resolved};
use crate::session::SharedPolicy;

/// What a loop was attached to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attached {
    /// Calls come in at this address.
    Listener(ListenerId, Address),
    /// Datagrams come in at this address.
    Datagrams(SocketId, Address),
    /// One connection that was open before; nobody else will call.
    Connection(ConnId),
}

/// Whom to call.
#[derive(Debug)]
pub enum Callee {
    /// Addresses to be tried in order; never empty, and all of the same kind.
    Addresses(Vec<Address>),
    /// A connection that was open before, for [`Reactor::adopt`].
    Open(Adopted<MioNet>),
}

/// What a program makes of datagram endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Datagrams {
    /// It speaks them.
    Spoken,
    /// It does not.
    NotSpoken,
    /// It would, but they prove nothing about who sends them, and this handshake was asked for.
    Unproven(Dialect),
}

impl Datagrams {
    /// For a program that speaks them: only without a handshake.
    pub fn under(policy: &SharedPolicy) -> Self {
        Self::in_dialect(policy.dialect())
    }

    /// The same, before there is a policy.
    pub fn in_dialect(dialect: Dialect) -> Self {
        match dialect {
            Dialect::None => Self::Spoken,
            dialect => Self::Unproven(dialect),
        }
    }

    /// Refuses an endpoint that carries datagrams where they are of no use.
    pub fn check(self, endpoint: &Endpoint) -> Result<()> {
        let message = match self {
            Self::Spoken => return Ok(()),
            Self::NotSpoken => format!("{endpoint} carries datagrams; this program needs a stream"),
            Self::Unproven(dialect) => format!(
                "{endpoint} carries datagrams, which cannot prove who sent them: use a stream for --auth {dialect}"
            ),
        };
        Err(Failure::new(Fault::Usage, message))
    }
}

/// Opens what the endpoint names, or takes over what was open, and says where it listens.
pub fn listen<H: Handler>(
    reactor: &mut Reactor<H>,
    endpoint: &Endpoint,
    options: &ListenOptions,
    datagrams: Datagrams,
    notes: &Notes,
) -> Result<Attached> {
    let attached = attach(reactor, endpoint, options, datagrams)?;
    if let Attached::Listener(_, address) | Attached::Datagrams(_, address) = &attached {
        notes.listening(address);
    }
    Ok(attached)
}

/// The same without a word.
pub fn attach<H: Handler>(
    reactor: &mut Reactor<H>,
    endpoint: &Endpoint,
    options: &ListenOptions,
    datagrams: Datagrams,
) -> Result<Attached> {
    match endpoint.resolve()? {
        Resolved::Inherited(socket) => take_over(reactor, endpoint, socket, options, datagrams),
        resolved => {
            let addresses = addresses(resolved, endpoint, datagrams)?;
            first_that_is_here(&addresses, |address| open(reactor, address, options))
        }
    }
}

/// Opens an endpoint on every loop and says so. Only calls can be shared: to a TCP port and to a Unix path.
pub fn listen_together<H>(
    workers: &mut Workers<H>,
    endpoint: &Endpoint,
    options: &ListenOptions,
    notes: &Notes,
) -> Result<()>
where
    H: Handler<Command: 'static> + Send + 'static,
{
    let addresses = addresses(endpoint.resolve()?, endpoint, Datagrams::NotSpoken)?;
    let address = first_that_is_here(&addresses, |address| workers.listen(address, options))?;
    notes.listening(&address);
    Ok(())
}

/// Whether what an endpoint names carries datagrams.
pub fn carries_datagrams(endpoint: &Endpoint) -> Result<bool> {
    Ok(match endpoint {
        Endpoint::Udp(_) | Endpoint::UnixDatagram(_) => true,
        Endpoint::Fd(_) | Endpoint::Systemd(_) => {
            matches!(endpoint.resolve()?, Resolved::Inherited(Adopted::Datagram(..)))
        }
        _ => false,
    })
}

/// Finds out whom an endpoint means.
pub fn callee(endpoint: &Endpoint, datagrams: Datagrams) -> Result<Callee> {
    match endpoint.resolve()? {
        Resolved::Inherited(socket @ Adopted::Stream(..)) => Ok(Callee::Open(socket)),
        Resolved::Inherited(_) => {
            Err(Failure::new(Fault::Usage, format!("{endpoint} is no open connection; it cannot be called")))
        }
        resolved => Ok(Callee::Addresses(addresses(resolved, endpoint, datagrams)?)),
    }
}

/// The loop's limits, with room for the longest message of a framing where that is longer than usual.
pub fn limits_for(spec: &FrameSpec) -> Limits {
    let usual = Limits::default();
    let message = spec.payload_bytes_max();
    Limits {
        untaken_bytes_max: usual.untaken_bytes_max.max(message.saturating_add(usual.read_bytes)),
        outbound_hard: usual.outbound_hard.max(message.saturating_mul(2)),
        ..usual
    }
}

/// Asks for as many descriptors as this process may have: the usual 1,024 are few for a server. What is refused is
/// done without; the loop lives with any number.
pub fn raise_descriptor_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

/// The addresses behind an endpoint, in the order in which they are to be tried.
fn addresses(resolved: Resolved, endpoint: &Endpoint, datagrams: Datagrams) -> Result<Vec<Address>> {
    if matches!(resolved, Resolved::Udp(_) | Resolved::UnixDatagram(_)) {
        datagrams.check(endpoint)?;
    }
    Ok(match resolved {
        Resolved::Tcp(addresses) => addresses.into_iter().map(Address::Tcp).collect(),
        Resolved::Udp(addresses) => addresses.into_iter().map(Address::Udp).collect(),
        Resolved::Unix(path) => vec![Address::Unix(path)],
        Resolved::UnixDatagram(path) => vec![Address::UnixDatagram(path)],
        Resolved::Inherited(_) => Vec::new(),
    })
}

fn take_over<H: Handler>(
    reactor: &mut Reactor<H>,
    endpoint: &Endpoint,
    socket: Adopted<MioNet>,
    options: &ListenOptions,
    datagrams: Datagrams,
) -> Result<Attached> {
    if let Adopted::Datagram(..) = socket {
        datagrams.check(endpoint)?;
    }
    let address = socket.address().clone();
    let kept = reactor.adopt(socket, options.calls_max).with_context(|| format!("taking over {endpoint}"))?;
    Ok(match kept {
        Kept::Listener(id) => Attached::Listener(id, address),
        Kept::Datagram(id) => Attached::Datagrams(id, address),
        Kept::Stream(id) => Attached::Connection(id),
    })
}

fn open<H: Handler>(
    reactor: &mut Reactor<H>,
    address: &Address,
    options: &ListenOptions,
) -> io::Result<Attached> {
    if address.is_datagram() {
        reactor.bind(address).map(|(id, address)| Attached::Datagrams(id, address))
    } else {
        reactor.listen(address, options).map(|(id, address)| Attached::Listener(id, address))
    }
}

/// Opens the first address that this machine has.
fn first_that_is_here<T>(
    addresses: &[Address],
    mut open: impl FnMut(&Address) -> io::Result<T>,
) -> Result<T> {
    let mut last = Failure::new(Fault::Connection, "there is no address to listen on");
    for address in addresses {
        match open(address) {
            Ok(opened) => return Ok(opened),
            Err(error) => {
                let is_elsewhere = is_elsewhere(&error);
                last = cannot_listen(address, error);
                if !is_elsewhere {
                    break;
                }
            }
        }
    }
    Err(last)
}

/// Whether the machine has no such address, or the kernel no such family.
fn is_elsewhere(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable
        || error.raw_os_error() == Some(Errno::AFNOSUPPORT.raw_os_error())
}

fn cannot_listen(address: &Address, error: io::Error) -> Failure {
    let fault = match error.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => {
            Fault::Usage
        }
        _ => Fault::Connection,
    };
    let failed = Err::<(), _>(error).with_context(|| format!("cannot listen on {address}")).blame(fault);
    failed.expect_err("it was made of an error")
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::{UnixDatagram, UnixStream};
    use std::sync::Arc;

    use auth::{Key, Keyring, Policy};
    use reactor::{Closed, Context, Limits, Origin};

    use super::*;
    use crate::cli::kept::Kept;
    use crate::cli::notes::Volume;

    struct Deaf;

    impl Handler for Deaf {
        type Command = ();
        fn setup(&mut self, _: &mut Context<'_>, _: ConnId, _: Origin<'_>) {}
        fn handle(&mut self, _: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
            input.len()
        }
        fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {}
    }

    fn listens(text: &str, datagrams: Datagrams) -> (Result<Attached>, String) {
        let said = Kept::default();
        let notes = Notes::over(said.clone(), Volume::Quiet);
        let mut reactor = Reactor::new(Deaf, Limits::default()).unwrap();
        let endpoint = text.parse().unwrap();
        let attached = listen(&mut reactor, &endpoint, &ListenOptions::default(), datagrams, &notes);
        (attached, said.text())
    }

    fn refusal(text: &str, datagrams: Datagrams) -> (Fault, String) {
        let failure = listens(text, datagrams).0.unwrap_err();
        (failure.fault(), failure.message())
    }

    fn fd(socket: &impl AsRawFd) -> String {
        format!("fd:{}", socket.as_raw_fd())
    }

    #[test]
    fn the_real_address_is_said_once_listening() {
        for text in ["127.0.0.1:0", "udp://127.0.0.1:0"] {
            let (attached, said) = listens(text, Datagrams::Spoken);
            let (Attached::Listener(_, address) | Attached::Datagrams(_, address)) = attached.unwrap() else {
                panic!("{text} is an address")
            };
            assert_ne!(address.ip().unwrap().port(), 0);
            assert_eq!(said, format!("listening on {address}\n"));
        }
    }

    #[test]
    fn a_port_in_use_is_the_connections_fault() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = taken.local_addr().unwrap();
        let (fault, message) = refusal(&place.to_string(), Datagrams::Spoken);
        assert_eq!(fault, Fault::Connection);
        assert!(message.starts_with(&format!("cannot listen on tcp://{place}: ")), "{message}");
    }

    #[test]
    fn a_path_that_cannot_be_used_is_the_typists_fault() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "precious").unwrap();
        for path in [file.clone(), folder.path().join("missing/socket")] {
            let (fault, message) = refusal(&format!("unix:{}", path.display()), Datagrams::Spoken);
            assert_eq!(fault, Fault::Usage, "{message}");
        }
        assert_eq!(std::fs::read(&file).unwrap(), b"precious");
    }

    #[test]
    fn datagrams_are_refused_where_they_cannot_be_used() {
        let (socket, _other) = UnixDatagram::pair().unwrap();
        for text in ["udp://127.0.0.1:0".to_owned(), fd(&socket)] {
            for datagrams in [Datagrams::NotSpoken, Datagrams::Unproven(Dialect::Mutual)] {
                let (fault, message) = refusal(&text, datagrams);
                assert_eq!(fault, Fault::Usage);
                assert!(message.starts_with(&format!("{text} carries datagrams")), "{message}");
            }
        }
    }

    #[test]
    fn a_handshake_rules_datagrams_out() {
        let mut keyring = Keyring::new();
        keyring.add("alice", Key::from_bytes(&[7; 32])).unwrap();
        let mutual = Policy::new(Dialect::Mutual, Arc::new(keyring)).unwrap();
        let none = Policy::new(Dialect::None, Arc::default()).unwrap();
        assert_eq!(Datagrams::under(&mutual.into()), Datagrams::Unproven(Dialect::Mutual));
        assert_eq!(Datagrams::under(&none.into()), Datagrams::Spoken);
    }

    #[test]
    fn inherited_sockets_are_taken_over_as_what_they_are() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Address::Tcp(listener.local_addr().unwrap());
        let (attached, said) = listens(&fd(&listener), Datagrams::NotSpoken);
        assert_eq!(said, format!("listening on {address}\n"));
        assert!(matches!(attached.unwrap(), Attached::Listener(_, at) if at == address));

        let (stream, _other) = UnixStream::pair().unwrap();
        let (attached, said) = listens(&fd(&stream), Datagrams::NotSpoken);
        assert!(matches!(attached.unwrap(), Attached::Connection(_)));
        assert_eq!(said, "");
    }

    #[test]
    fn only_an_open_connection_or_an_address_can_be_called() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let failure = callee(&fd(&listener).parse().unwrap(), Datagrams::Spoken).unwrap_err();
        assert_eq!(failure.fault(), Fault::Usage);

        let (stream, _other) = UnixStream::pair().unwrap();
        let open = callee(&fd(&stream).parse().unwrap(), Datagrams::Spoken).unwrap();
        assert!(matches!(open, Callee::Open(_)));

        let called = callee(&"[::1]:9".parse().unwrap(), Datagrams::Spoken).unwrap();
        let Callee::Addresses(addresses) = called else { panic!("{called:?}") };
        assert_eq!(addresses, [Address::Tcp("[::1]:9".parse().unwrap())]);
    }

    #[test]
    fn the_longest_message_of_a_framing_fits_the_limits() {
        let limits = |spec: &str| limits_for(&spec.parse().unwrap());
        assert_eq!(limits("u32be").outbound_hard, Limits::default().outbound_hard);
        assert_eq!(limits("u32be,max=64MiB").outbound_hard, 128 << 20);
        assert_eq!(limits("u32be,max=64MiB").untaken_bytes_max, (64 << 20) + Limits::default().read_bytes);
    }

    #[test]
    fn addresses_of_other_machines_are_passed_over_and_ports_in_use_are_not() {
        let both = ["[::1]:9", "127.0.0.1:9"].map(|text| Address::Tcp(text.parse().unwrap()));
        let first_fails = |kind: io::ErrorKind| {
            first_that_is_here(&both, |address| match address.ip() {
                Some(place) if place.is_ipv6() => Err(kind.into()),
                _ => Ok(address.to_string()),
            })
        };
        assert_eq!(first_fails(io::ErrorKind::AddrNotAvailable).unwrap(), "tcp://127.0.0.1:9");
        let failure = first_fails(io::ErrorKind::AddrInUse).unwrap_err();
        assert_eq!(failure.fault(), Fault::Connection);
        assert!(failure.message().contains("[::1]:9"), "{}", failure.message());
    }
}
