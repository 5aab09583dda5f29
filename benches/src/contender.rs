//! What can be measured: one piece of work that can be repeated, by us or by a peer.

use std::hint::black_box;

/// Somebody who does the work of a contest.
pub trait Contender {
    /// As it is called in the tables.
    fn name(&self) -> &'static str;

    /// Makes ready for one pass; not measured.
    fn prepare(&mut self) {}

    /// Does all of the work once, and says how many messages it saw.
    fn pass(&mut self) -> usize;
}

/// Contenders over the same bytes. The first one is what the others are compared with.
pub struct Contest {
    /// What is measured, on one line.
    pub title: String,
    /// How many messages a pass has: every contender has to find that many.
    pub messages: usize,
    /// At least one.
    pub contenders: Vec<Box<dyn Contender>>,
}

/// One pass. Never inlined, so that it can be found by its name: instructions are counted inside of it only.
#[inline(never)]
pub fn measured_pass(contender: &mut dyn Contender) -> usize {
    black_box(contender.pass())
}
