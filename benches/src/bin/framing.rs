//! `framing [time|instructions|all]`: framing beside tokio-util and beside a copy of the same bytes.

use std::process::ExitCode;

use benches::contender::Contest;
use benches::framing::{Workload, decoding, encoding};
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
    for (spec, message_bytes, stream_bytes) in WORKLOADS {
        let workload = Workload::new(spec, *message_bytes, *stream_bytes);
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
    let (spec, message_bytes, stream_bytes) = WORKLOADS[0];
    Workload::new(spec, message_bytes, stream_bytes)
}

const DECODE: &str = "decode-pass";
const ENCODE: &str = "encode-pass";

/// What a worker reads at once: small enough to stay in a cache.
const READ: usize = 64 << 10;

/// Framing, bytes of a message, bytes of the stream.
const WORKLOADS: &[(&str, usize, usize)] = &[
    ("u32be", 64, READ),
    ("u32be", 64, 32 << 20), // from memory, not from a cache
    ("u32be", 16, READ),
    ("u32be", 1 << 10, READ),
    ("u32be", 64 << 10, 1 << 20),
    ("varint", 64, READ),
    ("python", 64, READ),
    ("netstring", 64, READ),
    ("u32be,crc32c", 64, READ),
    ("lines", 16, READ),
    ("lines", 64, READ),
    ("lines", 1 << 10, READ),
];
