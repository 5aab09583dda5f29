//! What was typed, read by clap: help as clap prints it, errors as one line like all our others.

use std::ffi::OsString;

use clap::Parser;
use clap::error::ErrorKind;

use super::exit::{Failure, Fault, Result};

/// Reads the command line. Help and the version end the program here.
pub fn read<A: Parser>() -> Result<A> {
    read_words(std::env::args_os())
}

/// The same with these words, the program's name first.
pub fn read_words<A: Parser>(words: impl IntoIterator<Item = OsString>) -> Result<A> {
    A::try_parse_from(words).map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => error.exit(),
        _ => Failure::new(Fault::Usage, one_line(&error.to_string())),
    })
}

/// The first paragraph says what is wrong, one that begins with `tip:` what may be meant; the rest is usage, which
/// `--help` prints.
fn one_line(rendered: &str) -> String {
    let mut paragraphs =
        rendered.split("\n\n").map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    let fault = paragraphs.next().unwrap_or_default();
    let fault = fault.strip_prefix("error: ").unwrap_or(&fault).to_owned();
    match paragraphs.find_map(|text| text.strip_prefix("tip: ").map(str::to_owned)) {
        Some(tip) => format!("{fault} ({tip})"),
        None => format!("{fault} (see --help)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Parser)]
    struct Typed {
        #[arg(long)]
        count: u8,
    }

    fn message(words: &[&str]) -> String {
        one_line(&Typed::try_parse_from(words).unwrap_err().to_string())
    }

    #[test]
    fn an_error_is_one_line() {
        assert_eq!(
            message(&["x"]),
            "the following required arguments were not provided: --count <COUNT> (see --help)"
        );
        assert_eq!(
            message(&["x", "--cout=1"]),
            "unexpected argument '--cout' found (a similar argument exists: '--count')"
        );
        assert!(message(&["x", "--count=300"]).starts_with("invalid value '300' for '--count <COUNT>'"));
    }
}
