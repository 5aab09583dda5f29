//! Conversations over datagrams, as a pure state machine: each datagram is a message, and what is typed answers
//! whoever wrote last, or goes to everybody. What happens goes in through `handle_*`, what is to be done comes out of `next_action`.
//!
//! It knows no socket, terminal or clock; `datagrams` has those. Streams are `conversation`'s.

use std::collections::VecDeque;

use reactor::Address;

use super::conversation::Then;
use super::quit::QuitWord;
use crate::cli::exit::Result;

/// All that is said over one socket.
#[derive(Debug)]
pub(super) struct Letters {
    role: Role,
    quit: QuitWord,
    /// Whom what is typed goes to.
    partner: Option<Address>,
    /// As whom we speak to everybody: what comes from there is our own.
    own: Option<Address>,
    /// Lines that were typed while nobody was there to be answered.
    held: VecDeque<Vec<u8>>,
    has_spoken: bool,
    is_typing_over: bool,
    is_over: bool,
    actions: VecDeque<Action>,
    /// The pause that counts; others are stale.
    pause: u64,
}

/// Which side this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It writes first.
    Caller,
    /// It answers; then, when its partner has left, the next.
    Listener(Then),
    /// It is one of many, who all hear each other.
    Member(Leaving),
}

/// When a member leaves, unless it says the quit word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    /// When its input has ended, and a while later, too, as a caller does.
    WithInput,
    /// The same, but not if it has said nothing: then it has come to listen.
    WithInputIfSpoken,
    /// When another one leaves.
    WithAnother,
    /// Never.
    Never,
}

/// What is to be done, in this order.
#[derive(Debug)]
pub(super) enum Action {
    /// Print what somebody wrote.
    Show(Address, Vec<u8>),
    /// Tell the person something.
    Note(String),
    /// Send a datagram.
    Send(Address, Vec<u8>),
    /// Call `handle_pause_over` with this number, after the time that answers are waited for.
    Pause(u64),
    /// End the program.
    End(Result<()>),
}

impl Letters {
    /// A caller of this address.
    pub(super) fn to(partner: Address, quit: QuitWord) -> Self {
        Self { partner: Some(partner), ..Self::of(Role::Caller, quit) }
    }

    /// A listener.
    pub(super) fn listening(then: Then, quit: QuitWord) -> Self {
        Self::of(Role::Listener(then), quit)
    }

    /// One of many who all hear each other.
    pub(super) fn among(leaving: Leaving, quit: QuitWord) -> Self {
        Self::of(Role::Member(leaving), quit)
    }

    fn of(role: Role, quit: QuitWord) -> Self {
        Self {
            role,
            quit,
            partner: None,
            own: None,
            held: VecDeque::new(),
            has_spoken: false,
            is_typing_over: false,
            is_over: false,
            actions: VecDeque::new(),
            pause: 0,
        }
    }

    /// Which side this is.
    pub(super) fn role(&self) -> Role {
        self.role
    }

    /// The next thing to be done.
    pub(super) fn next_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Whether somebody is there for what is typed. If not, it should be left where it is.
    pub(super) fn wants_lines(&self) -> bool {
        self.partner.is_some() && !self.is_typing_over && !self.is_over
    }

    /// A member hears and speaks from now on: to `everybody`, and what comes from `own` it has said itself.
    pub(super) fn handle_seat(&mut self, everybody: Address, own: Address) {
        self.partner = Some(everybody);
        self.own = Some(own);
    }

    /// A datagram came.
    pub(super) fn handle_letter(&mut self, from: &Address, message: &[u8]) {
        if self.is_over || self.is_own(from) {
            return;
        }
        if self.quit.is_said_by(message) {
            self.handle_quit_of(from);
        } else {
            self.act(Action::Show(from.clone(), message.to_vec()));
            self.find_partner(from);
        }
        self.wait_for_answers();
    }

    /// A line was typed.
    pub(super) fn handle_typed(&mut self, line: Vec<u8>) {
        let Some(partner) = self.partner.clone().filter(|_| !self.is_over) else {
            self.held.push_back(line);
            return;
        };
        self.has_spoken = true;
        let is_quit = self.quit.is_said_by(&line);
        self.act(Action::Send(partner.clone(), line));
        if is_quit {
            self.leave(&partner);
        }
    }

    /// Nothing more will be typed. A caller waits a little for answers, a listener goes on listening; a member does
    /// one or the other.
    pub(super) fn handle_typing_over(&mut self) {
        self.is_typing_over = true;
        if matches!(self.role, Role::Member(_)) && !self.leaves_with_input() {
            self.act(Action::Note("still listening".to_owned()));
        }
        self.wait_for_answers();
    }

    /// Nothing came for as long as answers are waited for.
    pub(super) fn handle_pause_over(&mut self, number: u64) {
        if number == self.pause {
            self.end(Ok(()));
        }
    }

    /// It is over.
    pub(super) fn end(&mut self, outcome: Result<()>) {
        if !self.is_over {
            self.is_over = true;
            self.act(Action::End(outcome));
        }
    }

