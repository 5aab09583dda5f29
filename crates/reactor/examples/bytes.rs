//! A handler of plain bytes: it says back what it hears. One thread, any number of callers.

use std::io::{Read, Write};
use std::time::Duration;

use switchboard_reactor::{Closed, ConnId, Context, Handler, Limits, ListenOptions, Origin, Reactor};

struct Echo;
impl Handler for Echo {
    type Command = ();
    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, origin: Origin<'_>) {
        println!("{} calls", origin.peer());
        cx.established(id); // nobody has to prove anything here
    }

    fn handle(&mut self, cx: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
        cx.send(id, input);
        input.len()
    }

    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, why: Closed) {
        println!("it is over: {why}");
    }
}

/// Serves one caller, then drains.
pub fn main() -> std::io::Result<()> {
    let mut reactor = Reactor::new(Echo, Limits::default())?;
    let address = "tcp://127.0.0.1:0".parse().expect("an address");
    let (_, address) = reactor.listen(&address, &ListenOptions::default())?;
    let handle = reactor.handle();
    let serving = std::thread::spawn(|| reactor.run().map(drop));
    let mut caller = std::net::TcpStream::connect(address.ip().expect("it is a TCP address"))?;
    caller.write_all(b"hello")?;
    caller.read_exact(&mut [0; 5])?;
    handle.drain(Duration::from_secs(1)); // a server would wait for a signal first
    drop(caller);
    serving.join().expect("the loop does not panic")
}
