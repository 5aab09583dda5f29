//! Conversations over streams: the session on one side, the person on the other, `conversation` between them.
//! It decides nothing itself.

use std::io;
use std::time::Duration;

use reactor::{Address, ConnId, Pressure, Tag};

use super::Talker;
use super::conversation::{Action, Conversations, Pause};
use super::quit::QuitWord;
use super::screen::Screen;
use super::waiting::{Heard, WaitingRoom};
use crate::calling::Route;
use crate::cli::exit::{Failure, Fault, Result};
use crate::cli::stdin::Input;
use crate::ending::{DRAIN_TIMEOUT, outcome_of};
use crate::session::{Caller, Ended, Link, Service, Via};

/// The service of `sb-talk` on streams.
pub(super) struct StreamTalk {
    conversations: Conversations,
    screen: Screen,
    quit: QuitWord,
    /// How long a peer that has ended its side is kept for lines that still come.
    wait: Duration,
    /// The connection of the conversation, if there is one.
    current: Option<ConnId>,
    /// Those who are to have one after it.
    room: WaitingRoom<ConnId>,
    /// Callers turned away since the person was last told: not in the middle of a conversation.
    turned_away: u64,
    pub(super) route: Route,
    /// Lines that the framing refused.
    refused: u64,
    /// What the program ends with, once that is known.
    outcome: Option<Result<()>>,
}

impl StreamTalk {
    pub(super) fn new(conversations: Conversations, screen: Screen, quit: QuitWord, wait: Duration) -> Self {
        Self {
            conversations,
            screen,
            quit,
            wait,
            current: None,
            room: WaitingRoom::new(),
            turned_away: 0,
            route: Route::default(),
            refused: 0,
            outcome: None,
        }
    }

    pub(super) fn expect_nobody_else(&mut self) {
        self.conversations.expect_nobody_else();
    }

    /// Does what is to be done, and asks for lines if they can be used.
    fn act(&mut self, link: &mut Link<'_, '_>) {
        while let Some(action) = self.conversations.next_action() {
            if let Err(failure) = self.carry_out(link, action) {
                self.end(link, Err(failure));
            }
        }
        if self.conversations.wants_lines() {
            self.screen.ask_for_lines();
        }
    }

    fn carry_out(&mut self, link: &mut Link<'_, '_>, action: Action) -> Result<()> {
        match action {
            Action::Show(message) => self.screen.show(&message)?,
            Action::ShowLine(message) => self.screen.show_line(&message)?,
            Action::Note(text) => self.screen.note(&text),
            Action::Send(message) => self.send(link, &message),
            Action::SendQuit => self.send_quit(link),
            Action::EndSending => self.with_current(|id| link.end_sending(id)),
            Action::HangUp => self.with_current(|id| link.hang_up(id)),
            Action::Pause(number, why) => {
                link.set_timer(self.duration(why), Tag(number));
            }
            Action::End(outcome) => self.end(link, outcome),
        }
        Ok(())
    }

    fn send(&mut self, link: &mut Link<'_, '_>, message: &[u8]) {
        let Some(id) = self.current else { return };
        if let Err(error) = link.send(id, message) {
            self.refused += 1;
            self.screen.complain(&format!("not sent: {error}"));
        }
    }

    fn send_quit(&mut self, link: &mut Link<'_, '_>) {
        if let Some(id) = self.current
            && let Err(error) = link.send(id, self.quit.bytes())
        {
            self.screen.note(&format!("hanging up without a word: {error}"));
        }
    }

    fn begin_with(&mut self, link: &mut Link<'_, '_>, id: ConnId, name: String) {
        self.current = Some(id);
        self.conversations.handle_open(name);
        self.act(link);
    }

    /// Somebody else is talked to: what it says stays with it, but for what has come already.
    fn keep_waiting(&mut self, link: &mut Link<'_, '_>, id: ConnId, name: String) {
        link.pause(id);
        self.screen.note(&format!("{name} is waiting"));
        self.room.enter(id, name);
    }

    /// Nobody is talked to any more. Whoever waited longest is next.
    fn begin_next(&mut self, link: &mut Link<'_, '_>) {
        if self.outcome.is_some() {
            return;
        }
        let Some(next) = self.room.next() else { return };
        self.begin_with(link, next.id, next.name);
        for heard in next.heard {
            match heard {
                Heard::Message(message) => self.conversations.handle_said(&message),
                Heard::End => self.conversations.handle_peer_end(),
            }
            self.act(link);
        }
        link.resume(next.id);
    }

    fn tell_of_turned_away(&mut self) {
        match std::mem::take(&mut self.turned_away) {
            0 => {}
            callers => self.screen.note(&format!("callers turned away meanwhile: {callers}")),
        }
    }

    fn with_current(&self, act: impl FnOnce(ConnId)) {
        if let Some(id) = self.current {
            act(id);
        }
    }

