//! Conversations by themselves: what happens goes in, what is to be done comes out. Over sockets it is `talk::tests`'s.

use std::io;

use framing::FrameError;
use reactor::Closed;

use super::*;
use crate::cli::exit::Fault;

fn talk(then: Then, boundaries: Boundaries) -> Conversations {
    Conversations::new(then, "q".parse().unwrap_or_else(|never| match never {}), boundaries)
}

/// One that has begun.
fn open(then: Then, boundaries: Boundaries) -> Conversations {
    let mut talk = talk(then, boundaries);
    talk.handle_open("peer".to_owned());
    done(&mut talk);
    talk
}

fn typed(talk: &mut Conversations, lines: &[&str]) {
    for line in lines {
        talk.handle_typed(line.as_bytes().to_vec());
    }
}

/// What is to be done, without the notes.
fn done(talk: &mut Conversations) -> Vec<String> {
    let actions = std::iter::from_fn(|| talk.next_action());
    actions.filter_map(|action| brief(&action)).collect()
}

fn brief(action: &Action) -> Option<String> {
    Some(match action {
        Action::Note(_) => return None,
        Action::Show(message) => format!("show {}", String::from_utf8_lossy(message)),
        Action::ShowLine(message) => format!("show line {}", String::from_utf8_lossy(message)),
        Action::Send(message) => format!("send {}", String::from_utf8_lossy(message)),
        Action::SendQuit => "send quit".to_owned(),
        Action::EndSending => "end sending".to_owned(),
        Action::HangUp => "hang up".to_owned(),
        Action::Pause(number, Pause::BeforeQuit) => format!("pause {number} before quit"),
        Action::Pause(number, Pause::ForMoreLines) => format!("pause {number} for more lines"),
        Action::Pause(number, Pause::ForCharacter) => format!("pause {number} for a character"),
        Action::End(Ok(())) => "end".to_owned(),
        Action::End(Err(failure)) => format!("end {}", failure.fault() as u8),
    })
}

#[test]
fn lines_are_sent_and_messages_shown() {
    let mut talk = open(Then::End, Boundaries::Kept);
    assert!(talk.wants_lines());
    typed(&mut talk, &["hello", ""]);
    talk.handle_said(b"hi\n");
    assert_eq!(done(&mut talk), ["send hello", "send ", "show hi\n"]);
}

#[test]
fn without_boundaries_what_comes_is_shown_as_a_line() {
    let mut talk = open(Then::End, Boundaries::Lost);
    talk.handle_said(b"hi\n");
    assert_eq!(done(&mut talk), ["show line hi\n"]);
}

/// What is shown when these reads come, escaped.
fn shown(talk: &mut Conversations, reads: &[&[u8]]) -> Vec<String> {
    for read in reads {
        talk.handle_said(read);
    }
    let actions = std::iter::from_fn(|| talk.next_action());
    let shown = actions.filter_map(|action| match action {
        Action::Show(bytes) | Action::ShowLine(bytes) => Some(bytes.escape_ascii().to_string()),
        _ => None,
    });
    shown.collect()
}

#[test]
fn without_boundaries_a_character_that_a_read_cut_is_shown_when_it_is_whole() {
    let mut talk = open(Then::End, Boundaries::Lost);
    assert_eq!(shown(&mut talk, &["a世".as_bytes(), b"\xe7\x95"]), [r"a\xe4\xb8\x96"]);
    assert_eq!(shown(&mut talk, &[b"\x8c\n"]), [r"\xe7\x95\x8c\n"]);
    assert_eq!(shown(&mut talk, &[b"\xe7", b"no"]), [r"\xe7no"]);

    let mut framed = open(Then::End, Boundaries::Kept);
    assert_eq!(shown(&mut framed, &[b"\xe7", b""]), [r"\xe7", ""]);
}

#[test]
fn half_a_character_is_shown_when_no_more_of_it_will_come() {
    let ends: [fn(&mut Conversations); 4] = [
        |talk| talk.handle_said(b"q\n"),
        Conversations::handle_peer_end,
        |talk| talk.handle_close(&Ended::Well),
        |talk| {
            talk.handle_typed(b"q".to_vec());
            talk.handle_close(&Ended::Well);
        },
    ];
    for end in ends {
        let mut talk = open(Then::Next, Boundaries::Lost);
        assert_eq!(shown(&mut talk, &[b"\xe7\x95"]), [""; 0]);
        end(&mut talk);
        assert_eq!(shown(&mut talk, &[]), [r"\xe7\x95"]);
        talk.handle_close(&Ended::Well);
        talk.handle_open("next".to_owned());
        assert_eq!(shown(&mut talk, &[b"\x8c"]), [r"\x8c"], "not the next caller's");
    }
}

#[test]
fn nothing_is_wanted_while_nobody_is_there_and_what_came_early_is_kept() {
    let mut talk = talk(Then::Next, Boundaries::Kept);
    assert!(!talk.wants_lines());
    typed(&mut talk, &["early", "bird"]);
    assert!(done(&mut talk).is_empty());
    talk.handle_open("peer".to_owned());
    assert_eq!(done(&mut talk), ["send early", "send bird"]);
}

#[test]
fn the_word_typed_is_said_and_ends_it() {
    let mut talk = open(Then::End, Boundaries::Kept);
    typed(&mut talk, &["bye", "q", "too late"]);
    assert!(!talk.wants_lines());
    talk.handle_close(&Ended::Well);
    assert_eq!(done(&mut talk), ["send bye", "send quit", "hang up", "end"]);
}

