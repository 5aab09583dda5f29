//! Prints what was measured, as a table that can be pasted into the README.

use crate::rounds::Timing;

/// One contest: its title, and a line for each contender.
pub fn print(title: &str, timings: &[Timing]) {
    println!("\n{title}\n");
    println!("| {:<34} | {:>10} | {:>9} |", "", "ns/message", "x memcpy");
    println!("|{:-<36}|{:->11}:|{:->10}:|", "", "", "");
    for Timing { name, message_ns, ratio } in timings {
        println!("| {name:<34} | {message_ns:>10.2} | {ratio:>9.2} |");
    }
}

/// Instructions a message, a line for each contender.
pub fn print_instructions(title: &str, counts: &[(&'static str, f64)]) {
    println!("\n{title}\n");
    println!("| {:<34} | {:>20} |", "", "instructions/message");
    println!("|{:-<36}|{:->21}:|", "", "");
    for (name, count) in counts {
        println!("| {name:<34} | {count:>20.1} |");
    }
}
