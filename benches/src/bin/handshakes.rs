//! `handshakes [PYTHON...]`: what a handshake costs in each dialect, beside Python's own listener, and what it costs to
//! refuse a stranger.
//!
//! The rates are those of one blocking caller of ours, the same for every server: connection, handshake, hang-up.

use std::io;
use std::time::{Duration, Instant};

use benches::handshakes::{
    Forged, OurServer, PythonListener, in_memory, policy, rate, refuse, strangers_hello,
};
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
    let names: Vec<String> = std::env::args().skip(1).collect();
    let names = if names.is_empty() { vec!["python3".to_owned()] } else { names };
    let mut contenders = Vec::new();
    for dialect in DIALECTS {
        contenders.push(Contender::Ours(dialect, OurServer::start(policy(dialect))?));
    }
    for name in names {
        match PythonListener::start(&name) {
            Ok(listener) => contenders.push(Contender::Python(listener)),
            Err(error) => eprintln!("{name} is left out: {error}"),
        }
    }
    let mut rates = vec![Vec::new(); contenders.len()];
    for _ in 0..ROUNDS {
        for (contender, rates) in contenders.iter().zip(&mut rates) {
            rates.push(contender.rate()?);
        }
    }
    println!(
        "\nhandshakes a second, over the loopback\n\n| {:<28} | {:>10} |\n|---|---:|",
        "server", "a second"
    );
    for (contender, rates) in contenders.iter().zip(rates) {
        println!("| {:<28} | {:>10.0} |", contender.name(), median(rates));
    }
    Ok(())
}

enum Contender {
    Ours(Dialect, OurServer),
    Python(PythonListener),
}

impl Contender {
    fn name(&self) -> String {
        match self {
            Contender::Ours(dialect, _) => format!("ours, {dialect}"),
            Contender::Python(listener) => listener.name.clone(),
        }
    }

    fn rate(&self) -> io::Result<f64> {
        let (address, policy): (_, Policy) = match self {
            Contender::Ours(dialect, server) => (server.address, policy(*dialect)),
            Contender::Python(listener) => (listener.address, policy(Dialect::Python)),
        };
        rate(address, &policy, ROUND)
    }
}

/// Microseconds that it takes once: the median of rounds that fill a few milliseconds each.
fn micros(mut work: impl FnMut()) -> f64 {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let (begin, mut times) = (Instant::now(), 0.0);
        while begin.elapsed() < SHORT_ROUND {
            (0..16).for_each(|_| work());
            times += 16.0;
        }
        rounds.push(begin.elapsed().as_secs_f64() * 1e6 / times);
    }
    median(rounds)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

const DIALECTS: [Dialect; 5] = Dialect::ALL;
/// Odd, so that the median is a round that took place.
const ROUNDS: usize = 11;
const ROUND: Duration = Duration::from_millis(200);
const SHORT_ROUND: Duration = Duration::from_millis(5);
