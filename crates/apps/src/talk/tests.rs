//! `sb-talk` over real loopback sockets, with its person replaced by bytes to type and writers that keep what is
//! printed.

use std::io::{self, Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use reactor::Handle;

use super::*;
use crate::cli::exit::Fault;
use crate::cli::kept::Kept;
use crate::cli::notes::Volume;
use crate::cli::output::{Audience, Format, Output};
use crate::cli::stdin::pump_from;
use crate::running::{DEADLINE, Running};

/// What a person is shown.
#[derive(Clone, Default)]
struct Shown {
    printed: Kept,
    noted: Kept,
    complained: Kept,
}

impl Shown {
    fn screen(&self) -> Screen {
        let output = Output::over(self.printed.clone(), Format::Text, Audience::Pipe);
        let notes = Notes::over(self.noted.clone(), Volume::Normal);
        Screen::new(output, notes, Notes::over(self.complained.clone(), Volume::Normal))
    }
}

/// A running listener.
struct Listening {
    place: String,
    handle: Handle<Input>,
    ended: Running<Result<()>>,
    shown: Shown,
}

impl Listening {
    fn call(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.place).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream
    }

    /// Tells it to end, and gives how it did.
    fn end(self) -> Result<()> {
        self.handle.drain(DEADLINE);
        self.ended.outcome()
    }
}

/// A listener with these arguments on a free port, where this is typed.
fn listen(arguments: &str, typed: impl Read + Send + 'static, shown: Shown) -> Listening {
    let screen = shown.screen();
    listen_on("tcp://127.0.0.1:0", arguments, typed, shown, screen)
}

fn listen_on(
    endpoint: &str,
    arguments: &str,
    typed: impl Read + Send + 'static,
    shown: Shown,
    screen: Screen,
) -> Listening {
    let line = format!("sb-talk listen {endpoint} {arguments}");
    let args = TalkArgs::try_parse_from(line.split_whitespace()).unwrap();
    let Command::Listen(Listen { talk: args, once, .. }) = args.command else { unreachable!() };
    let then = if once { Then::End } else { Then::Next };
    let said = Kept::default();
    let notes = Notes::over(said.clone(), Volume::Normal);
    let options = args.session.options(&DEFAULTS, [&args.endpoint], &notes).unwrap();
    let (handle, ended) = if carries_datagrams(&args.endpoint).unwrap() {
        let letters = Letters::listening(then, args.quit_word.clone());
        let talk = DatagramTalk::new(letters, shown.screen(), args.wait);
        let mut server = open(talk, &options, Role::Server).unwrap();
        args.attach(&mut server, &options, &notes).unwrap();
        run(server, typed, screen)
    } else {
        let talk = args.stream_talk(then, &options, shown.screen());
        let mut server = open(talk, &options, Role::Server).unwrap();
        args.attach(&mut server, &options, &notes).unwrap();
        run(server, typed, screen)
    };
    let place = said.text().trim_end().rsplit_once('/').unwrap().1.to_owned();
    Listening { place, handle, ended, shown }
}

fn run<T: Talker + Send + 'static>(
    mut server: Reactor<Session<T>>,
    typed: impl Read + Send + 'static,
    screen: Screen,
) -> (Handle<Input>, Running<Result<()>>) {
    let (handle, mailbox) = (server.handle(), server.handle());
    let credit = pump_from(typed, move |input| drop(mailbox.post(input))).unwrap();
    tell(&mut server, |talk, link| talk.begin(link, screen.with_lines(credit, 1)));
    (handle, Running::begin(move || server.run()?.into_service().outcome()))
}

#[track_caller]
fn eventually(kept: &Kept, wanted: &str) {
    let began = Instant::now();
    while !kept.text().contains(wanted) {
        assert!(began.elapsed() < DEADLINE, "{wanted:?} never came, only {:?}", kept.text());
        thread::yield_now();
    }
}

/// An input where nothing is ever typed: a pipe that somebody holds open.
fn silence() -> (io::PipeReader, io::PipeWriter) {
    io::pipe().unwrap()
}

