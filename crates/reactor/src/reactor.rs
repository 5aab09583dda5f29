//! The loop: what it owns, how it is begun, and the turn. Opening sockets is in `opening`, the steps of the turn in
//! `ready`, `accept`, `connect`, `receive`, `transmit`, `datagrams`, `deadlines` and `closing`, each an `impl` of the
//! same `Reactor`.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::time::Duration;

use crate::admission::Admission;
use crate::conn::Attempt;
use crate::context::Context;
use crate::groups::Groups;
use crate::handle::Handle;
use crate::handler::{Closed, Handler};
use crate::ids::{ConnId, ListenerId, SourceId};
use crate::limits::Limits;
use crate::mailbox::{Answer, Inbox, Item};
use crate::measure::Measure;
use crate::mio_net::MioNet;
use crate::net::{Net, Plant, Ready};
use crate::ops::{Batch, Op, Ops, Reach};
use crate::receive::REST_PREFIXED_MAX;
use crate::sources::Sources;
use crate::stats::Stats;
use crate::time::Time;
use crate::timers::{Timer, Timers};

/// An event loop around a [`Handler`], on a [`Net`].
///
/// Nothing happens before [`run`](Reactor::run) (or [`turn`](Reactor::turn)); listeners opened before it hold
/// their callers in the kernel's backlog.
pub struct Reactor<H: Handler, N: Net = MioNet> {
    pub(crate) handler: H,
    pub(crate) net: N,
    pub(crate) sources: Sources<N>,
    pub(crate) limits: Limits,
    pub(crate) stats: Stats,
    /// The time of the present turn.
    pub(crate) now: Time,
    /// What handlers asked for and has not been done.
    pub(crate) ops: Ops,
    /// Storage that `ops` swaps with, so that a turn allocates nothing.
    pub(crate) spare: Batch,
    pub(crate) timers: Timers,
    /// Sources with something left to do; while it is not empty the poll does not wait.
    pub(crate) ready_list: VecDeque<SourceId>,
    /// Connections that are over, waiting for their `finish`.
    pub(crate) dead: Vec<(ConnId, Closed)>,
    /// The one read buffer: every connection reads into it, behind the rest that it may have.
    pub(crate) buffer: Vec<u8>,
    pub(crate) admission: Admission,
    /// Connections of our own that do not stand yet.
    pub(crate) attempts: HashMap<ConnId, Attempt>,
    pub(crate) groups: Groups,
    /// The other workers.
    pub(crate) peers: Vec<Handle<H::Command>>,
    /// Listeners whose sockets other loops watch, too.
    pub(crate) shared_listeners: Vec<ListenerId>,
    /// Some listener waits for a free place.
    pub(crate) has_starved_listener: bool,
    /// Something happened in the present turn.
    pub(crate) is_eventful: bool,
    pub(crate) polled: Vec<Ready>,
    due: Vec<(Time, Timer)>,
    mail: Vec<Item<H::Command>>,
    inbox: Inbox<H::Command>,
    life: Life,
}

/// Where the loop is in its own life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Running,
    Draining,
    Stopped,
}

/// Whether the loop goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// There will be another turn.
    Continue,
    /// It has stopped: every connection has been finished.
    Stopped,
}

impl<H: Handler> Reactor<H> {
    /// A loop on the operating system's sockets.
    pub fn new(handler: H, limits: Limits) -> io::Result<Reactor<H>> {
        Ok(Reactor::with_net(MioNet::new()?, handler, limits))
    }
}

impl<H: Handler, N: Net> Reactor<H, N> {
    /// A loop on any network.
    pub fn with_net(net: N, handler: H, limits: Limits) -> Reactor<H, N> {
        let limits = limits.workable();
        let inbox = Inbox::new(net.waker(), limits.commands_max);
        let buffer = vec![0; buffer_bytes(&limits)];
        Reactor {
            handler,
            now: net.now(),
            net,
            sources: Sources::new(),
            limits,
            stats: Stats::default(),
            ops: Ops::default(),
            spare: Batch::default(),
            timers: Timers::default(),
            ready_list: VecDeque::new(),
            dead: Vec::new(),
            buffer,
            admission: Admission::default(),
            attempts: HashMap::new(),
            groups: Groups::default(),
            peers: Vec::new(),
            shared_listeners: Vec::new(),
            has_starved_listener: false,
            is_eventful: false,
            polled: Vec::new(),
            due: Vec::new(),
            mail: Vec::new(),
            inbox,
            life: Life::Running,
        }
    }

