//! The one shape of every dialect: bytes in, bytes out, and at the end a proof. The messages
//! themselves are left to each dialect's module.

#[cfg(feature = "noise")]
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::mutual::Mutual;
#[cfg(feature = "noise")]
use crate::noise::{Channel, Noise};
use crate::policy::Terms;
use crate::python::Python;
use crate::tutorial::Tutorial;
use crate::{Dialect, Entropy, Refused};

/// One handshake of one side. Advancing it uses it up, so what has ended cannot be driven again:
///
/// ```compile_fail,E0382
/// # use switchboard_auth::Handshake;
/// fn twice(handshake: Handshake) {
///     let _ = handshake.advance(b"a wrong answer", &mut Vec::new());
///     let _ = handshake.advance(b"another guess", &mut Vec::new());
/// }
/// ```
pub struct Handshake {
    terms: Arc<Terms>,
    state: State,
}

/// How far a handshake came.
#[derive(Debug)]
#[must_use]
pub enum Progress {
    /// The peer's next message has not come in full.
    Pending {
        /// The handshake to go on with.
        next: Handshake,
        /// How many bytes of the input are done with; the rest must be presented again.
        consumed: usize,
    },
    /// The handshake is over, and well.
    Done {
        /// What it was for.
        proof: Authenticated,
        /// How many bytes of the input are done with; the rest is the peer's first message.
        consumed: usize,
    },
}

impl Handshake {
    pub(crate) fn accept(terms: Arc<Terms>, entropy: Entropy) -> Handshake {
        let state = match terms.dialect {
            Dialect::Tutorial => State::Tutorial(Tutorial::server(entropy)),
            Dialect::Mutual => State::Mutual(Mutual::server(entropy)),
            Dialect::Python => State::Python(Python::server(entropy)),
            Dialect::None => State::Open,
            #[cfg(feature = "noise")]
            Dialect::Noise => State::Noise(Noise::server(entropy)),
            #[cfg(not(feature = "noise"))]
            Dialect::Noise => unreachable!("no policy is made for it"),
        };
        Handshake { terms, state }
    }

    pub(crate) fn call(terms: Arc<Terms>, entropy: Entropy) -> Handshake {
        let state = match terms.dialect {
            Dialect::Tutorial => State::Tutorial(Tutorial::client()),
            Dialect::Mutual => State::Mutual(Mutual::client(entropy)),
            Dialect::Python => State::Python(Python::client(entropy, terms.client_key().key())),
            Dialect::None => State::Open,
            #[cfg(feature = "noise")]
            Dialect::Noise => State::Noise(Noise::client(entropy)),
            #[cfg(not(feature = "noise"))]
            Dialect::Noise => unreachable!("no policy is made for it"),
        };
        Handshake { terms, state }
    }

    /// Takes what the peer has sent and not yet been consumed, and appends what is to be sent.
    ///
    /// The first call is made with no input, so that the side that speaks first can speak. On an error
    /// nothing is appended.
    ///
    /// However the input is cut, the result is the same. Only whether a peer of `mutual` waited for its
    /// accept is seen by what lies behind its response when that is shown: right behind it is too early,
    /// while what is shown once the accept has been appended is the first message.
    pub fn advance(self, input: &[u8], out: &mut Vec<u8>) -> Result<Progress, Refused> {
        let length_before = out.len();
        self.run(input, out).inspect_err(|_| out.truncate(length_before))
    }

    /// The stream ended here, with `rest` not consumed: the error to report.
    pub fn finish(self, rest: &[u8]) -> Refused {
        Refused::HungUp { have: rest.len() }
    }

    /// How many bytes the peer may still send until the handshake is over.
    pub fn bytes_max(&self) -> usize {
        match &self.state {
            State::Open => 0,
            State::Tutorial(machine) => machine.bytes_max(),
            State::Mutual(machine) => machine.bytes_max(),
            State::Python(machine) => machine.bytes_max(),
            #[cfg(feature = "noise")]
            State::Noise(machine) => machine.bytes_max(),
        }
    }

