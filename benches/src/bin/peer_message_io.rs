//! `peer_message_io`: an echo server on message-io, as its README shows it. Its `FramedTcp` writes lengths as `varint`,
//! so its load does the same; nothing else differs.

use std::io;
use std::net::Ipv4Addr;

use benches::peers;
use message_io::network::{NetEvent, Transport};
use message_io::node;

fn main() -> io::Result<()> {
    let (handler, events) = node::split::<()>();
    let any = (Ipv4Addr::LOCALHOST, 0);
    let (_, address) = handler.network().listen(Transport::FramedTcp, any)?;
    peers::announce("tcp", address);
    events.for_each(move |event| match event.network() {
        NetEvent::Message(endpoint, message) => {
            handler.network().send(endpoint, message);
        }
        NetEvent::Connected(..) | NetEvent::Accepted(..) | NetEvent::Disconnected(_) => {}
    });
    Ok(())
}
