//! The log of what happens inside, on stderr, for whoever asks with `-v`.
//!
//! Leaves messages for users to `cli::output`. Nothing secret is ever given to `tracing`.

use std::io;

use tracing::level_filters::LevelFilter;

use super::colour::Colour;

/// Starts logging: warnings always, more with each `-v`. To be called once, by a program's main.
pub fn start(verbose: u8) {
    let subscriber = tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_max_level(level(verbose))
        .with_ansi(Colour::stderr() == Colour::On)
        .with_target(verbose > 1)
        .without_time()
        .finish();
    // A subscriber that is there already was put there by a program that embeds us, and stays.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

fn level(verbose: u8) -> LevelFilter {
    match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_v_says_more() {
        assert_eq!(level(0), LevelFilter::WARN);
        assert!((0..4).all(|count| level(count) < level(count + 1) || count == 3));
        assert_eq!(level(255), LevelFilter::TRACE);
    }
}
