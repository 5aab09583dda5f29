//! `load_room tcp://HOST:PORT -c MEMBERS --room MEMBERS [--mode idle|bare] --time N[ms] --pid PID`: a load for a hub, as
//! `sb-load` is one for an echo server. Every byte that its members hear is checked. It prints a summary with the same
//! fields, as far as they make sense.

use std::collections::HashMap;
use std::error::Error;
use std::time::{Duration, Instant};

use benches::room::{self, Hub, Process};

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let endpoint = words.next().ok_or("where is the hub?")?;
    let address = endpoint.trim_start_matches("tcp://").parse()?;
    let options = options(words);
    let option = |name: &str| options.get(name).cloned().ok_or(format!("{name} is missing"));
    let (members, room_members) = (option("-c")?.parse()?, option("--room")?.parse()?);
    let mode = option("--mode").unwrap_or_default();
    let hub = if mode == "bare" { Hub::Bare } else { Hub::Chat };
    let process = Process(option("--pid")?.parse()?);

    // What a process needs for its first caller is not counted for all of them.
    drop(room::fill(hub, address, usize::from(hub == Hub::Chat), 1)?);
    let memory = process.resident_bytes()?;
    let mut members: Vec<_> = room::fill(hub, address, members, room_members)?;
    let grown = process.resident_bytes()?.saturating_sub(memory);
    let time = if mode == "idle" { Duration::ZERO } else { milliseconds(&option("--time")?)? };
    if !time.is_zero() {
        // Until then the hub is busy telling everybody who has come.
        room::say_to_all(hub, &mut members, 0)?;
    }
    let (before, began) = (process.processor_ns()?, Instant::now());
    let said = room::talk(hub, &mut members, time)?;
    let cost = process.processor_ns()? - before;
    let per_second = said as f64 / began.elapsed().as_secs_f64();
    let (each, bytes) = (cost as f64 / said.max(1) as f64, grown as f64 / members.len() as f64);
    println!(
        r#"{{"messages":{},"messages_per_s":{per_second},"latency":{{"p50_ns":0,"p999_ns":0}},"server":{{"cpu_ns_per_message":{each},"resident_bytes_per_connection":{bytes}}}}}"#,
        said.max(1)
    );
    Ok(())
}

/// Names with their values; a name without one has the next name as its value, and nobody asks for it.
fn options(words: impl Iterator<Item = String>) -> HashMap<String, String> {
    let words: Vec<String> = words.collect();
    words.windows(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
}

fn milliseconds(text: &str) -> Result<Duration, Box<dyn Error>> {
    Ok(Duration::from_millis(text.trim_end_matches("ms").parse()?))
}
