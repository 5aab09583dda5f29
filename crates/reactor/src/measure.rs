//! Numbers with their names: what a loop and its handler can be asked for, in one form for all of them.
//! What is counted is each part's own; showing it is the program's.

/// One number, and all that is needed to show it to somebody who does not know this code.
///
/// Several loops' measures of the same name and label are added: counters and gauges alike are sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// What is measured, in lower case with underscores; without its unit.
    pub name: &'static str,
    /// One sentence about it.
    pub help: &'static str,
    /// Whether it only grows.
    pub kind: Kind,
    /// What it counts.
    pub unit: Unit,
    /// Which part of the whole it is, where the name is shared: a label and its value.
    pub label: Option<(&'static str, &'static str)>,
    /// The number.
    pub value: u64,
}

/// How a number moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows: what happened since the loop began.
    Counter,
    /// It goes up and down: how things are now.
    Gauge,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things or events, as the name says.
    Count,
    /// Bytes.
    Bytes,
}

impl Measure {
    /// Something that happened so many times.
    pub const fn counter(name: &'static str, help: &'static str, value: u64) -> Measure {
        Measure { name, help, kind: Kind::Counter, unit: Unit::Count, label: None, value }
    }

    /// Something of which there are so many now.
    pub const fn gauge(name: &'static str, help: &'static str, value: usize) -> Measure {
        // No machine counts what does not fit 64 bits.
        Measure { kind: Kind::Gauge, ..Measure::counter(name, help, value as u64) }
    }

    /// The same, counted in bytes.
    #[must_use]
    pub const fn bytes(self) -> Measure {
        Measure { unit: Unit::Bytes, ..self }
    }

    /// The same, as one part of several of that name.
    #[must_use]
    pub const fn labelled(self, label: &'static str, value: &'static str) -> Measure {
        Measure { label: Some((label, value)), ..self }
    }
}
