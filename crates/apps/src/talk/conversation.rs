//! Conversations over streams, one at a time, as a pure state machine: what happens goes in through `handle_*`,
//! what is to be done about it comes out of `next_action`.
//!
//! It knows no socket, terminal or clock; `stream` has those. Datagrams are `letters`'s.
//!
//! ```text
//!   Waiting --open--> Talking --either side hangs up--> Leaving --close--> Waiting (a listener's next caller)
//!                        |                                          \----> Over (a caller, or `--once`)
//!                        '--connection lost--close--> the same
//! ```

use std::collections::VecDeque;
use std::mem;

use reactor::Pressure;

use super::quit::QuitWord;
use super::seam::Seam;
use crate::cli::exit::Result;
use crate::ending::{fault_of, outcome_of};
use crate::session::Ended;

/// All conversations of one run of the program.
#[derive(Debug)]
pub(super) struct Conversations {
    /// What follows the end of a conversation.
    then: Then,
    quit: QuitWord,
    boundaries: Boundaries,
    stage: Stage,
    /// Where what was shown of the peer ends, if it may end inside a character.
    seam: Seam,
    /// The number of the pause after which the seam is given up; 0 before the first.
    seam_pause: u64,
    /// Lines that were typed while nobody could hear them, for the next who can.
    held: VecDeque<Vec<u8>>,
    /// Nothing more will be typed.
    is_typing_over: bool,
    actions: VecDeque<Action>,
    /// The number of the last pause that was asked for.
    pauses: u64,
}

/// What follows a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// The next caller.
    Next,
    /// The end of the program.
    End,
}

/// Whether the peer can tell where a message ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Boundaries {
    /// Each message arrives as it was sent.
    Kept,
    /// Bytes sent together may arrive as one: `raw`.
    Lost,
}

/// What is to be done, in this order.
#[derive(Debug)]
pub(super) enum Action {
    /// Print a message of the peer.
    Show(Vec<u8>),
    /// Print what came from the peer, which may end with a newline of its own.
    ShowLine(Vec<u8>),
    /// Tell the person something.
    Note(String),
    /// Send a message. If the framing refuses it, that is for the person to know.
    Send(Vec<u8>),
    /// Send the quit word. If the framing refuses it, hanging up has to say it all.
    SendQuit,
    /// End our side only.
    EndSending,
    /// End the conversation, after what was sent.
    HangUp,
    /// Call `handle_pause_over` with this number, after so long.
    Pause(u64, Pause),
    /// End the program.
    End(Result<()>),
}

/// Why something is put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pause {
    /// So that the quit word arrives by itself where messages have no boundaries.
    BeforeQuit,
    /// For lines that still come from our side, after the peer ended its own.
    ForMoreLines,
    /// For the rest of a character that a read cut in two.
    ForCharacter,
}

#[derive(Debug)]
enum Stage {
    Waiting,
    Talking(Talking),
    /// Hung up; only `close` is to come. Keeps who it was, and by whom it ended.
    Leaving(String, HungUpBy),
    Over,
}

#[derive(Debug)]
struct Talking {
    peer: String,
    /// Something was sent that the quit word could melt into.
    has_spoken: bool,
    has_peer_ended: bool,
    /// Too much waits for the peer already.
    is_pressed: bool,
    /// The pause that counts; others are stale.
    pause: Option<(u64, Pause)>,
}

