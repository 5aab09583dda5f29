//! Calling: the addresses of whom we mean, one after the other, until one answers.
//!
//! Leaves finding the addresses to `attach`, and what is said once somebody answers to the services.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reactor::{Address, Reactor, Tag};
use tempfile::TempDir;

use crate::attach::Callee;
use crate::cli::exit::{Failure, Fault, Result};
use crate::session::{Link, Service, Session};

/// The addresses that are still to be tried. A service that calls keeps one, and asks it in `unreachable` and
/// `draining`.
#[derive(Debug, Default)]
pub struct Route {
    left: VecDeque<Address>,
    is_given_up: bool,
}

impl Route {
    /// Calls the first of these addresses, and keeps the others for when it does not answer.
    pub fn begin(&mut self, link: &mut Link<'_, '_>, addresses: Vec<Address>) {
        self.left = addresses.into();
        self.call_next(link);
    }

    /// Calls the next address, if there is one.
    pub fn call_next(&mut self, link: &mut Link<'_, '_>) -> Option<Address> {
        let next = self.left.pop_front()?;
        link.call(next.clone(), Tag::default());
        Some(next)
    }

    /// An address did not answer: calls the next one, or says why there is none.
    pub fn unreachable(
        &mut self,
        link: &mut Link<'_, '_>,
        address: &Address,
        error: &io::Error,
    ) -> Result<Address> {
        if self.is_given_up {
            return Err(Failure::new(Fault::Other, "interrupted before anybody answered"));
        }
        let failed = || Failure::new(Fault::Connection, format!("cannot reach {address}: {error}"));
        self.call_next(link).ok_or_else(failed)
    }

    /// Calls nobody any more: we were told to end.
    pub fn give_up(&mut self) {
        self.left.clear();
        self.is_given_up = true;
    }
}

/// Begins a call before the loop runs. `route` says where in the service its route is.
pub fn call<S: Service>(
    reactor: &mut Reactor<Session<S>>,
    callee: Callee,
    route: impl FnOnce(&mut S) -> &mut Route,
) -> Result<()> {
    match callee {
        Callee::Open(socket) => drop(reactor.adopt(socket, 1)?),
        Callee::Addresses(addresses) => {
            tell(reactor, |service, link| route(service).begin(link, addresses));
        }
    }
    Ok(())
}

/// Tells a service something before its loop runs.
pub fn tell<S: Service>(reactor: &mut Reactor<Session<S>>, what: impl FnOnce(&mut S, &mut Link<'_, '_>)) {
    reactor.with_context(|session, cx| session.with_link(cx, what));
}

/// Where a caller of this address is to be answered: a port that nobody else can write to where the partner is on
/// this host, and a path in a folder of our own for a Unix socket, as those have no ports.
pub fn place_for_answers(partner: &Address) -> io::Result<(Address, Option<TempDir>)> {
    let Some(partner) = partner.ip() else {
        let folder = tempfile::Builder::new().prefix("switchboard-").tempdir()?;
        return Ok((Address::UnixDatagram(folder.path().join("answers")), Some(folder)));
    };
    let own: IpAddr = match partner.ip() {
        IpAddr::V4(ip) if ip.is_loopback() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(ip) if ip.is_loopback() => Ipv6Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    Ok((Address::Udp(SocketAddr::new(own, 0)), None))
}
