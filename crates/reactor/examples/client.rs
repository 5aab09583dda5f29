//! A client that keeps a connection: it calls again when nobody is there, a little later each time.
use std::hash::{BuildHasher, RandomState};
use std::net::TcpListener;

use switchboard_reactor::{Address, BackoffLimits, Closed, ConnId, Context, Dialer, Handler};
use switchboard_reactor::{Limits, Origin, Reactor, Tag};

struct Client(Dialer, Option<TcpListener>);
impl Handler for Client {
    type Command = ();
    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, origin: Origin<'_>) {
        println!("connected to {}", origin.peer());
        cx.follow(self.0.handle_connected(cx.now(), id), Tag(0));
        cx.stop(); // a real one would begin its conversation
    }
    fn handle(&mut self, _: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        input.len()
    }
    fn finish(&mut self, cx: &mut Context<'_>, id: ConnId, _: Closed) {
        cx.follow(self.0.handle_lost(cx.now(), id), Tag(0));
    }
    fn unreachable(&mut self, cx: &mut Context<'_>, _: Tag, address: &Address, error: &std::io::Error) {
        println!("{error}, again in a moment");
        self.1 = address.ip().and_then(|server| TcpListener::bind(server).ok()); // and now somebody is there
        cx.follow(self.0.handle_unreachable(cx.now()), Tag(0));
    }
    fn timeout(&mut self, cx: &mut Context<'_>, _: Tag) {
        cx.follow(self.0.handle_timeout(cx.now()), Tag(0));
    }
}

/// Calls where nobody is, and then where somebody is.
pub fn main() -> std::io::Result<()> {
    let nobody = Address::Tcp(TcpListener::bind("127.0.0.1:0")?.local_addr()?);
    let dialer = Dialer::to(vec![nobody], BackoffLimits::default(), RandomState::new().hash_one(()));
    let mut reactor = Reactor::new(Client(dialer, None), Limits::default())?;
    reactor.with_context(|client, cx| cx.follow(client.0.dial(), Tag(0)));
    reactor.run().map(drop)
}
