//! Our server: a session that hangs up on whoever has shown who it is.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;

use switchboard::auth::Policy;
use switchboard::reactor::{Address, ConnId, Handle, Limits, ListenOptions, Reactor};
use switchboard::session::{Caller, Link, Profile, Service, Session};

use crate::processor::Meter;

/// A loop on a thread of its own; stopped when it is dropped.
pub struct OurServer {
    /// Where it listens.
    pub address: SocketAddr,
    /// The processor time of its thread.
    pub meter: Meter,
    handle: Handle<()>,
    thread: Option<JoinHandle<()>>,
}

impl OurServer {
    /// Listens on a free port of the loopback.
    pub fn start(policy: Policy) -> io::Result<OurServer> {
        let profile = Profile::new("raw".parse().expect("a framing"), policy);
        let mut server = Reactor::new(Session::new(HangUp, profile), Limits::default())?;
        let any = Address::Tcp(([127, 0, 0, 1], 0).into());
        let (_, address) = server.listen(&any, &ListenOptions::default())?;
        let Address::Tcp(address) = address else { unreachable!("it listens on TCP") };
        let handle = server.handle();
        let (tell, told) = channel();
        let thread = std::thread::spawn(move || {
            let _ = tell.send(Meter::of_this_thread());
            server.run().expect("a loop on the loopback runs");
        });
        let meter = told.recv().map_err(io::Error::other)?;
        Ok(OurServer { address, meter, handle, thread: Some(thread) })
    }
}

impl Drop for OurServer {
    fn drop(&mut self) {
        self.handle.shutdown();
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

struct HangUp;

impl Service for HangUp {
    type Command = ();

    fn open(&mut self, link: &mut Link<'_, '_>, id: ConnId, _: Caller) {
        link.hang_up(id);
    }

    fn message(&mut self, _: &mut Link<'_, '_>, _: ConnId, _: &[u8]) {}
}