    fn duration(&self, why: Pause) -> Duration {
        match why {
            Pause::BeforeQuit => QUIT_PAUSE,
            Pause::ForMoreLines => self.wait,
            Pause::ForCharacter => CHARACTER_PAUSE,
        }
    }

    /// The program ends: the first reason counts.
    fn end(&mut self, link: &mut Link<'_, '_>, outcome: Result<()>) {
        if self.outcome.is_none() {
            self.outcome = Some(outcome);
            link.drain(DRAIN_TIMEOUT);
        }
    }
}

impl Talker for StreamTalk {
    fn begin(&mut self, link: &mut Link<'_, '_>, screen: Screen) {
        self.screen = screen;
        self.act(link);
    }

    fn outcome(self) -> Result<()> {
        self.outcome.unwrap_or(Ok(()))?;
        match self.refused {
            0 => Ok(()),
            lines => Err(Failure::new(Fault::Other, format!("lines that could not be sent: {lines}"))),
        }
    }
}

impl Service for StreamTalk {
    type Command = Input;

    fn open(&mut self, link: &mut Link<'_, '_>, id: ConnId, caller: Caller) {
        let name = match caller.proof.caller() {
            Some(name) if !matches!(caller.via, Via::Call(_)) => format!("{name} at {}", caller.peer),
            _ => caller.peer.to_string(),
        };
        match self.current {
            _ if self.outcome.is_some() => link.abort(id),
            Some(_) => self.keep_waiting(link, id, name),
            None => self.begin_with(link, id, name),
        }
    }

    fn message(&mut self, link: &mut Link<'_, '_>, id: ConnId, message: &[u8]) {
        if self.current != Some(id) {
            return self.room.hear(id, Heard::Message(message.to_vec()));
        }
        self.conversations.handle_said(message);
        self.act(link);
    }

    fn end_of_input(&mut self, link: &mut Link<'_, '_>, id: ConnId) {
        if self.current != Some(id) {
            return self.room.hear(id, Heard::End);
        }
        self.conversations.handle_peer_end();
        self.act(link);
    }

    fn pressure(&mut self, link: &mut Link<'_, '_>, id: ConnId, pressure: Pressure) {
        if self.current == Some(id) {
            self.conversations.handle_pressure(pressure);
            self.act(link);
        }
    }

    fn close(&mut self, link: &mut Link<'_, '_>, id: ConnId, ended: &Ended) {
        if self.current != Some(id) {
            if let Some(gone) = self.room.leave(id) {
                self.screen.note(&format!("{} has left before its turn: {ended}", gone.name));
            }
            return;
        }
        self.current = None;
        self.conversations.handle_close(ended);
        self.act(link);
        self.tell_of_turned_away();
        self.begin_next(link);
    }

    fn turned_away(&mut self, link: &mut Link<'_, '_>, peer: &Address, via: Via, ended: &Ended) {
        match via {
            Via::Listener(_) if self.current.is_some() => self.turned_away += 1,
            Via::Listener(_) => self.screen.note_stranger(&format!("{peer}: {ended}")),
            _ => self.conversations.end(outcome_of(ended)),
        }
        self.act(link);
    }

    fn unreachable(&mut self, link: &mut Link<'_, '_>, _: Tag, address: &Address, error: &io::Error) {
        match self.route.unreachable(link, address, error) {
            Ok(next) => self.screen.note(&format!("{address}: {error}; trying {next}")),
            Err(failure) => self.conversations.end(Err(failure)),
        }
        self.act(link);
    }

    fn handle_error(&mut self, _: &mut Link<'_, '_>, error: &io::Error) {
        self.screen.note(&error.to_string());
    }

    fn timeout(&mut self, link: &mut Link<'_, '_>, tag: Tag) {
        self.conversations.handle_pause_over(tag.0);
        self.act(link);
    }

    fn command(&mut self, link: &mut Link<'_, '_>, input: Input) {
        self.screen.note_line();
        match input {
            Input::Line(typed) => self.conversations.handle_typed(typed),
            Input::End => self.conversations.handle_typing_over(),
            Input::Failed(error) => {
                self.refused += 1;
                self.screen.complain(&format!("not sent: {error}"));
                self.conversations.handle_typing_over();
            }
        }
        self.act(link);
    }

    fn draining(&mut self, link: &mut Link<'_, '_>) {
        self.route.give_up();
        while let Some(waiting) = self.room.next() {
            link.abort(waiting.id);
        }
    }
}

/// Long enough for a peer to read what came before the quit word, short enough for nobody to notice.
const QUIT_PAUSE: Duration = Duration::from_millis(100);

/// For the rest of a character: longer than the next segment of a text takes, and hardly noticed by who reads.
const CHARACTER_PAUSE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests;
