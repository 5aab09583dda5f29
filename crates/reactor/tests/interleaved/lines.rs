//! The line of a blocking call: no byte is lost between the loop and the thread, and neither is left waiting.

use std::sync::Arc;

use bytes::Bytes;
use loom::sync::Condvar;
use loom::sync::Mutex;
use loom::thread;

use crate::Pressure;
use crate::in_every_order;
use crate::line::{Fill, INBOX_BYTES_MAX, Line, OUTSTANDING_BYTES_MAX, Taken};

#[test]
fn what_was_heard_is_taken_in_order_and_then_the_end() {
    in_every_order(|| {
        let line = Arc::new(Line::default());
        let taker = thread::spawn({
            let line = Arc::clone(&line);
            move || std::iter::from_fn(|| line.take().unwrap().0).collect::<Vec<_>>().concat()
        });
        line.put(Bytes::from_static(b"a"));
        line.put(Bytes::from_static(b"b"));
        line.end_input();
        assert_eq!(taker.join().unwrap(), b"ab");
    });
}

#[test]
fn what_was_heard_before_the_cut_is_still_taken() {
    in_every_order(|| {
        let line = Arc::new(Line::default());
        let taker = thread::spawn({
            let line = Arc::clone(&line);
            move || (line.take(), line.take().unwrap_err(), line.reserve(1).unwrap_err())
        });
        line.put(Bytes::from_static(b"last words"));
        line.cut("reset".to_owned());
        let (words, cut, refused) = taker.join().unwrap();
        assert_eq!(words.unwrap().0.unwrap(), "last words");
        assert_eq!((cut, refused), ("reset".to_owned(), "reset".to_owned()));
    });
}

#[test]
fn who_heard_the_end_is_not_told_of_a_cut() {
    in_every_order(|| {
        let line = Line::default();
        line.end_input();
        line.cut("closed".to_owned());
        assert_eq!(line.take(), Ok((None, Taken::Nothing)));
    });
}

/// The way back to the loop: whether it was told to read on.
#[derive(Default)]
struct Resumed(Mutex<usize>, Condvar);

impl Resumed {
    fn tell(&self) {
        *self.0.lock().unwrap() += 1;
        self.1.notify_one();
    }

    fn wait(&self) {
        let mut told = self.0.lock().unwrap();
        while *told == 0 {
            told = self.1.wait(told).unwrap();
        }
        *told -= 1;
    }
}

#[test]
fn a_loop_that_paused_is_told_to_read_on_exactly_once_for_each_pause() {
    static HALF: [u8; INBOX_BYTES_MAX / 2] = [0; INBOX_BYTES_MAX / 2];
    in_every_order(|| {
        let (line, resumed) = (Arc::new(Line::default()), Arc::new(Resumed::default()));
        let taker = thread::spawn({
            let (line, resumed) = (Arc::clone(&line), Arc::clone(&resumed));
            move || {
                while let (Some(_), taken) = line.take().unwrap() {
                    if taken == Taken::RoomAgain {
                        resumed.tell();
                    }
                }
            }
        });
        for _ in 0..3 {
            if line.put(Bytes::from_static(&HALF)) == Fill::Full {
                resumed.wait();
            }
        }
        line.end_input();
        taker.join().unwrap();
        assert_eq!(*resumed.0.lock().unwrap(), 0, "told once too often");
    });
}

#[test]
fn the_inbox_is_full_at_its_limit_and_has_room_at_half() {
    in_every_order(|| {
        let line = Line::default();
        let half = Bytes::from(vec![0; INBOX_BYTES_MAX / 2]);
        assert_eq!(line.put(half.slice(1..)), Fill::Room);
        assert_eq!(line.put(half.clone()), Fill::Room);
        assert_eq!(line.put(Bytes::from_static(b"x")), Fill::Full);
        assert_eq!(line.take().unwrap().1, Taken::Nothing, "one byte over half is left");
        assert_eq!(line.take().unwrap().1, Taken::RoomAgain);
        assert_eq!(line.take().unwrap().1, Taken::Nothing, "told once");
    });
}

/// A sender with nothing left to hand over may go on when `relieve` has been done by the loop.
fn goes_on_after(hold: impl Fn(&Line), relieve: impl Fn(&Line)) {
    let line = Arc::new(Line::default());
    hold(&line);
    let sender = thread::spawn({
        let line = Arc::clone(&line);
        move || line.reserve(1)
    });
    relieve(&line);
    sender.join().unwrap().unwrap();
}

#[test]
fn a_sender_goes_on_when_the_loop_has_taken_over() {
    in_every_order(|| {
        goes_on_after(|line| line.reserve(OUTSTANDING_BYTES_MAX).unwrap(), |line| line.handed_over(1));
    });
}

#[test]
fn a_sender_goes_on_when_the_peer_reads() {
    in_every_order(|| {
        goes_on_after(|line| line.press(Pressure::High), |line| line.press(Pressure::Low));
    });
}
