//! What follows from a typed line: a request to the hub, or something of our own.

use super::{Client, Purpose, Shown, Step};
use crate::chat::hub::RoomName;
use crate::chat::join::typed::{HELP, Typed, parse};
use crate::chat::schema::Request;

impl Client {
    /// Takes in a line. Each is followed by [`Step::NextLine`] sooner or later, or by the end.
    pub(in crate::chat::join) fn handle_line(&mut self, line: &[u8], steps: &mut Vec<Step>) {
        self.is_listening = false;
        let typed = match std::str::from_utf8(line) {
            // Files from elsewhere end their lines with both.
            Ok(line) => parse(line.strip_suffix('\r').unwrap_or(line)).map_err(|error| error.to_string()),
            Err(_) => Err("a line that is no UTF-8 cannot be said".to_owned()),
        };
        match typed.and_then(|typed| self.request_for(typed, steps)) {
            Ok(Some(request)) if self.is_ready => self.ask(request, Purpose::Line, steps),
            Ok(Some(request)) => self.interrupted = Some(request),
            Ok(None) => self.listen(steps),
            Err(mistake) => {
                self.refused += 1;
                steps.push(Step::Show(Shown::Alarm(mistake)));
                self.listen(steps);
            }
        }
    }

    /// The request for what was typed, or nothing if it was between us and the typist.
    fn request_for(&mut self, typed: Typed, steps: &mut Vec<Step>) -> Result<Option<Request>, String> {
        let room = self.current.clone().ok_or_else(|| "join a room first: /join ROOM".to_owned());
        let request = match typed {
            Typed::Say(text) => Request::Say { room: room?, text },
            Typed::Me(text) => Request::Me { room: room?, text },
            Typed::Msg(to, text) => Request::Msg { to, text },
            Typed::Join(room) => Request::Join { room: plain(&room)?, after: None },
            Typed::Part(named) => Request::Part { room: named.map_or(room, |named| plain(&named))? },
            Typed::Rooms => Request::Rooms,
            Typed::Names => Request::Names { room: room? },
            Typed::Nick(nick) => Request::Nick { nick },
            Typed::Topic(topic) => Request::Topic { room: room?, topic },
            Typed::History(limit) => Request::History { room: room?, after: None, before: None, limit },
            Typed::Quit => {
                steps.push(Step::Leave);
                return Ok(None);
            }
            Typed::Nothing => return Ok(None),
            Typed::Help => {
                steps.extend(HELP.lines().map(|line| Step::Show(Shown::Note(line.to_owned()))));
                return Ok(None);
            }
            Typed::Ignore(nick) => {
                steps.push(Step::Show(Shown::Note(self.ignore(nick))));
                return Ok(None);
            }
            Typed::Quiet => {
                self.hides_presence = !self.hides_presence;
                let shown = if self.hides_presence { "hidden" } else { "shown" };
                steps.push(Step::Show(Shown::Note(format!("who comes and goes is {shown} now"))));
                return Ok(None);
            }
        };
        Ok(Some(request))
    }

    /// Ignores somebody, or no longer; without a nick, tells who is ignored.
    fn ignore(&mut self, nick: Option<String>) -> String {
        let Some(nick) = nick else {
            let names: Vec<&str> = self.ignored.iter().map(String::as_str).collect();
            return format!(
                "ignored: {}",
                if names.is_empty() { "nobody".to_owned() } else { names.join(" ") }
            );
        };
        let folded = nick.to_ascii_lowercase();
        if self.ignored.remove(&folded) {
            return format!("{nick} is heard again");
        }
        self.ignored.insert(folded);
        format!("{nick} is ignored now")
    }
}

/// A room's name as the hub writes it, which is how we keep account of it.
fn plain(room: &str) -> Result<String, String> {
    RoomName::parse(room).map(|name| name.to_string()).map_err(|refusal| refusal.to_string())
}
