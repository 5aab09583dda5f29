//! What a person types: text, or a command after a slash. What it leads to is the client's.

/// A line, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// Text for the room one is in. `//` in front stands for one slash.
    Say(String),
    /// `/me TEXT`
    Me(String),
    /// `/msg NICK TEXT`
    Msg(String, String),
    /// `/join ROOM`
    Join(String),
    /// `/part [ROOM]`
    Part(Option<String>),
    /// `/rooms`
    Rooms,
    /// `/names`
    Names,
    /// `/nick NICK`
    Nick(String),
    /// `/topic [TEXT]`
    Topic(Option<String>),
    /// `/history [N]`
    History(Option<usize>),
    /// `/ignore [NICK]`
    Ignore(Option<String>),
    /// `/quiet`
    Quiet,
    /// `/help`
    Help,
    /// `/quit`
    Quit,
    /// An empty line.
    Nothing,
}

/// Why a line is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Mistyped {
    #[error("there is no /{0}; /help lists what there is, and // begins a line with a slash")]
    Unknown(String),
    #[error("it goes {0}")]
    Usage(&'static str),
}

/// Understands a line.
pub(super) fn parse(line: &str) -> Result<Typed, Mistyped> {
    let Some(command) = line.strip_prefix('/') else {
        let is_empty = line.trim().is_empty();
        return Ok(if is_empty { Typed::Nothing } else { Typed::Say(line.to_owned()) });
    };
    if command.starts_with('/') {
        return Ok(Typed::Say(command.to_owned()));
    }
    let (name, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    understand(name, rest.trim())
}

fn understand(name: &str, rest: &str) -> Result<Typed, Mistyped> {
    match name {
        "me" => text(rest, "/me TEXT").map(Typed::Me),
        "msg" => match rest.split_once(char::is_whitespace) {
            Some((nick, text)) => Ok(Typed::Msg(nick.to_owned(), text.trim().to_owned())),
            None => Err(Mistyped::Usage("/msg NICK TEXT")),
        },
        "join" => word(rest, "/join ROOM")?.map(Typed::Join).ok_or(Mistyped::Usage("/join ROOM")),
        "part" => word(rest, "/part [ROOM]").map(Typed::Part),
        "rooms" => nothing(rest, "/rooms", Typed::Rooms),
        "names" => nothing(rest, "/names", Typed::Names),
        "nick" => word(rest, "/nick NICK")?.map(Typed::Nick).ok_or(Mistyped::Usage("/nick NICK")),
        "topic" => Ok(Typed::Topic(Some(rest.to_owned()).filter(|topic| !topic.is_empty()))),
        "history" => count(rest, "/history [N]").map(Typed::History),
        "ignore" => word(rest, "/ignore [NICK]").map(Typed::Ignore),
        "quiet" => nothing(rest, "/quiet", Typed::Quiet),
        "help" => nothing(rest, "/help", Typed::Help),
        "quit" => nothing(rest, "/quit", Typed::Quit),
        unknown => Err(Mistyped::Unknown(unknown.to_owned())),
    }
}

fn text(rest: &str, usage: &'static str) -> Result<String, Mistyped> {
    if rest.is_empty() { Err(Mistyped::Usage(usage)) } else { Ok(rest.to_owned()) }
}

fn word(rest: &str, usage: &'static str) -> Result<Option<String>, Mistyped> {
    let mut words = rest.split_whitespace();
    let first = words.next().map(str::to_owned);
    if words.next().is_none() { Ok(first) } else { Err(Mistyped::Usage(usage)) }
}

fn count(rest: &str, usage: &'static str) -> Result<Option<usize>, Mistyped> {
    word(rest, usage)?.map(|word| word.parse().map_err(|_| Mistyped::Usage(usage))).transpose()
}

fn nothing(rest: &str, usage: &'static str, typed: Typed) -> Result<Typed, Mistyped> {
    if rest.is_empty() { Ok(typed) } else { Err(Mistyped::Usage(usage)) }
}

/// The answer to `/help`.
pub(super) const HELP: &str = "\
/join ROOM       go to a room, and talk there
/part [ROOM]     leave a room
/rooms           which rooms there are
/names           who is here
/nick NICK       go by another nick
/me TEXT         do something
/msg NICK TEXT   say something to one person
/topic [TEXT]    what the room is about, or shall be
/history [N]     what was said
/ignore [NICK]   hide what somebody says, or show it again
/quiet           hide who comes and goes, or show it again
/quit            hang up
//text           say /text";

#[cfg(test)]
mod tests {
    use super::*;

    fn say(text: &str) -> Typed {
        Typed::Say(text.to_owned())
    }

    #[test]
    fn text_is_said_as_it_was_typed() {
        assert_eq!(parse("hello"), Ok(say("hello")));
        assert_eq!(parse("  indented /me "), Ok(say("  indented /me ")));
        assert_eq!(parse("//etc/hosts"), Ok(say("/etc/hosts")));
        assert_eq!(parse("///"), Ok(say("//")));
        for empty in ["", "  ", "\t"] {
            assert_eq!(parse(empty), Ok(Typed::Nothing));
        }
    }

    #[test]
    fn commands_take_what_they_need() {
        let owned = str::to_owned;
        for (line, typed) in [
            ("/me waves at all", Typed::Me(owned("waves at all"))),
            ("/msg bob  are you there? ", Typed::Msg(owned("bob"), owned("are you there?"))),
            ("/join #rust", Typed::Join(owned("#rust"))),
            ("/part", Typed::Part(None)),
            ("/part rust", Typed::Part(Some(owned("rust")))),
            ("/rooms ", Typed::Rooms),
            ("/names", Typed::Names),
            ("/nick ann", Typed::Nick(owned("ann"))),
            ("/topic", Typed::Topic(None)),
            ("/topic tea and cake", Typed::Topic(Some(owned("tea and cake")))),
            ("/history", Typed::History(None)),
            ("/history 5", Typed::History(Some(5))),
            ("/ignore bob", Typed::Ignore(Some(owned("bob")))),
            ("/quiet", Typed::Quiet),
            ("/help", Typed::Help),
            ("/quit", Typed::Quit),
        ] {
            assert_eq!(parse(line), Ok(typed), "{line}");
        }
    }

    #[test]
    fn mistakes_are_answered_with_how_it_goes() {
        for line in
            ["/me", "/msg bob", "/join", "/join a b", "/nick", "/history x", "/history -1", "/quit now"]
        {
            let name = line.split(' ').next().unwrap();
            match parse(line) {
                Err(Mistyped::Usage(usage)) => assert!(usage.starts_with(name), "{line}: {usage}"),
                other => panic!("{line}: {other:?}"),
            }
        }
        assert_eq!(parse("/dance wildly"), Err(Mistyped::Unknown("dance".to_owned())));
        assert_eq!(parse("/"), Err(Mistyped::Unknown(String::new())));
    }

    #[test]
    fn help_names_every_command() {
        let names = [
            "join", "part", "rooms", "names", "nick", "me", "msg", "topic", "history", "ignore", "quiet",
            "quit",
        ];
        for name in names {
            assert!(HELP.contains(&format!("/{name} ")), "{name}");
            assert!(!matches!(parse(&format!("/{name}")), Err(Mistyped::Unknown(_))), "{name}");
        }
    }
}