    /// Somebody said the quit word. Of strangers it is noted, and ends nothing.
    fn handle_quit_of(&mut self, from: &Address) {
        self.act(Action::Note(format!("{from} hangs up")));
        if self.partner.as_ref() == Some(from) || self.role == Role::Member(Leaving::WithAnother) {
            self.leave(from);
        }
    }

    /// The conversation with the partner is over.
    fn leave(&mut self, partner: &Address) {
        match self.role {
            Role::Caller | Role::Listener(Then::End) | Role::Member(_) => self.end(Ok(())),
            Role::Listener(Then::Next) => {
                self.act(Action::Note(format!("no longer talking to {partner}")));
                self.partner = None;
            }
        }
    }

    /// A listener answers whoever wrote last.
    fn find_partner(&mut self, from: &Address) {
        let has_one = !matches!(self.role, Role::Listener(_)) || self.partner.as_ref() == Some(from);
        if has_one {
            return;
        }
        self.partner = Some(from.clone());
        self.act(Action::Note(format!("talking to {from}")));
        for line in std::mem::take(&mut self.held) {
            self.handle_typed(line);
        }
    }

    /// Whoever has nothing more to say, and has not come to listen, goes when no more answers come.
    fn wait_for_answers(&mut self) {
        if self.is_typing_over && self.leaves_with_input() && !self.is_over {
            self.pause += 1;
            self.act(Action::Pause(self.pause));
        }
    }

    fn leaves_with_input(&self) -> bool {
        match self.role {
            Role::Caller | Role::Member(Leaving::WithInput) => true,
            Role::Member(Leaving::WithInputIfSpoken) => self.has_spoken,
            Role::Listener(_) | Role::Member(Leaving::WithAnother | Leaving::Never) => false,
        }
    }

    /// Whether we have said it ourselves: whoever speaks to everybody hears it too. An IPv6 address names its
    /// interface in some places and not in others, so that is not compared.
    fn is_own(&self, from: &Address) -> bool {
        let Some(own) = &self.own else { return false };
        match (own.ip(), from.ip()) {
            (Some(own), Some(from)) => (own.ip(), own.port()) == (from.ip(), from.port()),
            _ => own == from,
        }
    }

