//! Every program of ours is watched: all that it prints, and all that it could have logged, is searched for the keys it
//! was given and for the one it makes. What a key looks like there is left to `canary`.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::NamedTempFile;

use crate::canary::Canary;

/// What a program must not show, and the log in which it must not show it either.
pub(crate) struct Watch {
    /// At its most detailed, whatever the test asks the program for.
    log: NamedTempFile,
    key_files: Vec<PathBuf>,
    /// Where it may make a key: they must outlast it, or that key cannot be told.
    homes: Vec<PathBuf>,
    canaries: Vec<Canary>,
}

impl Watch {
    /// Has the command write its log where it can be read, and learns its keys.
    pub(crate) fn over(command: &mut Command, hidden: Vec<Canary>) -> Watch {
        let log = NamedTempFile::new().expect("the temporary folder takes one more");
        command.env(LOG_VARIABLE, log.path());
        let key_files: Vec<PathBuf> = key_files(command).collect();
        let mut canaries = hidden;
        canaries.extend(key_files.iter().flat_map(|path| keys_in(path)));
        canaries.extend(variable(command, KEY_VARIABLE).map(|key| Canary::of(key.as_encoded_bytes())));
        let homes = homes(command).filter_map(|home| Some(home.parent()?.to_owned()));
        let homes = homes.filter(|folder| folder.is_dir()).collect();
        Watch { log, key_files, homes, canaries }
    }

    /// Where something of a key stands, if it stands anywhere.
    pub(crate) fn find_leak(&self, outputs: &[(&str, &[u8])]) -> Option<String> {
        if let Some(home) = self.homes.iter().find(|folder| !folder.is_dir()) {
            return Some(format!("{} is gone before a key made in it could be looked for", home.display()));
        }
        let log = std::fs::read(self.log.path()).unwrap_or_default();
        let places: Vec<(&str, &[u8])> = outputs.iter().copied().chain([("its log", &log[..])]).collect();
        // A file may have other keys in it by now.
        let now: Vec<Canary> = self.key_files.iter().flat_map(|path| keys_in(path)).collect();
        self.canaries.iter().chain(&now).find_map(|canary| {
            places.iter().find_map(|(place, text)| {
                canary.find_in(text).map(|shape| format!("{shape} of a key stands in {place}"))
            })
        })
    }
}

/// Those that are named, and those that are made where none is.
fn key_files(command: &Command) -> impl Iterator<Item = PathBuf> {
    let named = variable(command, KEY_FILE_VARIABLE).map(PathBuf::from);
    let made = homes(command).map(|home| home.join("chat.key"));
    option(command, "--key-file").into_iter().chain(named).chain(made)
}

/// The data folders of `sb-chat`, which makes a key in its own.
fn homes(command: &Command) -> impl Iterator<Item = PathBuf> {
    let of_user = variable(command, DATA_VARIABLE).map(|data| Path::new(&data).join("switchboard"));
    option(command, "--data").into_iter().chain(of_user)
}

/// What follows the option in the command, in the same word or in the next.
fn option(command: &Command, name: &str) -> Vec<PathBuf> {
    let words: Vec<&OsStr> = command.get_args().collect();
    let parted = words.windows(2).filter(|pair| pair[0] == name).map(|pair| PathBuf::from(pair[1]));
    let joined = words.iter().filter_map(|word| word.to_str()?.strip_prefix(name)?.strip_prefix('='));
    parted.chain(joined.map(PathBuf::from)).collect()
}

fn variable(command: &Command, name: &str) -> Option<OsString> {
    command.get_envs().find(|(set, _)| *set == name)?.1.map(OsStr::to_owned)
}

/// The keys in a file: those of its lines, or all of it. A pipe is left to whom it is for.
fn keys_in(path: &Path) -> Vec<Canary> {
    if !path.is_file() {
        return Vec::new();
    }
    let content = std::fs::read(path).unwrap_or_default();
    let lines: Vec<Vec<u8>> = content.split(|byte| *byte == b'\n').filter_map(key_of_line).collect();
    let keys = if lines.is_empty() { vec![content.trim_ascii_end().to_vec()] } else { lines };
    keys.iter().map(|key| Canary::of(key)).collect()
}

/// The key of `NAME HEX64`.
fn key_of_line(line: &[u8]) -> Option<Vec<u8>> {
    let digits = std::str::from_utf8(line).ok()?.split_whitespace().nth(1)?;
    let is_key = digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    if is_key { (0..64).step_by(2).map(byte).collect() } else { None }
}

const KEY_FILE_VARIABLE: &str = "SWITCHBOARD_KEY_FILE";
const KEY_VARIABLE: &str = "SWITCHBOARD_KEY";
const DATA_VARIABLE: &str = "XDG_DATA_HOME";
const LOG_VARIABLE: &str = "SWITCHBOARD_LOG";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::Place;

    const DIGITS: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    fn watch(content: &str) -> (Watch, NamedTempFile) {
        let file = NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        (Watch::over(Command::new("sb-echo").arg("--key-file").arg(file.path()), Vec::new()), file)
    }

    #[test]
    fn a_leak_is_found_in_either_output_and_in_the_log() {
        let (watch, _file) = watch(&format!("# ours\nann {DIGITS}\n"));
        assert_eq!(watch.find_leak(&[("stdout", b"ann"), ("stderr", b"# ours")]), None);
        let leak = watch.find_leak(&[("stdout", b"fine"), ("stderr", &DIGITS.as_bytes()[32..])]);
        assert_eq!(leak.as_deref(), Some("the second half, its digits, raw of a key stands in stderr"));
        std::fs::write(
            watch.log.path(),
            "TRACE key=[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]",
        )
        .unwrap();
        let leak = watch.find_leak(&[]);
        assert_eq!(leak.as_deref(), Some("the first half a list of numbers of a key stands in its log"));
    }

    #[test]
    fn keys_that_came_into_the_file_later_count_too() {
        let (watch, file) = watch("a password\n");
        std::fs::write(file.path(), "another one\n").unwrap();
        for said in ["say: a password", "say: another one"] {
            assert!(watch.find_leak(&[("stderr", said.as_bytes())]).is_some(), "{said}");
        }
    }

    #[test]
    fn keys_of_the_environment_count_too() {
        let watch = Watch::over(Command::new("sb-talk").env("SWITCHBOARD_KEY", "hunter2!"), Vec::new());
        assert!(watch.find_leak(&[("stdout", b"it is hunter2!")]).is_some());
    }
    #[test]
    fn keys_that_it_makes_count_too_and_must_be_there_at_the_end() {
        let place = Place::new();
        let data = place.path("data");
        let mut of_data = Command::new("sb-chat");
        of_data.args(["serve", "--data"]).arg(&data);
        let mut of_user = Command::new("sb-chat");
        of_user.arg("serve").env("XDG_DATA_HOME", place.folder());
        for (mut command, home) in [(of_data, data), (of_user, place.path("switchboard"))] {
            let watch = Watch::over(&mut command, Vec::new());
            std::fs::create_dir(&home).unwrap();
            std::fs::write(home.join("chat.key"), format!("chat {DIGITS}\n")).unwrap();
            assert_eq!(watch.find_leak(&[("stdout", b"fine")]), None);
            assert!(watch.find_leak(&[("stdout", DIGITS.as_bytes())]).is_some());
        }
        let watch = Watch::over(Command::new("sb-chat").env("XDG_DATA_HOME", place.folder()), Vec::new());
        drop(place);
        assert!(watch.find_leak(&[]).is_some_and(|leak| leak.contains("is gone")));
    }
}
