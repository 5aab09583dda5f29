//! One connection of our own that is to stand: called again when nobody answers or when it is lost, a little later
//! each time. A pure state machine: doing what it says is left to the handler that owns it.

use std::time::Duration;

use crate::address::Address;
use crate::backoff::{Backoff, BackoffLimits};
use crate::ids::ConnId;
use crate::rng::Rng;
use crate::time::Time;

/// Keeps one connection standing: never two of them, and never without one for longer than it must.
///
/// It is told what happened by the `handle_*` methods, each from the hook of the same meaning, and answers with the
/// [`Step`] that is to follow. Whatever comes too late is ignored.
///
/// ```text
///              dial           found                  setup
///    (idle) ---------> LookUp ------> Connect -----------------> (stands)
///                        ^  |            |                          |
///                timeout |  | nothing    | unreachable              | finish
///                        |  v            v                          |
///                        +-- Wait <------+--------------------------+
/// ```
///
/// ```
/// use switchboard_reactor::{Address, BackoffLimits, Dialer, Step, Time};
///
/// let server: Address = "tcp://127.0.0.1:9000".parse()?;
/// let mut dialer = Dialer::new(BackoffLimits::default(), 7); // a seed from wherever you have random bits
/// assert_eq!(dialer.dial(), Some(Step::LookUp));
/// // The answer may come at once, or later from a `Resolver`.
/// let step = dialer.handle_found(Time::ZERO, vec![server.clone()]);
/// assert_eq!(step, Some(Step::Connect(vec![server])));
/// let Some(Step::Wait(wait)) = dialer.handle_unreachable(Time::ZERO) else { panic!() };
/// assert_eq!(dialer.handle_timeout(Time::ZERO + wait), Some(Step::LookUp));
/// # Ok::<(), switchboard_reactor::ParseAddressError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Dialer {
    /// Where to call, if that never changes.
    addresses: Vec<Address>,
    backoff: Backoff,
    rng: Rng,
    state: State,
    /// Whether the connection is wanted at all. While it is not, nothing new begins; what has begun comes to its end.
    is_wanted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    LookingUp,
    Connecting,
    Standing(ConnId),
    WaitingUntil(Time),
}

/// What is to be done for a [`Dialer`]. [`Context::follow`](crate::Context::follow) does all of it but the look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Find out where to call, without waiting, and tell [`Dialer::handle_found`]. It is asked anew for each attempt,
    /// as who is called may have moved.
    LookUp,
    /// Call these addresses: [`Context::connect_any`](crate::Context::connect_any).
    Connect(Vec<Address>),
    /// Call [`Dialer::handle_timeout`] after so long: [`Context::set_timer`](crate::Context::set_timer).
    Wait(Duration),
    /// Close this connection, it is not wanted: [`Context::close`](crate::Context::close).
    HangUp(ConnId),
}

impl Dialer {
    /// A dialer at rest, which asks anew for each attempt where to call. The seed spreads its waits: a crowd of
    /// dialers should have as many seeds.
    pub fn new(limits: BackoffLimits, seed: u64) -> Dialer {
        Dialer::to(Vec::new(), limits, seed)
    }

    /// The same for addresses that never change, tried in order: there is no [`Step::LookUp`].
    pub fn to(addresses: Vec<Address>, limits: BackoffLimits, seed: u64) -> Dialer {
        let (backoff, rng) = (Backoff::new(limits), Rng::new(seed));
        Dialer { addresses, backoff, rng, state: State::Idle, is_wanted: false }
    }

    /// The connection is wanted from now on. What is under way already goes on.
    pub fn dial(&mut self) -> Option<Step> {
        self.is_wanted = true;
        (self.state == State::Idle).then(|| self.attempt())
    }

    /// The connection is not wanted any more. A call that is on its way is hung up when it is answered.
    pub fn give_up(&mut self) -> Option<Step> {
        self.is_wanted = false;
        match self.state {
            State::Standing(id) => Some(Step::HangUp(id)),
            _ => None,
        }
    }

    /// The connection that stands, if one does.
    pub fn connection(&self) -> Option<ConnId> {
        match self.state {
            State::Standing(id) => Some(id),
            _ => None,
        }
    }

    /// Attempts in a row that came to nothing, or to nothing lasting.
    pub fn failures(&self) -> u32 {
        self.backoff.failures()
    }

    /// The answer to [`Step::LookUp`]; empty when nothing was found.
    pub fn handle_found(&mut self, now: Time, addresses: Vec<Address>) -> Option<Step> {
        if self.state != State::LookingUp {
            return None;
        }
        if addresses.is_empty() || !self.is_wanted {
            return self.fail(now);
        }
        Some(self.connect(addresses))
    }

    /// [`Handler::setup`](crate::Handler::setup): the call was answered.
    pub fn handle_connected(&mut self, now: Time, id: ConnId) -> Option<Step> {
        if self.state != State::Connecting {
            return None;
        }
        self.state = State::Standing(id);
        self.backoff.stand(now);
        (!self.is_wanted).then_some(Step::HangUp(id))
    }

    /// [`Handler::unreachable`](crate::Handler::unreachable): nobody answered.
    pub fn handle_unreachable(&mut self, now: Time) -> Option<Step> {
        if self.state == State::Connecting { self.fail(now) } else { None }
    }

    /// [`Handler::finish`](crate::Handler::finish): this connection is over.
    pub fn handle_lost(&mut self, now: Time, id: ConnId) -> Option<Step> {
        if self.state == State::Standing(id) { self.fail(now) } else { None }
    }

    /// [`Handler::timeout`](crate::Handler::timeout): a wait is over.
    pub fn handle_timeout(&mut self, now: Time) -> Option<Step> {
        match self.state {
            State::WaitingUntil(due) if now >= due && self.is_wanted => Some(self.attempt()),
            State::WaitingUntil(due) if now >= due => {
                self.state = State::Idle;
                None
            }
            _ => None,
        }
    }

    fn attempt(&mut self) -> Step {
        if self.addresses.is_empty() {
            self.state = State::LookingUp;
            return Step::LookUp;
        }
        self.connect(self.addresses.clone())
    }

    fn connect(&mut self, addresses: Vec<Address>) -> Step {
        self.state = State::Connecting;
        Step::Connect(addresses)
    }

    /// An attempt, or what became of it, is over.
    fn fail(&mut self, now: Time) -> Option<Step> {
        if !self.is_wanted {
            self.state = State::Idle;
            return None;
        }
        let wait = self.backoff.fail(now, self.rng.next_u64());
        self.state = State::WaitingUntil(now + wait);
        Some(Step::Wait(wait))
    }
}
