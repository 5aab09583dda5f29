//! An authenticated, framed echo server, as the README shows it.

use std::sync::Arc;
use switchboard::auth::{Dialect, Key, Keyring, Policy};
use switchboard::reactor::{ConnId, Limits, ListenOptions, Reactor};
use switchboard::session::{Link, Profile, Service, Session};

struct Echo;
impl Service for Echo {
    type Command = ();
    fn message(&mut self, link: &mut Link<'_, '_>, id: ConnId, message: &[u8]) {
        link.send(id, message).expect("what fitted the way in fits the way back");
    }
}

/// Serves until it is ended.
pub fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut keys = Keyring::new();
    keys.add("alice", Key::from_hex(&std::env::var("ALICE_KEY")?)?)?;
    let auth = Policy::new(Dialect::Mutual, Arc::new(keys))?.with_service("echo");
    let session = Session::new(Echo, Profile::new("u32be,max=64KiB".parse()?, auth));
    let mut server = Reactor::new(session, Limits::default())?;
    let (_, address) = server.listen(&"tcp://127.0.0.1:0".parse()?, &ListenOptions::default())?;
    println!("listening on {address}");
    server.run().map(drop).map_err(Into::into)
}
