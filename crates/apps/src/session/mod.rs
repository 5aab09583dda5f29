//! Sessions: the one place where framing, authentication and the loop meet.
//!
//! A [`Service`] hears of callers only after they have shown who they are, and then of whole messages. It never
//! sees bytes, frames or handshakes. [`Session`] is the [`Handler`] that makes one out of the
//! other.
//!
//! ```text
//!    sockets        bytes                 proof, then messages             program
//!  +---------+   +---------+   +------------------------------------+   +-----------+
//!  | reactor | > | Session | > | Handshake -> Authenticated         | > |  Service  |
//!  |         | < |         | < | FrameDecoder -> message  (encode)  | < | via Link  |
//!  +---------+   +---------+   +------------------------------------+   +-----------+
//! ```
//!
//! It does not resolve names, read keys or print anything; the programs do.
//!
//! `examples/echo_server.rs` is one in 20 lines.

pub mod blocking;
mod counts;
mod ended;
mod exchange;
mod hearing;
mod link;
mod policy;
mod profile;
mod sealed;
mod service;
#[cfg(test)]
mod tests;
mod wire;

use std::io;

use auth::Authenticated;
use bytes::Bytes;
use framing::FrameDecoder;
use reactor::{
    Address, Closed, ConnId, Context, Datagram, GroupId, Handler, ListenerId, Measure, Origin, Pressure,
    Signal, SocketId, Tag,
};

pub use counts::Counts;
pub use ended::Ended;
pub use link::{Broadcast, Link};
pub use policy::SharedPolicy;
pub use profile::{Draw, Operator, Profile, Role, draw_from_system};
pub use service::{Caller, Service, Via};

use exchange::Exchange;
use wire::{Proof, Proving, Wire};

/// A service with its connections: give it to a [`reactor::Reactor`].
pub struct Session<S> {
    service: S,
    exchange: Exchange,
    draw: Draw,
    /// Hears for all who have no decoder of their own.
    fresh: FrameDecoder,
    /// Room for what sealed connections say, used by one at a time.
    plain: Vec<u8>,
}

impl<S: Service> Session<S> {
    /// A session whose nonces come from the operating system.
    pub fn new(service: S, profile: Profile) -> Session<S> {
        Session::with_draw(service, profile, Box::new(draw_from_system))
    }

    /// A session whose nonces come from `draw`. Only for tests that must repeat: a nonce that comes twice lets
    /// an old answer be played back.
    pub fn with_draw(service: S, profile: Profile, draw: Draw) -> Session<S> {
        let fresh = profile.framing.decoder();
        Session { service, exchange: Exchange::new(profile), draw, fresh, plain: Vec::new() }
    }

    /// The service.
    pub fn service(&self) -> &S {
        &self.service
    }

    /// The service back, after the loop has stopped.
    pub fn into_service(self) -> S {
        self.service
    }

    /// What it has counted so far.
    pub fn counts(&self) -> Counts {
        self.exchange.counts
    }

    /// Lets the service speak outside an event, for example to start a call before the loop runs.
    pub fn with_link<R>(
        &mut self,
        cx: &mut Context<'_>,
        ask: impl FnOnce(&mut S, &mut Link<'_, '_>) -> R,
    ) -> R {
        ask(&mut self.service, &mut Link::new(cx, &mut self.exchange))
    }

    /// Begins the handshake of a connection that stands.
    fn begin(&mut self, cx: &mut Context<'_>, id: ConnId, origin: Origin<'_>) {
        let entropy = match (self.draw)() {
            Ok(entropy) => entropy,
            Err(error) => {
                // Without fresh nonces nobody can be told from a recording.
                self.exchange
                    .wires
                    .insert(id, Wire::Shut(Box::new((*Proving::dead(origin), Ended::NoRandomness(error)))));
                cx.abort(id);
                return;
            }
        };
        let policy = self.exchange.profile.auth.now();
        let handshake = match self.exchange.profile.role(origin) {
            Role::Caller => policy.call(entropy),
            Role::Server => policy.accept(entropy),
        };
        self.exchange.wires.insert(id, Wire::Proving(Proving::new(handshake, origin)));
        self.prove(cx, id, &[]);
    }

    /// Gives the handshake what has come; says how much of it is done with. When the handshake is over, the
    /// service hears of its caller.
    fn prove(&mut self, cx: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
        let Some(Wire::Proving(proving)) = self.exchange.wires.get_mut(id) else { return 0 };
        match cx.send_with(id, |out| proving.advance(input, out)) {
            Proof::Pending(consumed) => consumed,
            Proof::Done(proof, consumed) => {
                self.open(cx, id, proof);
                consumed
            }
            Proof::Failed(refused) => {
                // Empty for all dialects but `python`, whose peers wait for a word.
                cx.send(id, refused.farewell());
                self.shut(cx, id, Ended::Refused(refused));
                input.len()
            }
        }
    }

    /// The handshake is over, and well: the conversation begins.
    fn open(&mut self, cx: &mut Context<'_>, id: ConnId, mut proof: Authenticated) {
        let opened = Wire::opened(&mut proof, &self.exchange.profile.framing);
        let Some(Wire::Proving(proving)) = self.exchange.wires.insert(id, opened) else { return };
        let Proving { peer, via, .. } = *proving;
        self.exchange.counts.handshakes_passed += 1;
        self.exchange.counts.conversations += 1;
        cx.established(id);
        self.with_link(cx, |service, link| service.open(link, id, Caller { proof, peer, via }));
    }

