//! The log of what happens inside, on stderr, for whoever asks with `-v`.
//!
//! Leaves messages for users to `cli::output`. Nothing secret is ever given to `tracing`.

use tracing::level_filters::LevelFilter;

use super::notes::{Log, Volume};

/// Starts logging: warnings unless asked to be quiet, more with each `-v`. To be called once, by a program's main.
pub fn start(volume: Volume, verbose: u8) {
    let subscriber = tracing_subscriber::fmt()
        .with_writer(|| Log)
        .with_max_level(level(volume, verbose))
        .with_target(verbose > 1)
        .without_time()
        .finish();
    // A subscriber that is there already was put there by a program that embeds us, and stays.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

fn level(volume: Volume, verbose: u8) -> LevelFilter {
    match verbose {
        0 if volume == Volume::Quiet => LevelFilter::ERROR,
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
    fn each_v_says_more_and_quiet_says_less() {
        let levels = [0, 1, 2, 3, 255].map(|verbose| level(Volume::Normal, verbose));
        let expected = [
            LevelFilter::WARN,
            LevelFilter::INFO,
            LevelFilter::DEBUG,
            LevelFilter::TRACE,
            LevelFilter::TRACE,
        ];
        assert_eq!(levels, expected);
        assert_eq!(level(Volume::Quiet, 0), LevelFilter::ERROR);
        assert_eq!(level(Volume::Quiet, 1), LevelFilter::INFO);
    }
}
