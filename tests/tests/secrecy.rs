//! A key that is easy to find, given to every program in every situation: here is made sure that each has something to
//! tell. The harness searches what each of ours prints, shows on a terminal and logs, in every test, for the keys that
//! it was given and for the one that it makes in its data folder; in what a test starts through something else, only
//! where it says what that hides. What goes to a descriptor of the test's own is not searched, but the log then is.
//! That the search finds what it should is shown beside the harness.

use std::path::{Path, PathBuf};

use e2e::{DEADLINE, Launch, Place, Program, Stream};

const AUTHENTICATION: i32 = 3;
const USAGE: i32 = 2;

/// A key, in both forms of key files. No byte of it is printable, and no two are the same: whatever shows a piece of
/// it is found.
struct Key {
    lines: PathBuf,
    whole: PathBuf,
}

impl Key {
    fn new(place: &Place, name: &str, first: u8) -> Key {
        let bytes: Vec<u8> = (first..first + 32).collect();
        let lines = place.file(&format!("{name}-lines"), format!("{name} {}\n", digits(&bytes)));
        Key { lines, whole: place.file(&format!("{name}-whole"), &bytes) }
    }

    fn file(&self, dialect: &str) -> &Path {
        if matches!(dialect, "mutual" | "noise") { &self.lines } else { &self.whole }
    }
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// What everything is started with.
struct Setting {
    dialect: &'static str,
    key: Key,
    other: Key,
}

const DIALECTS: [&str; 4] = ["tutorial", "python", "mutual", "noise"];

fn settings(place: &Place) -> impl Iterator<Item = Setting> {
    DIALECTS.into_iter().map(|dialect| {
        let (key, other) = (Key::new(place, "ann", 0x80), Key::new(place, "bob", 0xb0));
        Setting { dialect, key, other }
    })
}

impl Setting {
    /// A client of `tutorial` believes that it is let in.
    fn tells_who_is_refused(&self) -> bool {
        self.dialect != "tutorial"
    }

    fn start(&self, line: &str) -> Program {
        self.start_with(line, &self.key)
    }

