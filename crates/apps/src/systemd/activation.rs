//! Sockets that were opened before we were started: which descriptors, and under which names. Taking them over is left
//! to `endpoint`.

use std::process;

use super::variable;

/// The descriptor of the socket that was passed under this name; without a name, of the only one that was passed.
pub fn passed(name: &str) -> Result<u32, ActivationError> {
    find(&sockets(process::id(), variable)?, name)
}

/// Why no socket can be found. It is told to whoever wrote the unit file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ActivationError {
    #[error(
        "no sockets were passed to this program: LISTEN_FDS is not set, so no service manager started it"
    )]
    NoneWerePassed,
    #[error("the sockets in LISTEN_FDS are for process {theirs}, and this is {ours}")]
    ForSomebodyElse { theirs: u32, ours: u32 },
    #[error("{variable}={value:?} does not say what it should")]
    Unreadable { variable: &'static str, value: String },
    #[error("no socket of the name {name:?} was passed, only {passed}")]
    Unknown { name: String, passed: String },
    #[error("several sockets were passed, {passed}: name the one that is meant, as in fd:{FIRST}")]
    Several { passed: String },
}

/// A descriptor and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Passed {
    number: u32,
    name: String,
}

/// What was passed to the process of this id; never nothing.
fn sockets(ours: u32, variable: impl Fn(&str) -> Option<String>) -> Result<Vec<Passed>, ActivationError> {
    let count = variable("LISTEN_FDS").ok_or(ActivationError::NoneWerePassed)?;
    let count = number("LISTEN_FDS", &count)?;
    // A process that it was meant for may have started us and left its environment.
    if let Some(theirs) = variable("LISTEN_PID") {
        let theirs = number("LISTEN_PID", &theirs)?;
        if theirs != ours {
            return Err(ActivationError::ForSomebodyElse { theirs, ours });
        }
    }
    if count == 0 || count > SOCKETS_MAX {
        return Err(ActivationError::Unreadable { variable: "LISTEN_FDS", value: count.to_string() });
    }
    let names = variable("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':');
    let passed = |number| {
        let name = names.next().filter(|name| !name.is_empty()).unwrap_or(NAMELESS).to_owned();
        Passed { number, name }
    };
    Ok((FIRST..FIRST + count).map(passed).collect())
}

fn find(sockets: &[Passed], name: &str) -> Result<u32, ActivationError> {
    let meant: Vec<&Passed> = sockets.iter().filter(|one| name.is_empty() || one.name == name).collect();
    match meant[..] {
        [one] => Ok(one.number),
        [] => Err(ActivationError::Unknown { name: name.to_owned(), passed: list(sockets.iter()) }),
        _ => Err(ActivationError::Several { passed: list(meant.into_iter()) }),
    }
}

fn list<'a>(sockets: impl Iterator<Item = &'a Passed>) -> String {
    let words: Vec<String> = sockets.map(|one| format!("{} (fd:{})", one.name, one.number)).collect();
    words.join(", ")
}

fn number(variable: &'static str, value: &str) -> Result<u32, ActivationError> {
    let is_plain = value.bytes().all(|byte| byte.is_ascii_digit());
    let read = value.parse().ok().filter(|_| is_plain);
    read.ok_or_else(|| ActivationError::Unreadable { variable, value: value.to_owned() })
}

/// After the standard streams, says `sd_listen_fds(3)`.
const FIRST: u32 = 3;

/// Far more than any unit file has.
const SOCKETS_MAX: u32 = 4096;

/// How systemd calls a socket whose name it does not tell.
const NAMELESS: &str = "unknown";

#[cfg(test)]
mod tests {
    use super::*;

    fn passed_with(
        fds: Option<&str>,
        pid: Option<&str>,
        names: Option<&str>,
        name: &str,
    ) -> Result<u32, ActivationError> {
        let said = |variable: &str| match variable {
            "LISTEN_FDS" => fds.map(str::to_owned),
            "LISTEN_PID" => pid.map(str::to_owned),
            "LISTEN_FDNAMES" => names.map(str::to_owned),
            _ => panic!("nobody sets {variable}"),
        };
        find(&sockets(77, said)?, name)
    }

    #[test]
    fn sockets_are_found_by_name_and_the_only_one_without() {
        assert_eq!(passed_with(Some("1"), Some("77"), None, ""), Ok(3));
        assert_eq!(passed_with(Some("1"), Some("77"), None, "unknown"), Ok(3));
        assert_eq!(passed_with(Some("2"), Some("77"), Some("chat:metrics"), "chat"), Ok(3));
        assert_eq!(passed_with(Some("2"), Some("77"), Some("chat:metrics"), "metrics"), Ok(4));
        assert_eq!(passed_with(Some("3"), Some("77"), Some("a::b"), "b"), Ok(5));
        assert_eq!(
            passed_with(Some("1"), None, Some("chat"), "chat"),
            Ok(3),
            "some managers do not say the id"
        );
    }

    #[test]
    fn what_cannot_be_found_is_told_with_what_is_there() {
        let message = |fds, pid, names, name| passed_with(fds, pid, names, name).unwrap_err().to_string();
        let two = Some("chat:metrics");
        for (said, wanted) in [
            (message(None, None, None, ""), "LISTEN_FDS is not set"),
            (message(Some("1"), Some("76"), None, ""), "process 76, and this is 77"),
            (
                message(Some("2"), Some("77"), two, "chut"),
                "\"chut\" was passed, only chat (fd:3), metrics (fd:4)",
            ),
            (message(Some("2"), Some("77"), two, ""), "chat (fd:3), metrics (fd:4): name the one"),
            (message(Some("3"), Some("77"), Some("a:b:a"), "a"), "a (fd:3), a (fd:5)"),
        ] {
            assert!(said.contains(wanted), "{said}");
        }
    }

    #[test]
    fn an_environment_that_makes_no_sense_is_refused() {
        for (fds, pid) in [
            ("", "77"),
            ("x", "77"),
            ("-1", "77"),
            ("+1", "77"),
            ("0", "77"),
            ("4097", "77"),
            ("4294967295", "77"),
            ("99999999999", "77"),
            ("1", "x"),
            ("1", ""),
        ] {
            let error = passed_with(Some(fds), Some(pid), None, "").unwrap_err();
            assert!(matches!(error, ActivationError::Unreadable { .. }), "{fds} {pid}: {error}");
        }
        assert!(passed_with(Some("4096"), None, None, "unknown").is_err(), "so many are read, and ambiguous");
    }
}
