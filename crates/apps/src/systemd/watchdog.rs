//! Signs of life: a thread asks the loops how they are, and tells the manager when all of them have answered. A loop that
//! is stuck does not answer, so the manager hears nothing, and does what its unit file says.

use std::process;
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use reactor::Handle;

use super::notify::{State, notify};
use super::variable;

/// Begins, if the manager wants to hear it.
pub(super) fn start<C: Send + 'static>(loops: Vec<Handle<C>>) {
    let Some(interval) = interval(process::id(), variable) else { return };
    let tell = move || notify(State::Alive);
    let started = thread::Builder::new().name("alive".into()).spawn(move || watch(&loops, interval, tell));
    if let Err(error) = started {
        tracing::warn!(%error, "nobody tells the service manager that we are alive");
    }
}

/// How often the manager is told: twice in the time that it waits, says `sd_watchdog_enabled(3)`.
fn interval(ours: u32, variable: impl Fn(&str) -> Option<String>) -> Option<Duration> {
    let micros: u64 = variable("WATCHDOG_USEC")?.parse().ok()?;
    let is_for_us = variable("WATCHDOG_PID").is_none_or(|pid| pid.parse() == Ok(ours));
    (is_for_us && micros > 0).then(|| Duration::from_micros(micros) / 2)
}

/// Asks and tells until all loops have stopped.
fn watch<C>(loops: &[Handle<C>], interval: Duration, tell: impl Fn()) {
    loop {
        let next = Instant::now() + interval;
        match ask(loops, next) {
            Answers::All => tell(),
            Answers::NotAll => {}
            Answers::Nobody => return,
        }
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Answers {
    All,
    NotAll,
    /// There is nobody to ask any more.
    Nobody,
}

/// Asks the loops that have not stopped, and waits for them until then.
fn ask<C>(loops: &[Handle<C>], deadline: Instant) -> Answers {
    let (said, hears) = mpsc::sync_channel(loops.len());
    let asked = loops.iter().filter(|one| ask_one(one, said.clone())).count();
    drop(said);
    for _ in 0..asked {
        match hears.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            // Nobody is left who could answer: the others have stopped meanwhile.
            Ok(()) | Err(RecvTimeoutError::Disconnected) => {}
            Err(RecvTimeoutError::Timeout) => return Answers::NotAll,
        }
    }
    if asked == 0 { Answers::Nobody } else { Answers::All }
}

fn ask_one<C>(one: &Handle<C>, said: SyncSender<()>) -> bool {
    // There is room for the answer of each; who is not waited for any more is not heard.
    let answer = move |_| {
        let _ = said.try_send(());
    };
    one.measure(answer).is_ok()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use reactor::{Closed, ConnId, Context, Handler, Limits, Origin, Reactor};

    use super::*;

    const DEADLINE: Duration = Duration::from_secs(20);

    /// Blocks its loop for as long as the order's other end is kept.
    struct Sleeper;

    impl Handler for Sleeper {
        type Command = mpsc::Receiver<()>;
        fn setup(&mut self, _: &mut Context<'_>, _: ConnId, _: Origin<'_>) {}
        fn handle(&mut self, _: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
            input.len()
        }
        fn command(&mut self, _: &mut Context<'_>, order: mpsc::Receiver<()>) {
            let _ = order.recv();
        }
        fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {}
    }

    #[test]
    fn the_interval_is_half_of_what_the_manager_waits() {
        let interval = |micros: &str, pid: Option<&str>| {
            interval(77, |name| match name {
                "WATCHDOG_USEC" => Some(micros.to_owned()),
                _ => pid.map(str::to_owned),
            })
        };
        assert_eq!(interval("3000000", None), Some(Duration::from_millis(1500)));
        assert_eq!(interval("3000000", Some("77")), Some(Duration::from_millis(1500)));
        for (micros, pid) in [("3000000", Some("78")), ("0", None), ("", None), ("x", None), ("3", Some("x"))]
        {
            assert_eq!(interval(micros, pid), None, "{micros} {pid:?}");
        }
    }

    #[test]
    fn the_manager_is_told_while_all_loops_turn_and_not_while_one_is_stuck() {
        let loops: Vec<Reactor<Sleeper>> =
            (0..2).map(|_| Reactor::new(Sleeper, Limits::default()).unwrap()).collect();
        let handles: Vec<_> = loops.iter().map(Reactor::handle).collect();
        let running: Vec<_> = loops.into_iter().map(|one| thread::spawn(|| one.run().map(drop))).collect();
        let soon = || Instant::now() + DEADLINE;
        assert_eq!(ask(&handles, soon()), Answers::All);

        let (wakes, order) = channel();
        handles[1].post(order).map_err(drop).unwrap();
        assert_eq!(ask(&handles, Instant::now() + Duration::from_millis(20)), Answers::NotAll);
        drop(wakes);
        assert_eq!(ask(&handles, soon()), Answers::All);

        handles[0].shutdown();
        let (told, hears) = channel();
        let watching = thread::spawn({
            let handles = handles.clone();
            move || watch(&handles, Duration::from_millis(1), move || told.send(()).unwrap())
        });
        hears.recv_timeout(DEADLINE).expect("the loop that is left is enough");
        handles[1].shutdown();
        for one in running {
            one.join().unwrap().unwrap();
        }
        watching.join().unwrap();
    }
}
