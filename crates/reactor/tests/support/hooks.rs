//! A handler that tells the test what it hears.

use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Instant;

use switchboard_reactor::{
    Address, Closed, ConnId, Context, Datagram, Handler, ListenerId, Origin, SocketId, Tag,
};

use super::DEADLINE;

/// Says back what it hears, and tells the test of every hook, in a word and what it was about.
pub struct Hooks {
    pub told: Sender<String>,
    /// Whom it lets in.
    pub verifies: fn(&Address) -> bool,
    /// Whether it says back what it hears.
    pub answers: bool,
}

/// What a [`Hooks`] tells.
pub struct Told(Receiver<String>);

/// Something to do on the loop's thread.
pub type Order = Box<dyn FnOnce(&mut Context<'_>) + Send>;

pub fn hooks() -> (Hooks, Told) {
    let (told, hears) = mpsc::channel();
    (Hooks { told, verifies: |_| true, answers: true }, Told(hears))
}

impl Hooks {
    fn tell(&self, what: impl Into<String>) {
        // A test that has heard enough is not there any more.
        let _ = self.told.send(what.into());
    }
}

impl Told {
    /// Waits until it is told something that begins like this.
    pub fn wait_for(&self, beginning: &str) -> String {
        let given_up = Instant::now() + DEADLINE;
        let mut others = Vec::new();
        while let Ok(what) = self.0.recv_timeout(given_up.saturating_duration_since(Instant::now())) {
            if what.starts_with(beginning) {
                return what;
            }
            others.push(what);
        }
        panic!("never told `{beginning}`, only {others:?}");
    }

    /// Everything that was told and not waited for.
    pub fn so_far(&self) -> Vec<String> {
        self.0.try_iter().collect()
    }
}

impl Handler for Hooks {
    type Command = Order;

    fn verify(&mut self, _: ListenerId, peer: &Address) -> bool {
        self.tell("verify");
        (self.verifies)(peer)
    }

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, origin: Origin<'_>) {
        cx.established(id);
        self.tell(format!("setup {}", origin.peer()));
    }

    fn handle(&mut self, cx: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
        self.tell(format!("handle {}", input.escape_ascii()));
        if self.answers {
            cx.send(id, input);
        }
        input.len()
    }

    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, why: Closed) {
        self.tell(format!("finish {why}"));
    }

    fn unreachable(&mut self, _: &mut Context<'_>, tag: Tag, address: &Address, error: &io::Error) {
        self.tell(format!("unreachable {} {address} {:?}", tag.0, error.kind()));
    }

    fn datagram(&mut self, cx: &mut Context<'_>, socket: SocketId, datagram: Datagram<'_>) {
        let cut = if datagram.truncated { "cut" } else { "whole" };
        let Datagram { from, payload, .. } = datagram;
        self.tell(format!("datagram {cut} {} from {from}: {}", payload.len(), payload.escape_ascii()));
        if self.answers && *from != Address::Unnamed {
            cx.send_datagram(socket, from.clone(), payload);
        }
    }

    fn handle_error(&mut self, _: &mut Context<'_>, error: &io::Error) {
        self.tell(format!("error {:?} {error}", error.kind()));
    }

    fn handle_timeout(&mut self, _: &mut Context<'_>) {
        self.tell("handle_timeout");
    }

    fn timeout(&mut self, _: &mut Context<'_>, tag: Tag) {
        self.tell(format!("timeout {}", tag.0));
    }

    fn command(&mut self, cx: &mut Context<'_>, order: Order) {
        order(cx);
    }
}
