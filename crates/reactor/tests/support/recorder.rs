//! A handler for tests on the simulated network: it notes what happens to it, and lets the test act on it.

#![allow(unreachable_pub, reason = "it is a module of a test")]

use std::cell::RefCell;
use std::rc::Rc;

use switchboard_reactor::{
    Closed, ConnId, Context, Datagram, Handler, Origin, Pressure, SocketId, Tag, Time,
};

/// What happened to a handler, in order.
#[derive(Debug)]
pub enum Event {
    SetUp(ConnId),
    Heard(usize),
    Ended,
    Timer,
    Datagram,
    Pressed(Pressure),
    Finished(Time, Closed),
}

pub type Act = Box<dyn FnMut(&mut Context<'_>, &Event)>;

/// Notes everything, establishes everybody unless told otherwise, and lets the test act on each event.
pub struct Recorder {
    pub events: Rc<RefCell<Vec<Event>>>,
    pub establishes: bool,
    pub takes: bool,
    pub act: Act,
}

impl Recorder {
    pub fn new(act: impl FnMut(&mut Context<'_>, &Event) + 'static) -> Recorder {
        Recorder { events: Rc::default(), establishes: true, takes: true, act: Box::new(act) }
    }

    pub fn idle() -> Recorder {
        Recorder::new(|_, _| ())
    }

    pub fn note(&mut self, cx: &mut Context<'_>, event: Event) {
        (self.act)(cx, &event);
        self.events.borrow_mut().push(event);
    }

    pub fn set_ups(&self) -> usize {
        self.events.borrow().iter().filter(|event| matches!(event, Event::SetUp(_))).count()
    }

    /// When and why the only connection ended.
    pub fn end(&self) -> (Time, String) {
        let events = self.events.borrow();
        let mut ends = events.iter().filter_map(|event| match event {
            Event::Finished(at, why) => Some((*at, why.to_string())),
            _ => None,
        });
        let end = ends.next().expect("the connection has ended");
        assert_eq!(ends.next(), None, "there was one connection");
        end
    }
}

impl Handler for Recorder {
    type Command = ();

    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        if self.establishes {
            cx.established(id);
        }
        self.note(cx, Event::SetUp(id));
    }

    fn handle(&mut self, cx: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        self.note(cx, Event::Heard(input.len()));
        if self.takes { input.len() } else { 0 }
    }

    fn end_of_input(&mut self, cx: &mut Context<'_>, id: ConnId, _: &[u8]) {
        self.note(cx, Event::Ended);
        cx.close(id);
    }

    fn timeout(&mut self, cx: &mut Context<'_>, _: Tag) {
        self.note(cx, Event::Timer);
    }

    fn datagram(&mut self, cx: &mut Context<'_>, _: SocketId, _: Datagram<'_>) {
        self.note(cx, Event::Datagram);
    }

    fn pressure(&mut self, cx: &mut Context<'_>, _: ConnId, pressure: Pressure) {
        self.note(cx, Event::Pressed(pressure));
    }

    fn finish(&mut self, cx: &mut Context<'_>, _: ConnId, why: Closed) {
        let event = Event::Finished(cx.now(), why);
        self.note(cx, event);
    }
}
