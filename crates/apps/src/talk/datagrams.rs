//! Conversations over datagrams: the socket on one side, the person on the other, `letters` between them.
//! It decides nothing itself.

use std::io;
use std::time::Duration;

use reactor::{ConnId, Datagram, Pressure, SocketId, Tag};

use super::Talker;
use super::lan::Seat;
use super::letters::{Action, Letters, Role};
use super::screen::Screen;
use crate::cli::exit::{Failure, Fault, Result};
use crate::cli::stdin::Input;
use crate::ending::DRAIN_TIMEOUT;
use crate::session::{Link, Service};

/// The service of `sb-talk` on datagrams.
pub(super) struct DatagramTalk {
    letters: Letters,
    screen: Screen,
    /// How long a caller waits for answers after its last line.
    wait: Duration,
    /// A listener learns it from its first datagram; nobody is there to be answered before.
    socket: Option<SocketId>,
    /// The loop has as many datagrams waiting as it should.
    is_pressed: bool,
    /// Datagrams that could not be sent.
    failed: u64,
    outcome: Option<Result<()>>,
}

impl DatagramTalk {
    pub(super) fn new(letters: Letters, screen: Screen, wait: Duration) -> Self {
        Self { letters, screen, wait, socket: None, is_pressed: false, failed: 0, outcome: None }
    }

    pub(super) fn use_socket(&mut self, socket: SocketId) {
        self.socket = Some(socket);
    }

    /// From now on everybody can be spoken to.
    pub(super) fn take_seat(&mut self, seat: Seat) {
        self.socket = Some(seat.mouth);
        self.letters.handle_seat(seat.everybody, seat.own);
    }

    /// Does what is to be done, and asks for lines if they can be used.
    fn act(&mut self, link: &mut Link<'_, '_>) {
        while let Some(action) = self.letters.next_action() {
            if let Err(failure) = self.carry_out(link, action) {
                self.end(link, Err(failure));
            }
        }
        if self.letters.wants_lines() && !self.is_pressed {
            self.screen.ask_for_lines();
        }
    }

    fn carry_out(&mut self, link: &mut Link<'_, '_>, action: Action) -> Result<()> {
        match action {
            Action::Show(from, message) => self.screen.show_from(&from, &message)?,
            Action::Note(text) => self.screen.note(&text),
            Action::Send(to, message) => {
                if let Some(socket) = self.socket {
                    link.send_datagram(socket, to, &message);
                }
            }
            Action::Pause(number) => {
                link.set_timer(self.wait, Tag(number));
            }
            Action::End(outcome) => self.end(link, outcome),
        }
        Ok(())
    }

    /// The program ends: the first reason counts.
    fn end(&mut self, link: &mut Link<'_, '_>, outcome: Result<()>) {
        if self.outcome.is_none() {
            self.outcome = Some(outcome);
            link.drain(DRAIN_TIMEOUT);
        }
    }
}

impl Talker for DatagramTalk {
    fn begin(&mut self, link: &mut Link<'_, '_>, screen: Screen) {
        self.screen = screen;
        self.act(link);
    }

    fn outcome(self) -> Result<()> {
        self.outcome.unwrap_or(Ok(()))?;
        match self.failed {
            0 => Ok(()),
            lines => Err(Failure::new(Fault::Other, format!("lines that could not be sent: {lines}"))),
        }
    }
}

impl Service for DatagramTalk {
    type Command = Input;

    /// There are no streams here.
    fn message(&mut self, _: &mut Link<'_, '_>, _: ConnId, _: &[u8]) {}

    fn datagram(&mut self, link: &mut Link<'_, '_>, socket: SocketId, datagram: Datagram<'_>) {
        self.socket.get_or_insert(socket);
        self.letters.handle_letter(datagram.from, datagram.payload);
        if datagram.truncated {
            self.screen.complain(&format!("the end of that message from {} is lost", datagram.from));
        }
        self.act(link);
    }

    fn datagram_pressure(&mut self, link: &mut Link<'_, '_>, _: SocketId, pressure: Pressure) {
        self.is_pressed = pressure == Pressure::High;
        self.act(link);
    }

    fn handle_error(&mut self, link: &mut Link<'_, '_>, error: &io::Error) {
        if self.letters.role() == Role::Caller && is_nobody_there(error) {
            let failure = Failure::new(Fault::Connection, format!("nobody is there: {error}"));
            self.letters.end(Err(failure));
        } else {
            self.failed += 1;
            self.screen.complain(&format!("not sent: {error}"));
        }
        self.act(link);
    }

    fn timeout(&mut self, link: &mut Link<'_, '_>, tag: Tag) {
        self.letters.handle_pause_over(tag.0);
        self.act(link);
    }

    fn command(&mut self, link: &mut Link<'_, '_>, input: Input) {
        self.screen.note_line();
        match input {
            Input::Line(typed) => self.letters.handle_typed(typed),
            Input::End => self.letters.handle_typing_over(),
            Input::Failed(error) => {
                self.failed += 1;
                self.screen.complain(&format!("not sent: {error}"));
                self.letters.handle_typing_over();
            }
        }
        self.act(link);
    }
}

/// Whether nobody reads at the address, as the sender of a Unix datagram learns at once.
fn is_nobody_there(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound)
}
