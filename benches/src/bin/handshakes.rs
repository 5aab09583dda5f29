//! `handshakes [PYTHON...]`: what a handshake costs in each dialect, beside Python's own listener, and what it costs to
//! refuse a stranger.
//!
//! The rates are those of one blocking caller of ours, the same for every server: connection, handshake, hang-up.

use std::io;
use std::time::{Duration, Instant};

use benches::handshakes::{
    Forged, OurServer, PythonListener, call_for, in_memory, policy, refuse, strangers_hello,
};
use benches::processor::{self, Meter};
use switchboard::auth::{Dialect, Policy};

fn main() -> io::Result<()> {
    println!("\none handshake, both sides, in memory\n\n| {:<28} | {:>10} |\n|---|---:|", "dialect", "us");
    for dialect in DIALECTS {
        let policy = policy(dialect);
        println!("| {:<28} | {:>10.2} |", dialect.to_string(), micros(|| in_memory(&policy)));
    }
    println!("\nrefusing a stranger on noise\n\n| {:<28} | {:>10} |\n|---|---:|", "what is wrong", "us");
    let noise = policy(Dialect::Noise);
    for forged in [Forged::KeyId, Forged::Proof] {
        let (hello, mut out) = (strangers_hello(forged), Vec::new());
        let taken = micros(|| refuse(&noise, &hello, &mut out));
        println!("| {:<28} | {taken:>10.2} |", format!("{forged:?}"));
    }
    over_sockets()
}

/// Rounds are interleaved, so that whatever else the machine does hits all alike.
fn over_sockets() -> io::Result<()> {
    let mut contenders = contenders()?;
    for _ in 0..ROUNDS {
        for contender in &mut contenders {
            contender.run_round()?;
        }
    }
    let (server, rate, taken) = ("server", "a second", "server's us");
    println!(
        "\nhandshakes over the loopback\n\n| {server:<28} | {rate:>10} | {taken:>11} |\n|---|---:|---:|"
    );
    for contender in contenders {
        let (rate, taken) = (median(contender.rates), contender.taken.as_secs_f64() * 1e6 / contender.calls);
        println!("| {:<28} | {rate:>10.0} | {taken:>11.1} |", contender.name);
    }
    Ok(())
}

/// Ours in each dialect, and the Pythons that were named.
fn contenders() -> io::Result<Vec<Contender>> {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let names = if names.is_empty() { vec!["python3".to_owned()] } else { names };
    let mut contenders = Vec::new();
    for dialect in DIALECTS {
        contenders.push(Contender::ours(dialect)?);
    }
    for name in names {
        match PythonListener::start(&name) {
            Ok(listener) => contenders.push(Contender::python(listener)),
            Err(error) => eprintln!("{name} is left out: {error}"),
        }
    }
    Ok(contenders)
}

/// A server, and what it has shown so far.
struct Contender {
    name: String,
    server: Server,
    policy: Policy,
    /// Handshakes a second in each round.
    rates: Vec<f64>,
    calls: f64,
    /// Its processor time for all of them.
    taken: Duration,
}

enum Server {
    Ours(OurServer),
    Python(PythonListener),
}

impl Contender {
    fn ours(dialect: Dialect) -> io::Result<Contender> {
        let policy = policy(dialect);
        let server = Server::Ours(OurServer::start(policy.clone())?);
        Ok(Contender::new(format!("ours, {dialect}"), server, policy))
    }

    fn python(listener: PythonListener) -> Contender {
        Contender::new(listener.name.clone(), Server::Python(listener), policy(Dialect::Python))
    }

    fn new(name: String, server: Server, policy: Policy) -> Contender {
        Contender { name, server, policy, rates: Vec::new(), calls: 0.0, taken: Duration::ZERO }
    }

    fn run_round(&mut self) -> io::Result<()> {
        let (address, meter): (_, &Meter) = match &self.server {
            Server::Ours(server) => (server.address, &server.meter),
            Server::Python(listener) => (listener.address, &listener.meter),
        };
        let before = meter.read()?;
        let (calls, span) = call_for(address, &self.policy, ROUND)?;
        self.taken += meter.read()?.saturating_sub(before);
        self.calls += calls;
        self.rates.push(calls / span.as_secs_f64());
        Ok(())
    }
}

/// Microseconds of processor time that it takes once: the median of rounds that fill a few milliseconds each.
fn micros(mut work: impl FnMut()) -> f64 {
    let mut rounds = Vec::new();
    for _ in 0..SHORT_ROUNDS {
        let (begin, before, mut times) = (Instant::now(), processor::of_this_thread(), 0.0);
        while begin.elapsed() < SHORT_ROUND {
            (0..16).for_each(|_| work());
            times += 16.0;
        }
        rounds.push(processor::of_this_thread().saturating_sub(before).as_secs_f64() * 1e6 / times);
    }
    median(rounds)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

const DIALECTS: [Dialect; 5] = Dialect::ALL;
/// Odd, so that the median is a round that took place.
const ROUNDS: usize = 21;
const ROUND: Duration = Duration::from_millis(200);
const SHORT_ROUNDS: usize = 51;
const SHORT_ROUND: Duration = Duration::from_millis(5);
