//! How a program ends: one error, printed once as one line, and an exit code that says whose fault it was.
//!
//! Leaves usage errors of the command line itself to clap, which also exits with 2.
//!
//! A program's `main` is `run(|| ...)`. Inside, `?` works on any error: what is known of a fault by the
//! error's type is found by [`Fault::of`]; where only the place knows, it says so with [`Blame`]:
//!
//! ```
//! use anyhow::Context;
//! use switchboard::cli::exit::{Blame, Fault, Result};
//!
//! fn dial(address: &str) -> Result<std::net::TcpStream> {
//!     std::net::TcpStream::connect(address).context("calling").blame(Fault::Connection)
//! }
//! ```

use std::error::Error;
use std::io;
use std::process::{self, ExitCode};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use framing::{EncodeError, FrameError, SpecError};

use super::colour::{Colour, ERROR};
use super::notes;
use super::output::OutputError;
use super::terminal;
use crate::endpoint::{AdoptError, ParseEndpointError, ResolveError};
use crate::escape;
use crate::keyring::LoadError;

/// Runs a program and turns its end into an exit code, printing an error once.
pub fn run(main: impl FnOnce() -> Result<()>) -> ExitCode {
    let ended = main();
    let _ending = ENDING.begin();
    match finish(&ended) {
        None => ExitCode::SUCCESS,
        Some(fault) => ExitCode::from(fault as u8),
    }
}

/// Waits so long for the main thread to come to its end. If it does not, it is stuck, and the process ends without it.
pub fn abandon_after(patience: Duration, failure: Failure) {
    let Some(_ending) = ENDING.begin_unless_begun_within(patience) else { return };
    let fault = finish(&Err(failure));
    process::exit(fault.map_or(0, |fault| i32::from(fault as u8)));
}

/// What a program's functions return.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// Whose fault it is that a program ends early. The numbers are the exit codes, and a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Fault {
    /// None of the below: the disk, a limit of this machine, a bug.
    Other = 1,
    /// What was typed, or a file that was named, cannot be used.
    Usage = 2,
    /// One side could not prove who it is.
    Authentication = 3,
    /// No connection, or one that broke, be it inside a message; to try again makes sense.
    Connection = 4,
    /// What the peer said does not keep to the framing or the protocol.
    Protocol = 5,
    /// What arrived is not what was sent.
    Integrity = 6,
    /// Not finished; the same command again goes on from here.
    Incomplete = 7,
}

impl Fault {
    /// The fault that an error's type, or that of one of its causes, tells by itself.
    pub fn of(error: &anyhow::Error) -> Self {
        error.chain().find_map(known_fault).unwrap_or(Self::Other)
    }
}

/// The error that ends a program, with its fault. Made by `?` from any error, or by [`Blame`].
#[derive(Debug)]
pub struct Failure {
    fault: Fault,
    error: anyhow::Error,
}

impl Failure {
    /// A failure with a message of its own.
    pub fn new(fault: Fault, message: impl Into<String>) -> Self {
        Self { fault, error: anyhow::Error::msg(message.into()) }
    }

    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        self.fault
    }

    /// The message and its causes on one line, joined by `: `.
    pub fn message(&self) -> String {
        let mut message = String::new();
        for cause in self.error.chain().map(ToString::to_string) {
            // Some libraries repeat the cause in their own message; once is enough.
            if message.ends_with(&cause) {
                continue;
            }
            message.push_str(if message.is_empty() { "" } else { ": " });
            message.push_str(&cause);
        }
        let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
        escape::for_terminal(line.as_bytes()).into_owned() // it may quote what a peer sent
    }

    fn is_quiet_end(&self) -> bool {
        self.error.chain().any(|cause| matches!(cause.downcast_ref(), Some(OutputError::Closed)))
    }
}

// Like `anyhow::Error`, `Failure` is no `std::error::Error` itself: that is what makes `?` work on all others.
impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error = error.into();
        Self { fault: Fault::of(&error), error }
    }
}

/// Says whose fault an error is, where its type does not.
pub trait Blame<T> {
    /// Turns the error into a failure with this fault.
    fn blame(self, fault: Fault) -> Result<T>;
}

impl<T, E: Into<anyhow::Error>> Blame<T> for std::result::Result<T, E> {
    fn blame(self, fault: Fault) -> Result<T> {
        self.map_err(|error| Failure { fault, error: error.into() })
    }
}

/// Gives the terminal back and prints the failure, unless it is a quiet end. None of it waits for long.
fn finish(ended: &Result<()>) -> Option<Fault> {
    notes::flush(); // some of them may be on their way to the line editor
    terminal::restore();
    let failure = ended.as_ref().err().filter(|failure| !failure.is_quiet_end())?;
    let word = Colour::stderr().paint(ERROR, "error:");
    notes::say_last(format_args!("{word} {}", failure.message()));
    Some(failure.fault)
}

/// There is one end, and whoever begins it prints and exits alone.
static ENDING: Ending = Ending::new();

struct Ending {
    has_begun: Mutex<bool>,
    begun: Condvar,
}

impl Ending {
    const fn new() -> Ending {
        Ending { has_begun: Mutex::new(false), begun: Condvar::new() }
    }

