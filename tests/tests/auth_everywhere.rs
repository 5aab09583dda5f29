//! What holds for every program that takes `--auth`: what is sealed is sealed for all of them, keys are read again by
//! every server, names reach them, and what is not sealed stays on the host. What a single program makes of it is left
//! to its own tests.

use std::path::{Path, PathBuf};

use e2e::{DEADLINE, Launch, Place, Program, Stream, tap};

const AUTHENTICATION: i32 = 3;
const USAGE: i32 = 2;

/// What no program says of its own accord.
const WORDS: &str = "a word in confidence";

/// A server, the caller that suits it, and how they talk once the caller is in.
struct Pair {
    serve: &'static str,
    call: &'static str,
    talk: fn(&Program, &mut Program),
    /// What passes then, to the server and back.
    said: [&'static str; 2],
}

const PAIRS: [Pair; 4] = [
    Pair {
        serve: "sb-echo 127.0.0.1:0",
        call: "sb-talk call ENDPOINT --framing u32be --service echo",
        talk: |_, caller| {
            caller.say(WORDS);
            caller.expect_line(Stream::Stdout, WORDS);
        },
        said: [WORDS; 2],
    },
    Pair {
        serve: "sb-talk listen 127.0.0.1:0 --framing u32be",
        call: "sb-talk call ENDPOINT --framing u32be",
        talk: |listener, caller| {
            caller.say(WORDS);
            listener.expect_line(Stream::Stdout, WORDS);
        },
        said: [WORDS, ""],
    },
    Pair {
        serve: "sb-hello serve 127.0.0.1:0",
        call: "sb-hello call ENDPOINT",
        talk: |server, caller| {
            caller.expect_line(Stream::Stdout, "hello");
            server.expect_line(Stream::Stdout, "byebye");
        },
        said: ["byebye", "hello"],
    },
    Pair {
        serve: "sb-chat serve --listen tcp://127.0.0.1:0 --data DATA",
        call: "sb-chat join ENDPOINT --nick ann",
        talk: |_, member| {
            member.wait_for_line(Stream::Stderr, |line| line.starts_with("you are ann"));
            member.say(WORDS);
            member.say("/history");
            member.wait_for_line(Stream::Stdout, |line| line.contains(WORDS));
        },
        said: [WORDS; 2],
    },
];

impl Pair {
    fn serve(&self, dialect: &str, key_file: &Path, place: &Place) -> Program {
        let data = place.path(&format!("data-{dialect}"));
        start(&self.serve.replace("DATA", &data.display().to_string()), dialect, key_file)
    }

    fn call(&self, endpoint: &str, dialect: &str, key_file: &Path) -> Program {
        start(&self.call.replace("ENDPOINT", endpoint), dialect, key_file)
    }
}

fn start(line: &str, dialect: &str, key_file: &Path) -> Program {
    Launch::ours(&format!("{line} --auth {dialect} --key-file")).arg(key_file).start()
}

fn key(place: &Place, name: &str, digit: char) -> PathBuf {
    place.keys(name, &[(name, digit)])
}

#[test]
fn noise_seals_both_directions_of_every_program_and_mutual_none() {
    let place = Place::new();
    let key = key(&place, "ann", 'a');
    for pair in &PAIRS {
        for (dialect, is_open) in [("mutual", true), ("noise", false)] {
            let server = pair.serve(dialect, &key, &place);
            let (endpoint, passed) = tap(&server.listening_on());
            let mut caller = pair.call(&endpoint, dialect, &key);
            (pair.talk)(&server, &mut caller);
            caller.close_stdin();
            caller.wait(DEADLINE).expect_code(0);
            let passed = passed.join().expect("the tap ends with the conversation");
            for (said, heard) in pair.said.iter().zip([&passed.from_caller, &passed.from_server]) {
                let is_seen = heard.windows(said.len().max(1)).any(|window| window == said.as_bytes());
                assert_eq!(
                    is_seen,
                    is_open && !said.is_empty(),
                    "{} {dialect}: {said:?}\n{}",
                    pair.serve,
                    String::from_utf8_lossy(heard)
                );
            }
        }
    }
}

#[test]
fn every_server_reads_its_keys_again_at_sighup() {
    let place = Place::new();
    let [ann, bob] = [key(&place, "ann", 'a'), key(&place, "bob", 'b')];
    for pair in &PAIRS {
        let file = key(&place, "served", 'a');
        let server = pair.serve("noise", &file, &place);
        let endpoint = server.listening_on();
        pair.call(&endpoint, "noise", &bob).wait(DEADLINE).expect_code(AUTHENTICATION);
        key(&place, "served", 'b');
        server.reload();
        server.wait_for_line(Stream::Stderr, |line| line.contains("read again"));
        pair.call(&endpoint, "noise", &ann).wait(DEADLINE).expect_code(AUTHENTICATION);
        (pair.talk)(&server, &mut pair.call(&endpoint, "noise", &bob));
    }
}

#[test]
fn who_is_calling_reaches_a_program_as_a_name() {
    let place = Place::new();
    let keys = place.keys("all", &[("ann", 'a'), ("bob", 'b')]);
    for dialect in ["mutual", "noise"] {
        let listener = start("sb-talk listen 127.0.0.1:0", dialect, &keys);
        let endpoint = listener.listening_on();
        for (name, digit) in [("bob", 'b'), ("ann", 'a')] {
            let own = place.keys("own", &[("me", digit)]);
            let caller = start(&format!("sb-talk call {endpoint}"), dialect, &own);
            listener
                .wait_for_line(Stream::Stderr, |line| line.contains(&format!("{name} at tcp://127.0.0.1:")));
            caller.finish().expect_code(0);
        }
    }
}

#[test]
fn what_is_not_sealed_stays_on_the_host_and_the_refusal_says_what_to_do() {
    let place = Place::new();
    let key = key(&place, "ann", 'a');
    let lines = [
        "sb-echo ELSEWHERE",
        "sb-talk listen ELSEWHERE",
        "sb-talk call ELSEWHERE",
        "sb-hello serve ELSEWHERE",
        "sb-hello call ELSEWHERE",
        "sb-chat serve --listen ELSEWHERE",
        "sb-chat join ELSEWHERE",
        "sb-load ELSEWHERE",
        "sb-frame show ELSEWHERE --service talk",
        "sb-frame show --listen ELSEWHERE --service talk",
    ];
    for (line, dialect) in
        lines.iter().flat_map(|line| ["tutorial", "python", "mutual"].map(|one| (line, one)))
    {
        for elsewhere in ["192.0.2.1:9", "[2001:db8::1]:9", "0.0.0.0:0"] {
            let ending = start(&line.replace("ELSEWHERE", elsewhere), dialect, &key).wait(DEADLINE);
            ending.expect_code(USAGE).expect_stderr("--auth noise").expect_stderr("--insecure");
        }
    }
}