    pub(crate) fn next_id(&self) -> io::Result<SourceId> {
        self.sources.next_id().ok_or_else(|| io::Error::other("the loop has no slot for another socket"))
    }

    /// Makes it one of several loops that share groups. Ids are distinct among them from now on.
    pub(crate) fn become_worker(&mut self, number: usize, others: Vec<Handle<H::Command>>) {
        self.sources.count_as(number, others.len() + 1);
        self.peers = others;
    }

    /// A way to reach this loop from other threads, and from inside a handler.
    pub fn handle(&self) -> Handle<H::Command> {
        Handle::new(self.inbox.mailbox())
    }

    /// The handler.
    pub fn handler(&self) -> &H {
        &self.handler
    }

    /// The network.
    pub fn net(&self) -> &N {
        &self.net
    }

    /// Lets the handler record wishes outside an event, for example to start a connection before the loop runs.
    pub fn with_context<R>(&mut self, ask: impl FnOnce(&mut H, &mut Context<'_>) -> R) -> R {
        ask(&mut self.handler, &mut Context::new(self.now, &mut self.ops))
    }

    /// What has been counted so far.
    pub fn stats(&self) -> Stats {
        let newcomers = self.admission.newcomers();
        let posts_refused = self.inbox.refused();
        Stats {
            connections: self.sources.conn_count(),
            newcomers,
            timers: self.timers.len(),
            posts_refused,
            ..self.stats
        }
    }

    /// What the loop has counted and may have, and what its handler adds to it.
    pub fn measures(&self) -> Vec<Measure> {
        let mut measures = self.stats().measures();
        let places = "Connections that there may be at once";
        measures.push(Measure::gauge("loop_connections_max", places, self.limits.connections_max));
        self.handler.measure(&mut measures);
        measures
    }

    /// Turns until the loop is stopped, and gives the handler back: `serve_forever`.
    pub fn run(mut self) -> io::Result<H> {
        while self.turn()? == Flow::Continue {}
        Ok(self.handler)
    }

    /// Turns until something has happened, or `timeout` has passed, which [`Handler::handle_timeout`] is told:
    /// `handle_request`. Waking up for nothing does not count. On a network whose clock stands still it turns once.
    pub fn run_once(&mut self, timeout: Duration) -> io::Result<Flow> {
        let end = self.net.now() + timeout;
        loop {
            let before = self.net.now();
            let flow = self.turn_within(Some(end.since(before)))?;
            let now = self.net.now();
            if flow == Flow::Stopped || self.is_eventful || now == before {
                return Ok(flow);
            }
            if now >= end {
                self.handler.handle_timeout(&mut Context::new(self.now, &mut self.ops));
                self.settle();
                return Ok(self.end_of_turn());
            }
        }
    }

    /// One turn; waits in its poll for as long as nothing is due.
    pub fn turn(&mut self) -> io::Result<Flow> {
        self.turn_within(None)
    }

    fn turn_within(&mut self, patience: Option<Duration>) -> io::Result<Flow> {
        if self.is_stopped() {
            return Ok(Flow::Stopped);
        }
        self.poll(patience)?;
        self.now = self.net.now();
        self.stats.turns += 1;
        self.is_eventful = !self.ops.is_empty();
        self.open_mail();
        self.note_readiness();
        self.serve_ready_list();
        self.fire_timers();
        self.handler.service_actions(&mut Context::new(self.now, &mut self.ops));
        self.settle();
        Ok(self.end_of_turn())
    }

    fn poll(&mut self, patience: Option<Duration>) -> io::Result<()> {
        let timeout = match (self.timeout(), patience) {
            (Some(due), Some(patience)) => Some(due.min(patience)),
            (due, patience) => due.or(patience),
        };
        match self.net.poll(timeout, &mut self.polled) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            other => other,
        }
    }

