//! A network of streams that do exactly what they are told: each read gives the next piece, each write takes as much as
//! it was told to. What no stream needs is not there.

#![allow(unreachable_pub, reason = "it is a module of a test")]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use switchboard_reactor::{
    Address, Adopted, BindOptions, ListenOptions, Membership, MembershipChange, Net, Read, Ready, Received,
    Signal, Time, Token, Wake,
};

/// A stream's part.
#[derive(Debug, Default)]
pub struct Script {
    /// What comes, piece by piece.
    pub reads: VecDeque<Vec<u8>>,
    /// How much the first writes take, until each of which there is no room for the next.
    pub writes: VecDeque<usize>,
    /// The lengths of the pieces that each write was offered.
    pub offers: Rc<RefCell<Vec<Vec<usize>>>>,
    /// What was written.
    pub written: Rc<RefCell<Vec<u8>>>,
    /// There is no room until the next poll.
    pub is_full: bool,
}

/// The network. Every stream is always ready.
#[derive(Default)]
pub struct Scripted(Vec<Token>);

impl Net for Scripted {
    type Stream = Script;
    type Listener = ();
    type Datagram = ();
    type Signals = ();

    fn now(&self) -> Time {
        Time::ZERO
    }

    fn poll(&mut self, _: Option<Duration>, ready: &mut Vec<Ready>) -> io::Result<()> {
        let all =
            self.0.iter().map(|token| Ready { token: *token, readable: true, writable: true, ended: false });
        ready.extend(all);
        Ok(())
    }

    fn waker(&self) -> Arc<dyn Wake> {
        Arc::new(Nobody)
    }

    fn watch(&mut self, token: Token, _: &mut Script) -> io::Result<()> {
        self.0.push(token);
        Ok(())
    }

    fn watch_adopted(&mut self, token: Token, _: &mut Adopted<Scripted>) -> io::Result<()> {
        self.0.push(token);
        Ok(())
    }

    fn read(&mut self, stream: &mut Script, buffer: &mut [u8]) -> io::Result<Read> {
        let piece = stream.reads.pop_front().ok_or(io::ErrorKind::WouldBlock)?;
        buffer[..piece.len()].copy_from_slice(&piece);
        Ok(Read { bytes: piece.len(), drained: false })
    }

    fn write(&mut self, stream: &mut Script, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        if std::mem::take(&mut stream.is_full) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        stream.offers.borrow_mut().push(parts.iter().map(|part| part.len()).collect());
        let offered: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        let limit = stream.writes.pop_front();
        stream.is_full = limit.is_some();
        let taken = limit.unwrap_or(usize::MAX).min(offered.len());
        stream.written.borrow_mut().extend_from_slice(&offered[..taken]);
        if taken == 0 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(taken) }
    }

    fn shutdown_write(&mut self, _: &mut Script) -> io::Result<()> {
        Ok(())
    }

    fn close(&mut self, _: Script) {}

    fn listen(&mut self, _: Token, _: &Address, _: &ListenOptions) -> io::Result<((), Address)> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn accept(&mut self, (): &mut ()) -> io::Result<(Script, Address)> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn connect(&mut self, _: &Address, _: Option<IpAddr>) -> io::Result<Script> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn connected(&mut self, _: &mut Script) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn close_listener(&mut self, (): ()) {}

    fn bind(&mut self, _: Token, _: &Address, _: &BindOptions) -> io::Result<((), Address)> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn change_membership(&mut self, (): &mut (), _: &Membership, _: MembershipChange) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn receive(&mut self, (): &mut (), _: &mut [u8]) -> io::Result<Received> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn send(&mut self, (): &mut (), _: &Address, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn watch_signals(&mut self, _: Token, (): &mut ()) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn next_signal(&mut self, (): &mut ()) -> Option<Signal> {
        None
    }
}

struct Nobody;

impl Wake for Nobody {
    fn wake(&self) {}
}