fn read(stream: &mut TcpStream, wanted: &str) {
    let mut bytes = vec![0; wanted.len()];
    stream.read_exact(&mut bytes).unwrap();
    assert_eq!(String::from_utf8_lossy(&bytes), wanted);
}

#[test]
fn the_next_caller_waits_until_the_first_has_left() {
    let (input, _typist) = silence();
    let ours = listen("--wait 0", input, Shown::default());
    let (mut first, mut second) = (ours.call(), ours.call());
    second.write_all(b"second").unwrap();
    first.write_all(b"first").unwrap();
    eventually(&ours.shown.printed, "first");
    drop(first);
    eventually(&ours.shown.printed, "second");
    assert_eq!(ours.shown.printed.text(), "first\nsecond\n");
    drop(second);
    ours.end().unwrap();
}

#[test]
fn what_is_typed_before_anybody_calls_is_for_the_first_who_does() {
    let ours = listen("--framing lines", &b"early\nbird\n"[..], Shown::default());
    let mut caller = ours.call();
    let mut heard = String::new();
    caller.read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "early\nbird\n");
    drop(caller);
    ours.end().unwrap();
}

#[test]
fn a_line_that_the_framing_refuses_is_told_of_and_the_rest_is_sent() {
    let ours = listen("--framing lines,max=4 --once", &b"one\nfar too long\ntwo\n"[..], Shown::default());
    let mut caller = ours.call();
    read(&mut caller, "one\ntwo\n");
    drop(caller);
    let failure = ours.ended.outcome().unwrap_err();
    assert_eq!(failure.fault(), Fault::Other);
    assert!(failure.message().ends_with(": 1"), "{}", failure.message());
    assert!(ours.shown.complained.text().starts_with("not sent: "));
}

#[test]
fn a_caller_who_vanishes_is_noted_and_the_next_served() {
    let (input, _typist) = silence();
    let ours = listen("--framing u8", input, Shown::default());
    let vanishing = ours.call();
    socket2::SockRef::from(&vanishing).set_linger(Some(Duration::ZERO)).unwrap();
    (&vanishing).write_all(b"\x02hi\x05half").unwrap();
    eventually(&ours.shown.printed, "hi");
    drop(vanishing);
    let mut next = ours.call();
    next.write_all(b"\x04next").unwrap();
    eventually(&ours.shown.printed, "next");
    drop(next);
    ours.end().unwrap();
}

#[test]
fn a_reader_who_leaves_our_output_ends_us() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (input, _typist) = silence();
    let shown = Shown::default();
    let notes = Notes::over(shown.noted.clone(), Volume::Normal);
    let screen = Screen::new(Output::over(Gone, Format::Text, Audience::Pipe), notes.clone(), notes);
    let ours = listen_on("tcp://127.0.0.1:0", "", input, shown, screen);
    let mut caller = ours.call();
    caller.write_all(b"to nobody").unwrap();
    assert_eq!(caller.read(&mut [0]).unwrap(), 0);
    drop(caller);
    let failure = ours.ended.outcome().unwrap_err();
    assert!(failure.message().contains("stdout was closed"), "{}", failure.message());
}

#[test]
fn datagrams_are_shown_with_their_sender_and_answered() {
    let (input, mut typist) = silence();
    let shown = Shown::default();
    let screen = shown.screen();
    let ours = listen_on("udp://127.0.0.1:0", "--once", input, shown, screen);
    let caller = UdpSocket::bind("127.0.0.1:0").unwrap();
    caller.set_read_timeout(Some(DEADLINE)).unwrap();
    caller.send_to(b"knock\n", &ours.place).unwrap();
    eventually(&ours.shown.printed, &format!("{}: knock\n", caller.local_addr().unwrap()));
    typist.write_all(b"come in\n").unwrap();
    let mut answer = [0; 16];
    let bytes = caller.recv(&mut answer).unwrap();
    assert_eq!(&answer[..bytes], b"come in");
    caller.send_to(b"q", &ours.place).unwrap();
    ours.ended.outcome().unwrap();
}
