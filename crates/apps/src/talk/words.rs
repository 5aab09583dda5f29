//! The command line of `sb-talk` as it was typed, in which `meet` may be left out: an endpoint alone is enough to meet
//! everybody there. What the words mean is clap's to say.

use std::ffi::OsString;

use crate::endpoint::Endpoint;

/// The words as clap reads them, the program's name first.
pub fn words(typed: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut words: Vec<OsString> = typed.into_iter().collect();
    if words.len() > 1 && lacks_its_command(&words[1..]) {
        words.insert(1, "meet".into());
    }
    words
}

/// Whether the first word that is no option is an endpoint. No command looks like one.
fn lacks_its_command(words: &[OsString]) -> bool {
    let mut words = words.iter().filter_map(|word| word.to_str());
    words.find(|word| !word.starts_with('-')).is_some_and(|word| word.parse::<Endpoint>().is_ok())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::talk::{Command, TalkArgs};

    fn command(line: &str) -> Result<Command, String> {
        let typed = TalkArgs::try_parse_from(words(line.split_whitespace().map(OsString::from)));
        typed.map(|typed| typed.command).map_err(|error| error.to_string())
    }

    #[test]
    fn an_endpoint_alone_means_to_meet_everybody_there() {
        for line in [
            "sb-talk udp://239.1.2.3:5000",
            "sb-talk meet udp://239.1.2.3:5000",
            "sb-talk --json -q udp://[ff02::1%lo]:9 --quit-word over",
            "sb-talk --ttl=0 udp://239.1.2.3:5000",
            "sb-talk 127.0.0.1:9",
        ] {
            assert!(matches!(command(line), Ok(Command::Meet(_))), "{line}");
        }
    }

    #[test]
    fn a_command_is_what_it_was_before() {
        assert!(matches!(command("sb-talk -q listen udp://239.1.2.3:5000"), Ok(Command::Listen(_))));
        assert!(matches!(command("sb-talk call 127.0.0.1:9"), Ok(Command::Call(_))));
        let mistyped = command("sb-talk lisen 127.0.0.1:9").unwrap_err();
        assert!(mistyped.contains("'listen'"), "{mistyped}");
        assert!(command("sb-talk").is_err() && command("sb-talk -q").is_err());
    }
}
