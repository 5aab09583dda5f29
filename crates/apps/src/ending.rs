//! How a program over a session ends: when it is told to by a signal, and by whose fault a conversation was lost.
//!
//! Leaves signals themselves to `cli::signals`, printing and exit codes to `cli::exit`.

use std::time::Duration;

use auth::ChannelError;
use framing::FrameError;
use reactor::{Closed, Handler, Reactor, Signal, Signals, Workers};

use crate::cli::exit::{Failure, Fault, Result};
use crate::cli::signals::{self, Guard};
use crate::session::Ended;

/// Ctrl-C or SIGTERM: the first drains this loop, the second stops it at once. A program that does not come to its end
/// then, because whoever reads our stdout does not, is ended where it is. To be called before the line that scripts
/// wait for: after it they may interrupt us.
pub fn obey_signals<H: Handler>(reactor: &mut Reactor<H>) -> Result<()> {
    obey(reactor, &signals::ENDING)
}

/// The same for a server, which may have more signals to hear.
pub fn obey<H: Handler>(reactor: &mut Reactor<H>, signals: &[Signal]) -> Result<()> {
    Ok(reactor.obey(catch(signals)?, DRAIN_TIMEOUT)?)
}

/// The same for several loops, whose program says itself how long it may have to wait for others: until it drops the
/// guard.
pub fn obey_together<H>(workers: &mut Workers<H>, signals: &[Signal]) -> Result<Guard>
where
    H: Handler<Command: 'static> + Send + 'static,
{
    let guard = Guard::post(DRAIN_TIMEOUT)?;
    workers.obey(signals, DRAIN_TIMEOUT)?;
    Ok(guard)
}

/// Catches signals for a loop that is not there yet.
pub fn catch(signals: &[Signal]) -> Result<Signals> {
    Ok(signals::catch(signals, DRAIN_TIMEOUT)?)
}

/// Whose fault an end is; `None` if nothing was lost.
///
/// What came and was wrong is the protocol's fault, what never came is the connection's: a peer that was killed inside a
/// message, or before it could seal its goodbye, is as worth another call as one that was killed between two messages.
pub fn fault_of(ended: &Ended) -> Option<Fault> {
    match ended {
        Ended::Well => None,
        Ended::Refused(_) | Ended::CutInHandshake(_) => Some(Fault::Authentication),
        Ended::Sealing(ChannelError::Forged) => Some(Fault::Integrity),
        Ended::Frame(FrameError::Truncated { .. }) | Ended::Sealing(ChannelError::Truncated { .. }) => {
            Some(Fault::Connection)
        }
        Ended::Frame(_) | Ended::Sealing(_) => Some(Fault::Protocol),
        // It was us, told to by a second signal.
        Ended::Lost(Closed::Stopped) | Ended::NoRandomness(_) => Some(Fault::Other),
        Ended::Lost(_) => Some(Fault::Connection),
    }
}

/// What a caller ends with after such an end.
pub fn outcome_of(ended: &Ended) -> Result<()> {
    match fault_of(ended) {
        None => Ok(()),
        Some(fault) => Err(Failure::new(fault, ended.to_string())),
    }
}

/// For peers to take what was said before we go: longer than any of them needs, shorter than people wait.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use std::io;

    use auth::Refused;
    use reactor::Deadline;

    use super::*;

    #[test]
    fn each_end_has_its_exit_code() {
        let reset = || Closed::Failed(io::ErrorKind::ConnectionReset.into());
        let negative = FrameError::Negative { declared: -2 };
        let ends = [
            (Ended::Well, None),
            (Ended::Refused(Refused::HungUp { have: 0 }), Some(Fault::Authentication)),
            (Ended::CutInHandshake(reset()), Some(Fault::Authentication)),
            (Ended::Frame(negative), Some(Fault::Protocol)),
            (Ended::Frame(FrameError::Truncated { have: 3, at_least: 1 }), Some(Fault::Connection)),
            (Ended::Sealing(ChannelError::AfterClose { bytes: 1 }), Some(Fault::Protocol)),
            (Ended::Sealing(ChannelError::Truncated { have: 3 }), Some(Fault::Connection)),
            (Ended::Sealing(ChannelError::Forged), Some(Fault::Integrity)),
            (Ended::Lost(reset()), Some(Fault::Connection)),
            (Ended::Lost(Closed::TimedOut(Deadline::Stall)), Some(Fault::Connection)),
            (Ended::Lost(Closed::Stopped), Some(Fault::Other)),
        ];
        for (ended, fault) in ends {
            assert_eq!(fault_of(&ended), fault, "{ended}");
            assert_eq!(outcome_of(&ended).err().map(|failure| failure.fault()), fault, "{ended}");
        }
    }
}
