//! Datagrams: each is answered to its sender with its number of bytes.

use std::net::UdpSocket;

use switchboard_reactor::{Closed, ConnId, Context, Datagram, Handler, Limits, Origin, Reactor, SocketId};

struct Counter;

impl Handler for Counter {
    type Command = ();

    fn setup(&mut self, _: &mut Context<'_>, _: ConnId, _: Origin<'_>) {}

    fn handle(&mut self, _: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        input.len() // there are no streams here
    }

    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {}

    fn datagram(&mut self, cx: &mut Context<'_>, socket: SocketId, datagram: Datagram<'_>) {
        let answer = datagram.payload.len().to_string();
        cx.send_datagram(socket, datagram.from.clone(), answer.as_bytes());
    }
}

/// Answers one datagram, then stops.
pub fn main() -> std::io::Result<()> {
    let mut reactor = Reactor::new(Counter, Limits::default())?;
    let (_, address) = reactor.bind(&"udp://127.0.0.1:0".parse().expect("an address"))?;
    let handle = reactor.handle();
    let serving = std::thread::spawn(|| reactor.run().map(drop));

    let caller = UdpSocket::bind("127.0.0.1:0")?;
    caller.send_to(b"hello", address.ip().expect("it is a UDP address"))?;
    assert_eq!(caller.recv(&mut [0; 9])?, 1); // `5`
    handle.shutdown();
    serving.join().expect("the loop does not panic")
}