    fn act(&mut self, action: Action) {
        self.actions.push_back(action);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(port: u16) -> Address {
        Address::Udp(([127, 0, 0, 1], port).into())
    }

    fn word() -> QuitWord {
        "q".parse().unwrap_or_else(|never| match never {})
    }

    /// What is to be done, without the notes.
    fn done(letters: &mut Letters) -> Vec<String> {
        let actions = std::iter::from_fn(|| letters.next_action());
        let shown = actions.filter(|action| !matches!(action, Action::Note(_))).map(|action| match action {
            Action::Show(from, line) => format!("show {from} {}", String::from_utf8_lossy(&line)),
            Action::Send(to, line) => format!("send {to} {}", String::from_utf8_lossy(&line)),
            Action::Pause(number) => format!("pause {number}"),
            Action::End(outcome) => format!("end {}", outcome.is_ok()),
            Action::Note(_) => unreachable!(),
        });
        shown.collect()
    }

    #[test]
    fn what_is_typed_answers_whoever_wrote_last() {
        let mut letters = Letters::listening(Then::Next, word());
        assert!(!letters.wants_lines());
        letters.handle_letter(&place(1), b"from one");
        assert!(letters.wants_lines());
        letters.handle_letter(&place(2), b"from two");
        letters.handle_typed(b"to two".to_vec());
        letters.handle_letter(&place(1), b"one again");
        letters.handle_typed(b"to one".to_vec());
        assert_eq!(
            done(&mut letters),
            [
                "show udp://127.0.0.1:1 from one",
                "show udp://127.0.0.1:2 from two",
                "send udp://127.0.0.1:2 to two",
                "show udp://127.0.0.1:1 one again",
                "send udp://127.0.0.1:1 to one",
            ]
        );
    }

    #[test]
    fn a_line_that_nobody_is_there_for_waits_for_the_next_sender() {
        let mut letters = Letters::listening(Then::Next, word());
        letters.handle_typed(b"early".to_vec());
        assert!(done(&mut letters).is_empty());
        letters.handle_letter(&place(1), b"hi");
        assert_eq!(done(&mut letters), ["show udp://127.0.0.1:1 hi", "send udp://127.0.0.1:1 early"]);
    }

    #[test]
    fn a_partner_who_quits_leaves_a_listener_listening_or_ends_it() {
        for (then, ended) in [(Then::Next, 0), (Then::End, 1)] {
            let mut letters = Letters::listening(then, word());
            letters.handle_letter(&place(1), b"hi");
            done(&mut letters);
            letters.handle_letter(&place(1), b"q");
            assert_eq!(done(&mut letters), vec!["end true"; ended]);
            assert!(!letters.wants_lines());
        }
    }

    #[test]
    fn typing_the_word_sends_it_and_ends_a_caller() {
        let mut letters = Letters::to(place(9), word());
        letters.handle_typed(b"q".to_vec());
        assert_eq!(done(&mut letters), ["send udp://127.0.0.1:9 q", "end true"]);
        letters.handle_letter(&place(9), b"too late");
        letters.handle_typed(b"too late".to_vec());
        assert!(done(&mut letters).is_empty());
    }

    #[test]
    fn only_the_one_who_was_called_can_hang_up_on_a_caller() {
        let mut letters = Letters::to(place(9), word());
        letters.handle_letter(&place(8), b"q");
        assert!(done(&mut letters).is_empty());
        letters.handle_letter(&place(9), b"q");
        assert_eq!(done(&mut letters), ["end true"]);
    }

    #[test]
    fn strangers_are_shown_but_not_answered_by_a_caller() {
        let mut letters = Letters::to(place(9), word());
        letters.handle_letter(&place(8), b"psst");
        letters.handle_typed(b"hello".to_vec());
        assert_eq!(done(&mut letters), ["show udp://127.0.0.1:8 psst", "send udp://127.0.0.1:9 hello"]);
    }

    #[test]
    fn a_caller_waits_for_answers_after_its_last_line_and_each_answer_prolongs_it() {
        let mut letters = Letters::to(place(9), word());
        letters.handle_typing_over();
        letters.handle_letter(&place(9), b"answer");
        assert_eq!(done(&mut letters), ["pause 1", "show udp://127.0.0.1:9 answer", "pause 2"]);
        letters.handle_pause_over(1);
        assert!(done(&mut letters).is_empty());
        letters.handle_pause_over(2);
        assert_eq!(done(&mut letters), ["end true"]);
    }

    #[test]
    fn a_listener_goes_on_listening_after_the_last_line() {
        let mut letters = Letters::listening(Then::Next, word());
        letters.handle_typing_over();
        letters.handle_letter(&place(1), b"still heard");
        assert_eq!(done(&mut letters), ["show udp://127.0.0.1:1 still heard"]);
    }

    fn member(leaving: Leaving) -> Letters {
        let mut letters = Letters::among(leaving, word());
        letters.handle_seat(place(1000), place(7));
        letters
    }

    #[test]
    fn a_member_hears_everybody_but_itself_and_speaks_to_all() {
        let mut letters = member(Leaving::Never);
        assert!(letters.wants_lines(), "everybody is always there");
        letters.handle_letter(&place(1), b"from one");
        letters.handle_typed(b"to all".to_vec());
        letters.handle_letter(&place(7), b"to all");
        letters.handle_letter(&place(2), b"from two");
        letters.handle_typed(b"to all again".to_vec());
        assert_eq!(
            done(&mut letters),
            [
                "show udp://127.0.0.1:1 from one",
                "send udp://127.0.0.1:1000 to all",
                "show udp://127.0.0.1:2 from two",
                "send udp://127.0.0.1:1000 to all again",
            ]
        );
    }

    #[test]
    fn what_a_member_says_comes_back_on_an_interface_that_it_did_not_name() {
        let six = |text: &str| Address::Udp(text.parse().unwrap());
        let mut letters = Letters::among(Leaving::Never, word());
        letters.handle_seat(six("[ff12::1%3]:9"), six("[fe80::1]:7"));
        letters.handle_letter(&six("[fe80::1%3]:7"), b"ours");
        letters.handle_letter(&six("[fe80::1%3]:8"), b"theirs");
        assert_eq!(done(&mut letters), ["show udp://[fe80::1%3]:8 theirs"]);
    }

    #[test]
    fn who_quits_leaves_the_others_talking_unless_one_of_them_was_waited_for() {
        for (leaving, ended) in [(Leaving::Never, 0), (Leaving::WithInput, 0), (Leaving::WithAnother, 1)] {
            let mut letters = member(leaving);
            letters.handle_letter(&place(1), b"q");
            assert_eq!(done(&mut letters), vec!["end true"; ended], "{leaving:?}");
            let mut letters = member(leaving);
            letters.handle_typed(b"q".to_vec());
            assert_eq!(done(&mut letters), ["send udp://127.0.0.1:1000 q", "end true"], "{leaving:?}");
        }
    }

    #[test]
    fn an_input_that_ends_takes_a_member_along_unless_it_came_to_listen() {
        for (leaving, silent, spoken) in [
            (Leaving::WithInput, 1, 1),
            (Leaving::WithInputIfSpoken, 0, 1),
            (Leaving::WithAnother, 0, 0),
            (Leaving::Never, 0, 0),
        ] {
            let pauses = |letters: &mut Letters| {
                letters.handle_typing_over();
                done(letters).iter().filter(|action| action.starts_with("pause")).count()
            };
            let mut letters = member(leaving);
            assert_eq!(pauses(&mut letters), silent, "{leaving:?}");
            let mut letters = member(leaving);
            letters.handle_typed(b"hi".to_vec());
            assert_eq!(pauses(&mut letters), spoken, "{leaving:?}");
        }
    }
}
