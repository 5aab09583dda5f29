//! Everybody hears everybody: a group that spans two loops behind one address, and what is published framed once.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::num::NonZeroUsize;
use std::sync::Arc;
use switchboard::auth::{Dialect, Policy};
use switchboard::reactor::{ConnId, GroupId, Handle, Limits, ListenOptions, Workers};
use switchboard::session::{Caller, Link, Profile, Service, Session};

struct Hub;
const EVERYBODY: GroupId = GroupId(0);
impl Service for Hub {
    type Command = ();
    fn open(&mut self, link: &mut Link<'_, '_>, id: ConnId, _: Caller) {
        link.join(id, EVERYBODY);
    }
    fn message(&mut self, link: &mut Link<'_, '_>, _: ConnId, message: &[u8]) {
        link.publish(EVERYBODY, message).expect("what fitted the way in fits the way out");
    }
}

/// Five members, each of whom speaks.
pub fn main() -> Result<(), Box<dyn std::error::Error>> {
    let profile = Profile::new("lines".parse()?, Policy::new(Dialect::None, Arc::default())?);
    let two = NonZeroUsize::new(2).ok_or("two are some")?;
    let mut hub = Workers::new(two, &Limits::default(), |_| Session::new(Hub, profile.clone()))?;
    let address =
        hub.listen(&"tcp://127.0.0.1:0".parse()?, &ListenOptions::default())?.ip().ok_or("it is TCP")?;
    let handles = hub.handles();
    let running = std::thread::spawn(|| hub.run().map(drop));
    let members = [(); 5].map(|()| TcpStream::connect(address));
    for member in members {
        let mut member = BufReader::new(member?);
        member.get_mut().write_all(b"hello, everybody\n")?;
        println!("heard {:?}", member.lines().next().transpose()?);
    }
    handles.iter().for_each(Handle::shutdown);
    Ok(running.join().expect("no loop panics")?)
}
