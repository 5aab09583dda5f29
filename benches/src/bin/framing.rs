//! `framing [time|instructions|all]`: framing beside tokio-util and beside a copy of the same bytes.

use std::process::ExitCode;

use benches::contender::Contest;
use benches::framing::{Sizes, Workload, decoding, encoding};
use benches::{instructions, rounds, table};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] | ["time"] => time_all(),
        ["instructions"] => return count_all(),
        ["all"] => {
            time_all();
            return count_all();
        }
        [DECODE, name] => run_one(decoding(&headline()), name),
        [ENCODE, name] => run_one(encoding(&headline()), name),
        _ => {
            eprintln!("usage: framing [time|instructions|all]");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn time_all() {
    for (spec, sizes, stream_bytes) in WORKLOADS {
        let workload = Workload::new(spec, *sizes, *stream_bytes);
        for mut contest in [decoding(&workload), encoding(&workload)] {
            let timings = rounds::run(&mut contest);
            table::print(&contest.title, &timings);
        }
    }
}

fn count_all() -> ExitCode {
    for (mode, contest) in [(DECODE, decoding(&headline())), (ENCODE, encoding(&headline()))] {
        match instructions::count(&contest, mode) {
            Ok(counts) => table::print_instructions(&contest.title, &counts),
            Err(reason) => {
                eprintln!("instructions cannot be counted: {reason}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

/// What valgrind is started on.
fn run_one(contest: Contest, name: &str) {
    for mut contender in contest.contenders {
        if contender.name() == name {
            instructions::run_passes(contender.as_mut());
        }
    }
}

/// The one that the figures to reach are about.
fn headline() -> Workload {
    let (spec, sizes, stream_bytes) = WORKLOADS[0];
    Workload::new(spec, sizes, stream_bytes)
}

const DECODE: &str = "decode-pass";
const ENCODE: &str = "encode-pass";

/// What a worker reads at once: small enough to stay in a cache.
const READ: usize = 64 << 10;

/// What stays in a cache, and is long enough that no branch predictor learns its sizes by heart.
const LONG: usize = 1 << 20;

/// Framing, sizes of the messages, bytes of the stream.
const WORKLOADS: &[(&str, Sizes, usize)] = &[
    ("u32be", Sizes::Equal(64), READ),
    ("u32be", Sizes::Equal(64), 32 << 20), // from memory, not from a cache
    ("u32be", Sizes::UpTo(128), LONG),
    ("u32be", Sizes::Either(40, 80), LONG),
    ("u32be", Sizes::Equal(16), READ),
    ("u32be", Sizes::Equal(1 << 10), READ),
    ("u32be", Sizes::Equal(64 << 10), 1 << 20),
    ("u16le", Sizes::Equal(64), READ),
    ("varint", Sizes::Equal(64), READ),
    ("python", Sizes::Equal(64), READ),
    ("netstring", Sizes::Equal(64), READ),
    ("u32be,crc32c", Sizes::Equal(64), READ),
    ("lines", Sizes::Equal(16), READ),
    ("lines", Sizes::Equal(64), READ),
    ("lines", Sizes::Equal(1 << 10), READ),
];
