//! What goes wrong in a simulated network: how often it is to happen, and how often it has.

use std::io;
use std::time::Duration;

use super::state::State;

/// Probabilities, each for one operation, between 0 and 1.
#[derive(Clone, Debug)]
pub struct Faults {
    /// A read gives less than is there.
    pub short_reads: f64,
    /// A write takes less than it could.
    pub short_writes: f64,
    /// A read or write says `WouldBlock` although it need not; an edge follows later.
    pub would_blocks: f64,
    /// A read or write finds that the connection was reset, and everything on its way is lost.
    pub resets: f64,
    /// A write fails, and not because of the peer: the system lacks something. The peer sees an end like any other, so
    /// this is no part of a [rough](Faults::rough) day.
    pub write_errors: f64,
    /// A signal interrupts a call, which is to be made again. No part of a rough day: kernels hardly do it to sockets that
    /// never wait.
    pub interruptions: f64,
    /// `accept` fails: half of the time the caller is gone, else the host is out of descriptors for the moment.
    pub accept_errors: f64,
    /// A call is refused.
    pub refusals: f64,
    /// There is no room for a datagram although there need not be none; half of the time an edge follows later, as on
    /// a full socket, else none does, as on a full interface.
    pub datagram_refusals: f64,
    /// Receiving fails, whether or not a datagram waits, which then goes on waiting. No part of a rough day either.
    pub receive_errors: f64,
    /// A datagram is lost.
    pub losses: f64,
    /// A datagram comes twice.
    pub doubles: f64,
    /// The clock leaps ahead, as it does for a machine that was suspended: everything that was due comes late, and at
    /// once.
    pub clock_steps: f64,
    /// How far it leaps at most.
    pub clock_step_max: Duration,
    /// How long anything may be on its way; drawn anew for each piece. Datagrams overtake each other, the bytes
    /// of a stream do not.
    pub delay_max: Duration,
    /// How many bytes the way to a reader holds; drawn anew for each direction of a connection, at least 1.
    pub window_max: usize,
}

impl Faults {
    /// Nothing goes wrong, nothing takes time.
    pub fn none() -> Faults {
        Faults {
            short_reads: 0.0,
            short_writes: 0.0,
            would_blocks: 0.0,
            resets: 0.0,
            write_errors: 0.0,
            interruptions: 0.0,
            accept_errors: 0.0,
            refusals: 0.0,
            datagram_refusals: 0.0,
            receive_errors: 0.0,
            losses: 0.0,
            doubles: 0.0,
            clock_steps: 0.0,
            clock_step_max: Duration::ZERO,
            delay_max: Duration::ZERO,
            window_max: 64 * 1024,
        }
    }

    /// A bad day: what a network does happens often enough to meet everything else.
    pub fn rough() -> Faults {
        Faults {
            short_reads: 0.3,
            short_writes: 0.3,
            would_blocks: 0.1,
            resets: 0.002,
            write_errors: 0.0,
            interruptions: 0.0,
            accept_errors: 0.1,
            refusals: 0.02,
            datagram_refusals: 0.1,
            receive_errors: 0.0,
            losses: 0.05,
            doubles: 0.02,
            clock_steps: 0.01,
            clock_step_max: Duration::from_secs(1),
            delay_max: Duration::from_millis(20),
            window_max: 4096,
        }
    }
}

/// Something that can go wrong, by which [`World::happened`](super::World::happened) is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is a field of `Faults`, or said below")]
pub enum Fault {
    ShortRead,
    ShortWrite,
    WouldBlock,
    Reset,
    WriteError,
    Interruption,
    AcceptError,
    Refusal,
    DatagramRefusal,
    ReceiveError,
    Loss,
    Double,
    ClockStep,
    /// Something was on its way for some time.
    Delay,
    /// A datagram came before one that was sent earlier.
    Overtaking,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 15] = [
        Fault::ShortRead,
        Fault::ShortWrite,
        Fault::WouldBlock,
        Fault::Reset,
        Fault::WriteError,
        Fault::Interruption,
        Fault::AcceptError,
        Fault::Refusal,
        Fault::DatagramRefusal,
        Fault::ReceiveError,
        Fault::Loss,
        Fault::Double,
        Fault::ClockStep,
        Fault::Delay,
        Fault::Overtaking,
    ];
}

impl Faults {
    /// How probable a fault is that is drawn for one operation. The last two are not: they follow from the delays.
    fn chance_of(&self, fault: Fault) -> f64 {
        match fault {
            Fault::ShortRead => self.short_reads,
            Fault::ShortWrite => self.short_writes,
            Fault::WouldBlock => self.would_blocks,
            Fault::Reset => self.resets,
            Fault::WriteError => self.write_errors,
            Fault::Interruption => self.interruptions,
            Fault::AcceptError => self.accept_errors,
            Fault::Refusal => self.refusals,
            Fault::DatagramRefusal => self.datagram_refusals,
            Fault::ReceiveError => self.receive_errors,
            Fault::Loss => self.losses,
            Fault::Double => self.doubles,
            Fault::ClockStep => self.clock_steps,
            Fault::Delay | Fault::Overtaking => 0.0,
        }
    }
}

/// How often each fault has happened.
#[derive(Debug, Default)]
pub(super) struct Happened([u64; Fault::ALL.len()]);

impl Happened {
    pub(super) fn count(&mut self, fault: Fault) {
        self.0[fault as usize] += 1;
    }

    pub(super) fn of(&self, fault: Fault) -> u64 {
        self.0[fault as usize]
    }
}

impl State {
    /// Whether this fault happens now.
    pub(super) fn draw(&mut self, fault: Fault) -> bool {
        let happens = self.rng.chance(self.faults.chance_of(fault));
        if happens {
            self.happened.count(fault);
        }
        happens
    }

    /// The same for what is no part of a rough day: it takes nothing from the seed where nobody has asked for it.
    pub(super) fn draw_if_asked(&mut self, fault: Fault) -> bool {
        self.faults.chance_of(fault) > 0.0 && self.draw(fault)
    }

    pub(super) fn draw_interruption(&mut self) -> io::Result<()> {
        if self.draw_if_asked(Fault::Interruption) { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
    }
}