    /// Begins the end, which lasts as long as what is returned.
    fn begin(&self) -> MutexGuard<'_, bool> {
        let mut has_begun = self.has_begun.lock().unwrap_or_else(PoisonError::into_inner);
        *has_begun = true;
        self.begun.notify_all();
        has_begun
    }

    /// The same for somebody who first waits for another to do it; `None` if that happened.
    fn begin_unless_begun_within(&self, patience: Duration) -> Option<MutexGuard<'_, bool>> {
        let has_begun = self.has_begun.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.begun.wait_timeout_while(has_begun, patience, |has_begun| !*has_begun);
        let (has_begun, _) = waited.unwrap_or_else(PoisonError::into_inner);
        (!*has_begun).then_some(has_begun)
    }
}

fn known_fault(cause: &(dyn Error + 'static)) -> Option<Fault> {
    if cause.is::<ParseEndpointError>() || cause.is::<AdoptError>() || is_of_usage(cause) {
        return Some(Fault::Usage);
    }
    if cause.is::<FrameError>() || cause.is::<EncodeError>() {
        return Some(Fault::Protocol);
    }
    if cause.is::<auth::Refused>() {
        return Some(Fault::Authentication);
    }
    if let Some(error) = cause.downcast_ref::<ResolveError>() {
        return Some(fault_of_resolve(error));
    }
    let error = cause.downcast_ref::<io::Error>()?;
    // What an `io::Error` wraps is not among its causes.
    let wrapped = error.get_ref().and_then(|wrapped| known_fault(wrapped));
    wrapped.or_else(|| fault_of_io(error.kind()))
}

fn is_of_usage(cause: &(dyn Error + 'static)) -> bool {
    cause.is::<SpecError>() || cause.is::<auth::PolicyError>() || cause.is::<LoadError>()
}

fn fault_of_resolve(error: &ResolveError) -> Fault {
    match error {
        ResolveError::Adopt(_) | ResolveError::Activation(_) => Fault::Usage,
        _ => Fault::Connection,
    }
}

/// Kinds that only a network gives. A missing file or a full disk is for the place to judge.
fn fault_of_io(kind: io::ErrorKind) -> Option<Fault> {
    use io::ErrorKind as Kind;
    match kind {
        Kind::ConnectionRefused
        | Kind::ConnectionReset
        | Kind::ConnectionAborted
        | Kind::NotConnected
        | Kind::BrokenPipe
        | Kind::AddrInUse
        | Kind::AddrNotAvailable
        | Kind::HostUnreachable
        | Kind::NetworkUnreachable
        | Kind::NetworkDown
        | Kind::TimedOut => Some(Fault::Connection),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    fn fails(error: impl Into<anyhow::Error>) -> Failure {
        Failure::from(error)
    }

    #[test]
    fn numbers_are_the_contract() {
        let numbers = [
            Fault::Other,
            Fault::Usage,
            Fault::Authentication,
            Fault::Connection,
            Fault::Protocol,
            Fault::Integrity,
            Fault::Incomplete,
        ];
        assert_eq!(numbers.map(|fault| fault as u8), [1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn causes_are_joined_on_one_line_and_said_once() {
        let cause = io::Error::new(io::ErrorKind::ConnectionRefused, "nobody\nlistens");
        let error = Err::<(), _>(cause).context("connect").context("calling tcp://127.0.0.1:1").unwrap_err();
        assert_eq!(fails(error).message(), "calling tcp://127.0.0.1:1: connect: nobody listens");

        let error = Err::<(), _>(io::Error::other("same")).context("outer: same").unwrap_err();
        assert_eq!(fails(error).message(), "outer: same");
    }

    #[test]
    fn the_type_of_an_error_tells_its_fault_through_any_context() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        let refused = Err::<(), _>(refused).context("calling").unwrap_err();
        assert_eq!(fails(refused).fault(), Fault::Connection);
        assert_eq!(fails(ParseEndpointError::NoPath).fault(), Fault::Usage);
        assert_eq!(fails(io::Error::other("disk")).fault(), Fault::Other);

        let negative = FrameError::Negative { declared: -2 };
        assert_eq!(fails(negative).fault(), Fault::Protocol);
        assert_eq!(fails(io::Error::new(io::ErrorKind::InvalidData, negative)).fault(), Fault::Protocol);
        assert_eq!(fails(auth::Refused::WrongProof).fault(), Fault::Authentication);
    }

    #[test]
    fn blame_overrides_what_the_type_says() {
        let result = Err::<(), _>(io::Error::from(io::ErrorKind::NotFound)).blame(Fault::Usage);
        assert_eq!(result.unwrap_err().fault(), Fault::Usage);
    }

    #[test]
    fn who_waits_for_the_end_takes_it_over_only_if_it_does_not_come() {
        let ending = Ending::new();
        assert!(ending.begin_unless_begun_within(Duration::ZERO).is_some(), "nobody has come");
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| ending.begin_unless_begun_within(Duration::from_hours(1)).is_none());
            drop(ending.begin());
            assert!(waits.join().unwrap());
        });
    }

    #[test]
    fn closed_stdout_is_a_quiet_success() {
        let closed = Err::<(), _>(OutputError::Closed).context("printing").unwrap_err();
        assert_eq!(run(|| Err(closed.into())), ExitCode::SUCCESS);
        assert!(!fails(io::Error::from(io::ErrorKind::BrokenPipe)).is_quiet_end());
    }
}