impl Talking {
    /// Whether the quit word was typed, and is about to be sent.
    fn is_quitting(&self) -> bool {
        matches!(self.pause, Some((_, Pause::BeforeQuit)))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HungUpBy {
    Us,
    Peer,
}

impl Conversations {
    /// None so far.
    pub(super) fn new(then: Then, quit: QuitWord, boundaries: Boundaries) -> Self {
        Self {
            then,
            quit,
            boundaries,
            stage: Stage::Waiting,
            seam: Seam::default(),
            seam_pause: 0,
            held: VecDeque::new(),
            is_typing_over: false,
            actions: VecDeque::new(),
            pauses: 0,
        }
    }

    /// The next thing to be done.
    pub(super) fn next_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Whether somebody is there for what is typed. If not, it should be left where it is.
    pub(super) fn wants_lines(&self) -> bool {
        match &self.stage {
            Stage::Talking(talking) => !talking.is_quitting() && !talking.is_pressed && !self.is_typing_over,
            _ => false,
        }
    }

    /// Says that there will be no other conversation after this one.
    pub(super) fn expect_nobody_else(&mut self) {
        self.then = Then::End;
    }

    /// A conversation begins.
    pub(super) fn handle_open(&mut self, peer: String) {
        self.act(Action::Note(format!("talking to {peer}")));
        self.stage = Stage::Talking(Talking {
            peer,
            has_spoken: false,
            has_peer_ended: false,
            is_pressed: false,
            pause: None,
        });
        for line in mem::take(&mut self.held) {
            self.handle_typed(line);
        }
        if self.is_typing_over {
            self.handle_typing_over();
        }
    }

    /// The peer said something.
    pub(super) fn handle_said(&mut self, message: &[u8]) {
        let Stage::Talking(talking) = &self.stage else { return };
        if self.quit.is_said_by(message) {
            let note = format!("{} hangs up", talking.peer);
            self.show_rest();
            self.act(Action::Note(note));
            self.hang_up(HungUpBy::Peer);
        } else {
            self.show(message);
        }
    }

    /// The peer has ended its side. What waits to be said on ours is still said.
    pub(super) fn handle_peer_end(&mut self) {
        self.show_rest();
        let Stage::Talking(talking) = &mut self.stage else { return };
        talking.has_peer_ended = true;
        if self.is_typing_over {
            self.hang_up(HungUpBy::Peer);
        } else if !talking.is_quitting() {
            self.pause(Pause::ForMoreLines);
        }
    }

    /// A conversation is over.
    pub(super) fn handle_close(&mut self, ended: &Ended) {
        self.show_rest();
        let (peer, by) = match mem::replace(&mut self.stage, Stage::Waiting) {
            Stage::Talking(talking) => (talking.peer, HungUpBy::Us),
            Stage::Leaving(peer, by) => (peer, by),
            other => {
                self.stage = other;
                return;
            }
        };
        let is_told_as_error = self.then == Then::End && fault_of(ended).is_some();
        if !is_told_as_error {
            self.act(Action::Note(match ended {
                Ended::Well => format!("the conversation with {peer} is over"),
                lost => format!("{peer}: {lost}"),
            }));
        }
        if self.then == Then::End {
            self.tell_of_unsent(by);
            self.end(outcome_of(ended));
        }
    }

    /// A line was typed.
    pub(super) fn handle_typed(&mut self, line: Vec<u8>) {
        match &mut self.stage {
            Stage::Talking(talking) if !talking.is_quitting() => {
                if self.quit.is_said_by(&line) {
                    self.quit();
                } else {
                    talking.has_spoken = true;
                    self.act(Action::Send(line));
                    self.wait_on_for_lines();
                }
            }
            _ => self.held.push_back(line),
        }
    }

    /// Nothing more will be typed: our side of the conversation, and of every later one, ends.
    pub(super) fn handle_typing_over(&mut self) {
        self.is_typing_over = true;
        match &self.stage {
            Stage::Talking(talking) if talking.is_quitting() => {}
            Stage::Talking(talking) if talking.has_peer_ended => self.hang_up(HungUpBy::Peer),
            Stage::Talking(_) => self.act(Action::EndSending),
            _ => {}
        }
    }

    /// The queue towards the peer is too full, or no longer.
    pub(super) fn handle_pressure(&mut self, pressure: Pressure) {
        if let Stage::Talking(talking) = &mut self.stage {
            talking.is_pressed = pressure == Pressure::High;
        }
    }

    /// A pause is over.
    pub(super) fn handle_pause_over(&mut self, number: u64) {
        if self.seam_pause == number {
            self.show_rest();
        }
        let Stage::Talking(talking) = &self.stage else { return };
        match talking.pause {
            Some((awaited, Pause::BeforeQuit)) if awaited == number => self.say_quit(),
            Some((awaited, Pause::ForMoreLines)) if awaited == number => {
                if talking.is_pressed {
                    // No lines were asked for while the peer was slow to read: our side is not silent of itself.
                    self.pause(Pause::ForMoreLines);
                } else {
                    self.hang_up(HungUpBy::Peer);
                }
            }
            _ => {}
        }
    }

    /// There will be no conversation.
    pub(super) fn end(&mut self, outcome: Result<()>) {
        self.stage = Stage::Over;
        self.act(Action::End(outcome));
    }

    fn show(&mut self, message: &[u8]) {
        match self.boundaries {
            Boundaries::Kept => self.act(Action::Show(message.to_vec())),
            Boundaries::Lost => {
                let whole = self.seam.join(message);
                if !whole.is_empty() {
                    self.act(Action::ShowLine(whole));
                }
                self.wait_for_character();
            }
        }
    }

    /// What waits is shown as it is when nothing follows soon: it need not be text at all.
    fn wait_for_character(&mut self) {
        if self.seam.is_waiting() {
            self.pauses += 1;
            self.seam_pause = self.pauses;
            self.actions.push_back(Action::Pause(self.pauses, Pause::ForCharacter));
        }
    }

    /// Shows what ends with the beginning of a character that will not be finished.
    fn show_rest(&mut self) {
        if let Some(rest) = self.seam.rip() {
            self.act(Action::ShowLine(rest));
        }
    }

    /// The quit word was typed.
    fn quit(&mut self) {
        let Stage::Talking(talking) = &mut self.stage else { return };
        if self.boundaries == Boundaries::Lost && talking.has_spoken {
            self.pause(Pause::BeforeQuit);
        } else {
            self.say_quit();
        }
    }

    fn say_quit(&mut self) {
        self.act(Action::SendQuit);
        self.hang_up(HungUpBy::Us);
    }

    fn hang_up(&mut self, by: HungUpBy) {
        self.act(Action::HangUp);
        if let Stage::Talking(talking) = mem::replace(&mut self.stage, Stage::Waiting) {
            self.stage = Stage::Leaving(talking.peer, by);
        }
    }

    /// A line came after the peer's end: there may be more of them.
    fn wait_on_for_lines(&mut self) {
        if matches!(&self.stage, Stage::Talking(talking) if talking.has_peer_ended) {
            self.pause(Pause::ForMoreLines);
        }
    }

    fn pause(&mut self, why: Pause) {
        if let Stage::Talking(talking) = &mut self.stage {
            self.pauses += 1;
            talking.pause = Some((self.pauses, why));
            self.actions.push_back(Action::Pause(self.pauses, why));
        }
    }

    /// Lines that we took and that nobody will hear any more. After our own quit word nobody is to.
    fn tell_of_unsent(&mut self, by: HungUpBy) {
        if by == HungUpBy::Peer && !self.held.is_empty() {
            self.act(Action::Note(format!("lines typed but not sent: {}", self.held.len())));
        }
    }

    fn act(&mut self, action: Action) {
        self.actions.push_back(action);
    }
}

#[cfg(test)]
mod tests;