    fn start_with(&self, line: &str, key: &Key) -> Program {
        let dialect = self.dialect;
        Launch::ours(&format!("{line} -vvv --auth {dialect} --key-file")).arg(key.file(dialect)).start()
    }
}

/// It told something, or nothing was searched.
fn end(program: Program) {
    program.interrupt();
    let ending = program.finish();
    assert!(ending.stderr.len() > 20, "nothing was told\n{ending}");
}

#[test]
fn an_echo_server_and_who_calls_it() {
    let place = Place::new();
    for setting in settings(&place) {
        let server = setting.start("sb-echo 127.0.0.1:0");
        let endpoint = server.listening_on();
        let call = format!("sb-talk call {endpoint} --framing u32be --service echo");
        let mut caller = setting.start(&call);
        caller.say("hello");
        caller.expect_line(Stream::Stdout, "hello");
        let refused = setting.start_with(&call, &setting.other).wait(DEADLINE);
        if setting.tells_who_is_refused() {
            refused.expect_code(AUTHENTICATION);
        }
        setting.start(&format!("sb-load {endpoint} -n 10 -s 64 --framing u32be")).finish().expect_code(0);
        caller.finish().expect_code(0);
        end(server);
    }
}

#[test]
fn keys_that_are_read_again_good_and_bad() {
    let place = Place::new();
    for setting in settings(&place) {
        let server = setting.start("sb-echo 127.0.0.1:0");
        server.listening_on();
        let file = setting.key.file(setting.dialect);
        let good = std::fs::read(file).unwrap();
        server.reload();
        server.wait_for_line(Stream::Stderr, |line| line.contains("read again"));
        let broken = if setting.dialect == "tutorial" || setting.dialect == "python" {
            Vec::new()
        } else {
            [&good[..good.len() - 3], b"zz\n"].concat()
        };
        std::fs::write(file, broken).unwrap();
        server.reload();
        server.wait_for_line(Stream::Stderr, |line| line.contains("stay as they were"));
        end(server);
    }
}

#[test]
fn conversations_greetings_and_a_live_look() {
    let place = Place::new();
    for setting in settings(&place) {
        let listener = setting.start("sb-talk listen 127.0.0.1:0 --framing u32be");
        let mut caller = setting.start(&format!("sb-talk call {} --framing u32be", listener.listening_on()));
        caller.say("hello");
        listener.expect_line(Stream::Stdout, "hello");
        caller.finish().expect_code(0);
        end(listener);

        let server = setting.start("sb-hello serve 127.0.0.1:0 --framing u32be");
        let call = format!("sb-hello call {} --framing u32be", server.listening_on());
        setting.start(&call).wait(DEADLINE).expect_code(0);
        end(server);

        let shower = setting.start("sb-frame show --listen 127.0.0.1:0 --service talk");
        let mut caller = setting.start(&format!("sb-talk call {} --framing u32be", shower.listening_on()));
        caller.say("hello");
        shower.wait_for_line(Stream::Stdout, |line| line.contains("hello"));
        caller.finish();
        end(shower);
    }
}

#[test]
fn a_hub_and_its_members() {
    let place = Place::new();
    for setting in settings(&place) {
        let data = place.path(setting.dialect);
        let hub =
            setting.start(&format!("sb-chat serve --listen tcp://127.0.0.1:0 --data {}", data.display()));
        let join = format!("sb-chat join {}", hub.listening_on());
        let mut members = ["ann", "bob"].map(|nick| setting.start(&format!("{join} --nick {nick}")));
        members[1].wait_for_line(Stream::Stderr, |line| line.starts_with("you are bob"));
        members[0].say("hello");
        members[1].expect_line(Stream::Stdout, "ann: hello");
        if setting.tells_who_is_refused() {
            setting.start_with(&join, &setting.other).finish().expect_code(AUTHENTICATION);
        }
        for member in members {
            member.finish().expect_code(0);
        }
        end(hub);
    }
}

#[test]
fn made_keys_and_their_ids() {
    let place = Place::new();
    let key = Key::new(&place, "ann", 0x80);
    for line in ["sb-key id -vvv --key-file", "sb-key new carol -vvv --key-file"] {
        Launch::ours(line).arg(&key.lines).start().finish().expect_code(0);
    }
}

#[test]
fn files_that_hold_no_proper_key() {
    let place = Place::new();
    let bytes: Vec<u8> = (0x80..0xa0).collect();
    let key = digits(&bytes);
    let wrong = [
        format!("ann {}\n", &key[..62]),
        format!("ann {key}00\n"),
        format!("ann {}zz\n", &key[..62]),
        format!("ann {key} more\n"),
        format!("{key} ann\n"),
        format!("{key}\n"),
        format!("ann {key}\nann {key}\n"),
        format!("\u{202e}ann {key}\n"),
        format!("{} {key}\n", "n".repeat(65)),
    ];
    for content in wrong {
        let file = place.file("wrong", content);
        for line in ["sb-echo 127.0.0.1:0 --auth mutual -vvv", "sb-key id -vvv", "sb-key new eve -vvv"] {
            let started = Launch::ours(line).arg("--key-file").arg(&file).hides(&bytes).hides(&key).start();
            let ending = started.finish();
            ending.expect_code(USAGE).expect_stderr("key file ");
        }
    }
    let short = place.file("short", &bytes[..31]);
    let of_dialect = "sb-echo 127.0.0.1:0 --auth noise -vvv --key-file";
    Launch::ours(of_dialect).arg(short).hides(&bytes).start().finish().expect_code(USAGE);
}

#[test]
fn keys_of_the_environment() {
    let place = Place::new();
    let key = digits(&(0x80..0xa0).collect::<Vec<_>>());
    let server =
        Launch::ours("sb-echo 127.0.0.1:0 --auth mutual -vvv").env("SWITCHBOARD_KEY", format!("ann {key}"));
    let server = server.hides(&key).start();
    let call =
        format!("sb-talk call {} --framing u32be --service echo --auth mutual -vvv", server.listening_on());
    let file = place.file("file", format!("ann {key}\n"));
    let mut caller = Launch::ours(&call).env("SWITCHBOARD_KEY_FILE", file).start();
    caller.say("hello");
    caller.expect_line(Stream::Stdout, "hello");
    caller.finish().expect_code(0);
    end(server);
    Launch::ours("sb-echo 127.0.0.1:0 --auth mutual -vvv")
        .env("SWITCHBOARD_KEY", &key)
        .hides(&key)
        .start()
        .finish()
        .expect_code(USAGE);
}