    /// The handshake is over, and not well: nothing more is said.
    fn shut(&mut self, cx: &mut Context<'_>, id: ConnId, ended: Ended) {
        if let Some(Wire::Proving(proving)) = self.exchange.wires.remove(id) {
            self.exchange.wires.insert(id, Wire::Shut(Box::new((*proving, ended))));
        }
        cx.close(id);
    }
}

impl<S: Service> Handler for Session<S> {
    type Command = S::Command;

    fn verify(&mut self, listener: ListenerId, peer: &Address) -> bool {
        self.service.verify(listener, peer)
    }

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, origin: Origin<'_>) {
        self.begin(cx, id, origin);
    }

    fn handle(&mut self, cx: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
        match self.exchange.wires.get(id) {
            Some(Wire::Open(_)) => self.converse(cx, id, input),
            Some(Wire::Sealed(_)) => self.converse_sealed(cx, id, input),
            Some(Wire::Proving(_)) => {
                let proved = self.prove(cx, id, input);
                match self.exchange.wires.get(id) {
                    Some(Wire::Proving(_)) => proved,
                    // What follows the handshake is the first message already.
                    _ if proved < input.len() => proved + self.handle(cx, id, &input[proved..]),
                    _ => proved,
                }
            }
            // What comes after the end is not heard.
            _ => input.len(),
        }
    }

    fn end_of_input(&mut self, cx: &mut Context<'_>, id: ConnId, rest: &[u8]) {
        match self.exchange.wires.get_mut(id) {
            Some(Wire::Open(kept)) => {
                let how =
                    kept.as_deref_mut().unwrap_or(&mut self.exchange.profile.framing.decoder()).finish(rest);
                self.input_ended(cx, id, how);
            }
            Some(Wire::Sealed(_)) => self.sealed_stream_ended(cx, id, rest),
            Some(Wire::Proving(proving)) => {
                let refused = proving.cut(rest);
                self.shut(cx, id, Ended::Refused(refused));
            }
            _ => {}
        }
    }

    fn pressure(&mut self, cx: &mut Context<'_>, id: ConnId, pressure: Pressure) {
        if self.exchange.wires.get(id).is_some_and(Wire::is_open) {
            self.with_link(cx, |service, link| service.pressure(link, id, pressure));
        }
    }

    fn finish(&mut self, cx: &mut Context<'_>, id: ConnId, why: Closed) {
        let (proving, ended) = match self.exchange.forget(id) {
            None => return,
            Some(Wire::Proving(proving)) => (Some(*proving), Ended::of_handshake(why)),
            Some(Wire::Shut(shut)) => (Some(shut.0), shut.1),
            Some(Wire::Over(ended)) if !ended.is_well() => (None, *ended),
            // Also when we hung up: the last of what was sent may not have got through.
            Some(Wire::Open(_) | Wire::Sealed(_) | Wire::Over(_)) => (None, Ended::of_conversation(why)),
        };
        match proving {
            Some(_) => self.exchange.counts.handshakes_failed += 1,
            None => self.exchange.counts.conversations -= 1,
        }
        self.with_link(cx, |service, link| match proving {
            Some(proving) => service.turned_away(link, &proving.peer, proving.via, &ended),
            None => service.close(link, id, &ended),
        });
    }

    fn unreachable(&mut self, cx: &mut Context<'_>, tag: Tag, address: &Address, error: &io::Error) {
        self.with_link(cx, |service, link| service.unreachable(link, tag, address, error));
    }

    fn datagram(&mut self, cx: &mut Context<'_>, socket: SocketId, datagram: Datagram<'_>) {
        self.with_link(cx, |service, link| service.datagram(link, socket, datagram));
    }

    fn datagram_pressure(&mut self, cx: &mut Context<'_>, socket: SocketId, pressure: Pressure) {
        self.with_link(cx, |service, link| service.datagram_pressure(link, socket, pressure));
    }

    fn handle_error(&mut self, cx: &mut Context<'_>, error: &io::Error) {
        self.with_link(cx, |service, link| service.handle_error(link, error));
    }

    fn timeout(&mut self, cx: &mut Context<'_>, tag: Tag) {
        self.with_link(cx, |service, link| service.timeout(link, tag));
    }

    fn command(&mut self, cx: &mut Context<'_>, command: S::Command) {
        self.with_link(cx, |service, link| service.command(link, command));
    }

    fn published(&mut self, cx: &mut Context<'_>, group: GroupId, framed: &Bytes) {
        self.exchange.seal_for_members(cx, group, framed);
    }

    fn signal(&mut self, cx: &mut Context<'_>, signal: Signal) {
        match (signal, &self.exchange.profile.operator) {
            (Signal::Hangup, Some(operator)) => operator.hangup(),
            _ => self.with_link(cx, |service, link| service.signal(link, signal)),
        }
    }

    fn service_actions(&mut self, cx: &mut Context<'_>) {
        self.with_link(cx, S::service_actions);
    }

    fn measure(&self, into: &mut Vec<Measure>) {
        into.extend(self.counts().measures(self.exchange.profile.auth.dialect()));
        self.service.measure(into);
    }

    fn draining(&mut self, cx: &mut Context<'_>) {
        if let Some(operator) = &self.exchange.profile.operator {
            operator.draining();
        }
        self.with_link(cx, S::draining);
        self.exchange.end_all(cx);
    }
}
