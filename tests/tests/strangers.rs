//! What strangers can bring about who hold no key: how much they make a server say. That none of them is let in is for
//! the other tests of authentication.

use std::io::{Read as _, Write as _};
use std::time::Instant;

use e2e::{Launch, Place, Program, call};

const STRANGERS: usize = 400;

/// Calls, says what no handshake begins with, and waits for the end.
fn fail(endpoint: &str) {
    let mut stranger = call(endpoint);
    let _ = stranger.write_all(&[0xff; 100]); // it may have been hung up on already
    let _ = stranger.read_to_end(&mut Vec::new()); // a reset is as good as an end
}

/// The number in front of ` lines left out` in a line that tells of others.
fn left_out(line: &str) -> usize {
    let before = line.split_once(" lines left out").map_or("", |(before, _)| before);
    before.rsplit(['(', ' ']).next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

fn serve(line: &str, place: &Place) -> Program {
    let key = place.file("keys", format!("ann {}\n", "a".repeat(64)));
    Launch::ours(&format!("{line} --auth mutual --key-file")).arg(key).start()
}

#[test]
fn failing_callers_cost_a_few_lines_a_second_and_all_of_them_are_counted() {
    let place = Place::new();
    let chat = format!("sb-chat serve --listen tcp://127.0.0.1:0 --data {}", place.path("data").display());
    let frame = "sb-frame show --listen 127.0.0.1:0 --service talk";
    let servers =
        ["sb-echo 127.0.0.1:0", "sb-hello serve 127.0.0.1:0", "sb-talk listen 127.0.0.1:0", frame, &chat];
    for line in servers {
        let begin = Instant::now();
        let server = serve(line, &place);
        let endpoint = server.listening_on();
        (0..STRANGERS).for_each(|_| fail(&endpoint));
        server.interrupt();
        let ending = server.finish();
        let seconds = usize::try_from(begin.elapsed().as_secs()).expect("a test takes no ages") + 2;
        let told = ending.stderr.matches("authentication failed").count();
        let counted: usize = ending.stderr.lines().map(left_out).sum();
        assert!((1..=5 * seconds).contains(&told), "{told} lines in {seconds} s\n{ending}");
        assert_eq!(told + counted, STRANGERS, "{ending}");
    }
}