    /// Steps for as long as a whole message is there.
    fn run(self, input: &[u8], out: &mut Vec<u8>) -> Result<Progress, Refused> {
        let Handshake { terms, mut state } = self;
        let mut consumed = 0;
        loop {
            match state.step(&terms, &input[consumed..], out)? {
                Step::Wait(state) => {
                    return Ok(Progress::Pending { next: Handshake { terms, state }, consumed });
                }
                Step::Next { state: next, consumed: bytes } => {
                    state = next;
                    consumed += bytes;
                }
                Step::Proven { caller, consumed: bytes } => {
                    let proof = Authenticated::new(terms.dialect, caller);
                    return Ok(Progress::Done { proof, consumed: consumed + bytes });
                }
                #[cfg(feature = "noise")]
                Step::Encrypted { caller, channel, consumed: bytes } => {
                    let mut proof = Authenticated::new(terms.dialect, Some(caller));
                    proof.channel = Some(channel);
                    return Ok(Progress::Done { proof, consumed: consumed + bytes });
                }
            }
        }
    }
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake").field("dialect", &self.terms.dialect).finish_non_exhaustive()
    }
}

/// Where a handshake stands, in its own dialect.
enum State {
    /// The dialect `none`: the door is open.
    Open,
    Tutorial(Tutorial),
    Mutual(Mutual),
    Python(Python),
    #[cfg(feature = "noise")]
    Noise(Noise),
}

impl State {
    fn step(self, terms: &Terms, input: &[u8], out: &mut Vec<u8>) -> Result<Step<State>, Refused> {
        match self {
            State::Open => Ok(Step::Proven { caller: None, consumed: 0 }),
            State::Tutorial(machine) => Ok(machine.step(terms, input, out)?.map(State::Tutorial)),
            State::Mutual(machine) => Ok(machine.step(terms, input, out)?.map(State::Mutual)),
            State::Python(machine) => Ok(machine.step(terms, input, out)?.map(State::Python)),
            #[cfg(feature = "noise")]
            State::Noise(machine) => Ok(machine.step(terms, input, out)?.map(State::Noise)),
        }
    }
}

/// What one step of a dialect's machine came to.
pub(crate) enum Step<S> {
    /// The next message is not complete.
    Wait(S),
    /// Something was said or understood; the machine may be able to go on at once.
    Next { state: S, consumed: usize },
    /// The peer is who it should be.
    Proven { caller: Option<Arc<str>>, consumed: usize },
    /// The same, and what follows is encrypted.
    #[cfg(feature = "noise")]
    Encrypted { caller: Arc<str>, channel: Box<Channel>, consumed: usize },
}

impl<S> Step<S> {
    fn map<T>(self, wrap: impl FnOnce(S) -> T) -> Step<T> {
        match self {
            Step::Wait(state) => Step::Wait(wrap(state)),
            Step::Next { state, consumed } => Step::Next { state: wrap(state), consumed },
            Step::Proven { caller, consumed } => Step::Proven { caller, consumed },
            #[cfg(feature = "noise")]
            Step::Encrypted { caller, channel, consumed } => Step::Encrypted { caller, channel, consumed },
        }
    }
}

/// The proof that a handshake ended well. Nothing else makes one.
///
/// ```compile_fail,E0451
/// # use switchboard_auth::{Authenticated, Dialect};
/// let forged = Authenticated { dialect: Dialect::None, caller: None };
/// ```
#[derive(Debug)]
pub struct Authenticated {
    dialect: Dialect,
    caller: Option<Arc<str>>,
    #[cfg(feature = "noise")]
    channel: Option<Box<Channel>>,
}

impl Authenticated {
    fn new(dialect: Dialect, caller: Option<Arc<str>>) -> Authenticated {
        Authenticated {
            dialect,
            caller,
            #[cfg(feature = "noise")]
            channel: None,
        }
    }

    /// What every later byte in either direction has to go through: there is one after `noise`, and
    /// it is handed out once. Whoever leaves it here and speaks on in the clear gives away what it
    /// says, and hears nothing that the peer would call an answer.
    #[cfg(feature = "noise")]
    pub fn take_channel(&mut self) -> Option<Box<Channel>> {
        self.channel.take()
    }

    /// By which dialect. After `none` nothing at all is proved.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The name of the key that was proved: for a server its caller's, for a client its own.
    pub fn caller(&self) -> Option<&str> {
        self.caller.as_deref()
    }

    /// Whether the peer proved itself to us as we did to it. After `tutorial`, a server knows its
    /// client, but the client knows nothing of the server.
    pub fn is_mutual(&self) -> bool {
        self.dialect.is_mutual()
    }
}

/// How long a whole handshake may take, counted from the connection and not from the last byte:
/// two round trips across the world and a retransmission fit in, and a silent peer holds its place
/// no longer.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
