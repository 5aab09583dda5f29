//! The log of what happens inside: on stderr for whoever asks with `-v`, and in a file for whoever names one.
//!
//! Leaves messages for users to `cli::output`. Nothing secret is ever given to `tracing`.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Mutex;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::{Layer, SubscriberExt};

use super::notes::{Log, Volume};

/// Starts logging: warnings unless asked to be quiet, more with each `-v`, and everything into the file that
/// `SWITCHBOARD_LOG` names. To be called once, by a program's main.
///
/// # Errors
/// The file cannot be opened. The log to stderr goes on without it.
pub fn start(volume: Volume, verbose: u8) -> io::Result<()> {
    let to_stderr = fmt::layer().with_writer(|| Log).with_target(verbose > 1).without_time();
    let file = std::env::var_os(FILE_VARIABLE).map(|path| open(Path::new(&path))).transpose();
    let (file, outcome) = file.map_or_else(|error| (None, Err(error)), |file| (file, Ok(())));
    let to_file = file.map(|file| fmt::layer().with_writer(Mutex::new(file)));
    let subscriber =
        tracing_subscriber::registry().with(to_stderr.with_filter(level(volume, verbose))).with(to_file);
    // A subscriber that is there already was put there by a program that embeds us, and stays.
    let _ = tracing::subscriber::set_global_default(subscriber);
    outcome
}

/// Several programs may log to one file. It tells who talked to whom, which is nobody else's business.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

/// Names the file in which everything is logged.
pub const FILE_VARIABLE: &str = "SWITCHBOARD_LOG";

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