#[test]
fn without_boundaries_the_word_waits_until_it_can_arrive_alone() {
    let mut talk = open(Then::End, Boundaries::Lost);
    typed(&mut talk, &["bye", "q"]);
    assert!(!talk.wants_lines());
    assert_eq!(done(&mut talk), ["send bye", "pause 1 before quit"]);
    talk.handle_peer_end();
    talk.handle_typing_over();
    assert!(done(&mut talk).is_empty());
    talk.handle_pause_over(1);
    assert_eq!(done(&mut talk), ["send quit", "hang up"]);

    let mut silent = open(Then::End, Boundaries::Lost);
    typed(&mut silent, &["q"]);
    assert_eq!(done(&mut silent), ["send quit", "hang up"]);
}

#[test]
fn the_word_heard_ends_it_and_is_not_shown() {
    for (then, end) in [(Then::End, vec!["hang up", "end"]), (Then::Next, vec!["hang up"])] {
        let mut talk = open(then, Boundaries::Lost);
        talk.handle_said(b"q\n");
        talk.handle_said(b"an echo of it");
        talk.handle_close(&Ended::Well);
        assert_eq!(done(&mut talk), end);
    }
}

#[test]
fn lines_after_the_word_are_for_the_next_caller() {
    let mut talk = open(Then::Next, Boundaries::Kept);
    typed(&mut talk, &["q", "for the next"]);
    talk.handle_close(&Ended::Well);
    done(&mut talk);
    talk.handle_open("next".to_owned());
    assert_eq!(done(&mut talk), ["send for the next"]);
}

#[test]
fn the_end_of_the_input_ends_our_side_and_the_peers_end_the_rest() {
    let mut talk = open(Then::End, Boundaries::Kept);
    typed(&mut talk, &["last"]);
    talk.handle_typing_over();
    talk.handle_said(b"answer");
    talk.handle_peer_end();
    talk.handle_close(&Ended::Well);
    assert_eq!(done(&mut talk), ["send last", "end sending", "show answer", "hang up", "end"]);
}

#[test]
fn every_later_caller_finds_our_side_ended_too() {
    let mut talk = open(Then::Next, Boundaries::Kept);
    talk.handle_typing_over();
    talk.handle_peer_end();
    talk.handle_close(&Ended::Well);
    done(&mut talk);
    talk.handle_open("next".to_owned());
    assert!(!talk.wants_lines());
    assert_eq!(done(&mut talk), ["end sending"]);
}

#[test]
fn after_the_peers_end_lines_that_still_come_are_sent_and_silence_ends_it() {
    let mut talk = open(Then::Next, Boundaries::Kept);
    talk.handle_peer_end();
    assert!(talk.wants_lines());
    typed(&mut talk, &["still"]);
    assert_eq!(done(&mut talk), ["pause 1 for more lines", "send still", "pause 2 for more lines"]);
    talk.handle_pause_over(1);
    assert!(done(&mut talk).is_empty());
    talk.handle_pause_over(2);
    assert_eq!(done(&mut talk), ["hang up"]);
}

#[test]
fn a_peer_that_reads_slowly_is_not_taken_for_our_silence() {
    let mut talk = open(Then::Next, Boundaries::Kept);
    talk.handle_pressure(Pressure::High);
    assert!(!talk.wants_lines());
    talk.handle_peer_end();
    talk.handle_pause_over(1);
    assert_eq!(done(&mut talk), ["pause 1 for more lines", "pause 2 for more lines"]);
    talk.handle_pressure(Pressure::Low);
    assert!(talk.wants_lines());
    talk.handle_pause_over(2);
    assert_eq!(done(&mut talk), ["hang up"]);
}

#[test]
fn a_pause_of_the_last_conversation_does_not_end_this_one() {
    let mut talk = open(Then::Next, Boundaries::Kept);
    talk.handle_peer_end();
    talk.handle_close(&Ended::Well);
    talk.handle_open("next".to_owned());
    done(&mut talk);
    talk.handle_pause_over(1);
    assert!(done(&mut talk).is_empty());
}

#[test]
fn how_it_was_lost_is_a_callers_end_and_a_listeners_note() {
    let reset = || Ended::Lost(Closed::Failed(io::ErrorKind::ConnectionReset.into()));
    let broken = || Ended::Frame(FrameError::Negative { declared: -2 });
    for (ended, fault) in [(reset(), Fault::Connection), (broken(), Fault::Protocol)] {
        let mut caller = open(Then::End, Boundaries::Kept);
        caller.handle_close(&ended);
        assert_eq!(done(&mut caller), [format!("end {}", fault as u8)]);

        let mut listener = open(Then::Next, Boundaries::Kept);
        listener.handle_close(&ended);
        assert!(matches!(listener.next_action(), Some(Action::Note(note)) if note.starts_with("peer: ")));
        assert!(listener.next_action().is_none());
    }
}

#[test]
fn lines_that_were_taken_and_never_sent_are_told_of() {
    let mut talk = open(Then::End, Boundaries::Kept);
    talk.handle_said(b"q");
    typed(&mut talk, &["one", "two"]);
    talk.handle_close(&Ended::Well);
    let notes = std::iter::from_fn(|| talk.next_action());
    let told = notes.filter(|action| matches!(action, Action::Note(note) if note.ends_with("not sent: 2")));
    assert_eq!(told.count(), 1);
}
