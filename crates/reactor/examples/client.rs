//! A client that calls again when nobody is there, a little later each time.
use std::hash::{BuildHasher, RandomState};
use std::net::TcpListener;

use switchboard_reactor::{Address, Backoff, BackoffLimits, Closed, ConnId, Context, Handler};
use switchboard_reactor::{Limits, Origin, Reactor, Tag};

struct Client(Backoff, Vec<Address>);

impl Handler for Client {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, _: ConnId, origin: Origin<'_>) {
        println!("connected to {}", origin.peer());
        self.0.stand(cx.now());
        cx.stop(); // a real one would begin its conversation
    }
    fn handle(&mut self, _: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        input.len()
    }
    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {}
    fn unreachable(&mut self, cx: &mut Context<'_>, tag: Tag, _: &Address, error: &std::io::Error) {
        let wait = self.0.fail(cx.now(), RandomState::new().hash_one(()));
        println!("{error}, again in {wait:?}");
        cx.set_timer(wait, tag);
    }
    fn timeout(&mut self, cx: &mut Context<'_>, tag: Tag) {
        cx.connect_any(self.1.clone(), tag);
    }
}

/// Calls where nobody is, and then where somebody is.
pub fn main() -> std::io::Result<()> {
    let server = TcpListener::bind("127.0.0.1:0")?;
    let addresses = vec!["unix:nobody".parse().expect("an address"), Address::Tcp(server.local_addr()?)];
    let mut reactor =
        Reactor::new(Client(Backoff::new(BackoffLimits::default()), addresses), Limits::default())?;
    reactor.with_context(|client, cx| client.timeout(cx, Tag(0)));
    reactor.run().map(drop)
}
