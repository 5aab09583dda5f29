//! Scrapers and the loops they ask about: a request makes a round of questions to all loops, and when they have
//! answered, or have had long enough, whoever waits is told. What is asked and said is `http`'s and `text`'s.

use std::time::Duration;

use reactor::{Closed, ConnId, ConnMap, Context, Handle, Handler, Limits, Measure, Origin, Tag};

use super::http::{self, Asked, HEAD_BYTES_MAX};
use super::text;

/// The handler behind `--metrics`.
pub(super) struct Scrapes {
    program: &'static str,
    loops: Vec<Loop>,
    /// The way by which loops answer; there is none before anybody may ask.
    door: Option<Handle<Told>>,
    /// Whose request has been read: whatever they send after it is of no interest.
    heard: ConnMap<()>,
    /// Who waits for the end of the present round.
    waiting: Vec<(ConnId, Asked)>,
    round: u64,
}

/// One loop that is asked.
pub(super) struct Loop {
    ask: Box<dyn Fn(Answer) -> bool + Send>,
    /// What it said last: a loop that is late must not make its counters fall.
    said: Vec<Measure>,
    /// It was asked, and has not answered yet. Until it does it is not asked again.
    owes: bool,
}

type Answer = Box<dyn FnOnce(Vec<Measure>) + Send>;

/// What a loop says of itself.
pub(super) struct Told {
    place: usize,
    measures: Vec<Measure>,
}

impl Loop {
    /// The loop behind a handle.
    pub(super) fn behind<C: Send + 'static>(handle: Handle<C>) -> Loop {
        Loop::asked_by(move |answer| handle.measure(answer).is_ok())
    }

    /// A loop that is asked in this way, which says whether there will be an answer.
    pub(super) fn asked_by(ask: impl Fn(Answer) -> bool + Send + 'static) -> Loop {
        Loop { ask: Box::new(ask), said: Vec::new(), owes: false }
    }
}

impl Scrapes {
    pub(super) fn new(program: &'static str) -> Scrapes {
        let heard = ConnMap::new();
        Scrapes { program, loops: Vec::new(), door: None, heard, waiting: Vec::new(), round: 0 }
    }

    /// From now on these loops are asked, and answer through this door.
    pub(super) fn begin(&mut self, door: Handle<Told>, loops: Vec<Loop>) {
        self.door = Some(door);
        self.loops = loops;
    }

    /// Somebody wants to know; whoever else does meanwhile hears the same.
    fn enter(&mut self, cx: &mut Context<'_>, id: ConnId, asked: Asked) {
        cx.established(id);
        self.waiting.push((id, asked));
        if self.waiting.len() == 1 {
            self.ask_all(cx);
        }
    }

    fn ask_all(&mut self, cx: &mut Context<'_>) {
        for (place, one) in self.loops.iter_mut().enumerate().filter(|(_, one)| !one.owes) {
            let Some(door) = self.door.clone() else { return };
            // A door that is closed has nobody behind it who would want to know.
            let tell = move |measures| drop(door.post(Told { place, measures }));
            one.owes = (one.ask)(Box::new(tell));
        }
        self.round += 1;
        cx.set_timer(PATIENCE, Tag(self.round));
        self.answer_if_complete(cx);
    }

    fn answer_if_complete(&mut self, cx: &mut Context<'_>) {
        if !self.loops.iter().any(|one| one.owes) {
            self.answer_all(cx);
        }
    }

    /// Ends the round with what is known.
    fn answer_all(&mut self, cx: &mut Context<'_>) {
        if self.waiting.is_empty() {
            return;
        }
        let metrics = text::write(self.program, self.measures());
        for (id, asked) in self.waiting.drain(..) {
            cx.send(id, http::answer(asked, &metrics).as_bytes());
            cx.close(id);
        }
    }

    fn measures(&self) -> Vec<Measure> {
        let silent = self.loops.iter().filter(|one| one.owes).count();
        let mut measures = vec![
            Measure::gauge("loops", "Loops that serve", self.loops.len()),
            Measure::gauge("loops_silent", "Loops that did not say in time how they are", silent),
        ];
        measures.extend(text::sum(self.loops.iter().map(|one| &one.said[..])));
        measures
    }
}

impl Handler for Scrapes {
    type Command = Told;

    /// Nothing: until a request is whole its sender is a newcomer, with the deadline and the number of those.
    fn setup(&mut self, _: &mut Context<'_>, _: ConnId, _: Origin<'_>) {}

    fn handle(&mut self, cx: &mut Context<'_>, id: ConnId, input: &[u8]) -> usize {
        if self.heard.get(id).is_some() {
            return input.len();
        }
        match http::read(input) {
            Ok(None) => return 0,
            Ok(Some(asked)) => self.enter(cx, id, asked),
            Err(refusal) => {
                cx.send(id, http::refuse(refusal).as_bytes());
                cx.close(id);
            }
        }
        self.heard.insert(id, ());
        input.len()
    }

    /// Who has asked may end its side, and is answered all the same.
    fn end_of_input(&mut self, cx: &mut Context<'_>, id: ConnId, _: &[u8]) {
        if self.heard.get(id).is_none() {
            cx.close(id);
        }
    }

    fn command(&mut self, cx: &mut Context<'_>, told: Told) {
        let Some(one) = self.loops.get_mut(told.place) else { return };
        one.said = told.measures;
        one.owes = false;
        self.answer_if_complete(cx);
    }

    fn timeout(&mut self, cx: &mut Context<'_>, Tag(round): Tag) {
        if round == self.round {
            self.answer_all(cx);
        }
    }

    fn finish(&mut self, _: &mut Context<'_>, id: ConnId, _: Closed) {
        self.heard.remove(id);
        self.waiting.retain(|(waiting, _)| *waiting != id);
    }
}

/// For all loops to say how they are. A turn takes milliseconds; scrapers wait ten seconds.
const PATIENCE: Duration = Duration::from_secs(1);

/// What scrapers may have: one or two come every few seconds, so a crowd of them is a mistake or worse.
pub(super) fn limits() -> Limits {
    Limits {
        connections_max: 64,
        // For one over it the oldest leaves: who stalls does not keep the others out.
        newcomers_max: 32,
        handshake_timeout: DEADLINE,
        flush_timeout: DEADLINE,
        stall_timeout: DEADLINE,
        life_timeout: Some(2 * DEADLINE),
        read_bytes: 4 * 1024,
        // A head that is too long is told so, which takes one read more than it may have.
        untaken_bytes_max: HEAD_BYTES_MAX + 4 * 1024,
        outbound_hard: 1 << 20,
        ..Limits::default()
    }
}

/// For a request to be whole, and again for its answer to be taken.
const DEADLINE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