    /// How long nothing needs doing: not at all while sources are ready, wishes open or ends not told, else until the next
    /// timer.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        let is_ready = !self.ready_list.is_empty() && !self.net.is_planted(Plant::LostWake);
        if is_ready || !self.ops.is_empty() || !self.dead.is_empty() || self.inbox.is_stopping() {
            return Some(Duration::ZERO);
        }
        self.timers.next().map(|at| at.since(self.net.now()))
    }

    fn open_mail(&mut self) {
        let mut mail = std::mem::take(&mut self.mail);
        let drain = self.inbox.open(&mut mail);
        self.is_eventful |= !mail.is_empty() || drain.is_some();
        for item in mail.drain(..) {
            match item {
                Item::Command(command) => {
                    self.handler.command(&mut Context::new(self.now, &mut self.ops), command);
                }
                Item::Publish(group, bytes) => {
                    self.handler.published(&mut Context::new(self.now, &mut self.ops), group, &bytes);
                    self.ops.push(Op::Publish { group, bytes, reach: Reach::Here });
                }
                Item::Measure(Answer(answer)) => answer(self.measures()),
            }
            self.apply_if_full();
        }
        self.mail = mail;
        if self.inbox.takes_call_left() {
            self.look_for_calls();
        }
        if let Some(deadline) = drain {
            self.ops.push(Op::Drain(deadline));
        }
    }

    fn fire_timers(&mut self) {
        let mut due = std::mem::take(&mut self.due);
        let early = if self.net.is_planted(Plant::TimerEarly) { EARLY } else { Duration::ZERO };
        self.timers.take_due(self.now + early, &mut due);
        for (at, timer) in due.drain(..) {
            match timer {
                Timer::Deadline(id) => self.check_deadline(id, at),
                Timer::Newcomers => self.check_newcomers(),
                Timer::Accept(id) => self.accept_is_due(id),
                Timer::Receive(id) => self.retry_receive(id),
                Timer::Datagrams(id) => self.retry_datagrams(id),
                Timer::User(_, tag) => {
                    self.is_eventful = true;
                    self.handler.timeout(&mut Context::new(self.now, &mut self.ops), tag);
                }
                Timer::DrainEnd => self.ops.push(Op::Stop),
            }
            self.apply_if_full();
        }
        self.due = due;
    }

    /// Carries out what was asked and finishes what died of it; then once more for what `finish` asked. What is
    /// asked after that waits for the next turn, so that a handler cannot hold the loop here.
    fn settle(&mut self) {
        for _ in 0..2 {
            self.apply();
            // Who is over is no newcomer any more, and must not cost another one its place.
            self.reap();
            self.evict_newcomers();
            self.reap();
        }
        self.forget_stale_deadlines();
    }

    fn end_of_turn(&mut self) -> Flow {
        let is_empty = self.sources.conn_count() == 0 && self.stats.datagrams_queued == 0;
        let is_drained = self.life == Life::Draining && is_empty;
        if is_drained || self.inbox.is_stopping() {
            self.life = Life::Stopped;
        }
        if !self.is_stopped() {
            return Flow::Continue;
        }
        self.inbox.close();
        self.close_everything();
        Flow::Stopped
    }

    pub(crate) fn stop(&mut self) {
        self.life = Life::Stopped;
    }

    /// Whether everything else can be left: somebody asked to stop at once.
    pub(crate) fn is_stopping(&self) -> bool {
        self.inbox.is_stopping()
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.life == Life::Stopped
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.life == Life::Draining
    }

    /// Says goodbye, then closes listeners at once and connections gracefully.
    pub(crate) fn begin_drain(&mut self, deadline: Duration) {
        if self.life != Life::Running {
            return;
        }
        self.life = Life::Draining;
        self.timers.set(self.now + deadline, Timer::DrainEnd);
        self.handler.draining(&mut Context::new(self.now, &mut self.ops));
        self.close_listeners();
        for id in self.sources.conn_ids() {
            self.ops.push(Op::Close(id));
        }
    }
}

/// How far a planted mistake goes.
const EARLY: Duration = Duration::from_millis(5);

/// Room for a rest with a read behind it, and for a datagram with the one byte more that tells that it is cut.
fn buffer_bytes(limits: &Limits) -> usize {
    REST_PREFIXED_MAX.saturating_add(limits.read_bytes).max(limits.datagram_bytes_max.saturating_add(1))
}
