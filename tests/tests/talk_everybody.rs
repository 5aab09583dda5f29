//! `sb-talk` where everybody hears everybody: multicast groups and broadcast, on the loopback and on a network of the
//! test's own, among ourselves and with plain Python sockets.

use std::sync::atomic::{AtomicU16, Ordering};

use e2e::{DEADLINE, Host, Launch, Network, Program, Stream, host_and_port, python};

/// One of us: what others see as the sender of what it says.
struct Member {
    program: Program,
    name: String,
}

impl Member {
    /// Joins with this command line, on this host or else here.
    fn join(line: &str, host: Option<&Host>) -> (Member, String) {
        let launch = Launch::ours(line);
        let program = host.map_or_else(|| launch, |host| host.run(Launch::ours(line))).start();
        let endpoint = program.listening_on();
        let name = program.wait_for_line(Stream::Stderr, |line| line.starts_with(YOU_ARE));
        let name = name[YOU_ARE.len()..].to_owned();
        (Member { program, name }, endpoint)
    }

    /// What somebody else sees of it.
    fn seen(&self, text: &str) -> String {
        format!("{}: {text}", self.name)
    }
}

const YOU_ARE: &str = "you are udp://";

/// A group of the test's own: tests run side by side, and those of others too.
fn group() -> String {
    static GROUPS: AtomicU16 = AtomicU16::new(0);
    let [high, low] = std::process::id().to_be_bytes()[2..] else { unreachable!("four bytes less two") };
    format!("239.{}.{high}.{low}", 192 + GROUPS.fetch_add(1, Ordering::Relaxed) % 64)
}

/// Members who have joined say some lines each; then each must have seen each line of the others once, in order.
#[track_caller]
fn all_hear_all(mut members: Vec<Member>) {
    const LINES: usize = 20;
    let lines = || (0..LINES).map(|number| format!("line {number}"));
    for line in lines() {
        for member in &mut members {
            member.program.say(&line);
        }
    }
    for member in &members {
        let others = members.iter().filter(|other| other.name != member.name);
        let mut expected: Vec<_> = others.flat_map(|other| lines().map(|line| other.seen(&line))).collect();
        let mut heard: Vec<_> =
            expected.iter().map(|_| member.program.wait_for_line(Stream::Stdout, |_| true)).collect();
        // Stable: the lines of each keep their order.
        let name = |line: &String| line.split_once(": ").map(|(name, _)| name.to_owned());
        heard.sort_by_key(name);
        expected.sort_by_key(name);
        assert_eq!(heard, expected, "what {} saw", member.name);
    }
    let total = LINES * (members.len() - 1);
    for mut member in members {
        member.program.say("q");
        let ending = member.program.wait(DEADLINE);
        assert_eq!(ending.expect_code(0).stdout.lines().count(), total, "nothing came twice later\n{ending}");
    }
}

/// So many members with this command line on each of these hosts.
fn join_all(line: &str, hosts: &[Host], each: usize) -> Vec<Member> {
    hosts.iter().flat_map(|host| (0..each).map(move |_| Member::join(line, Some(host)).0)).collect()
}

#[test]
fn three_terminals_on_one_host_see_each_message_of_the_others_once() {
    let group = group();
    let (first, endpoint) = Member::join(&format!("sb-talk udp://{group}:0 --interface 127.0.0.1"), None);
    let line = format!("sb-talk {endpoint} --interface 127.0.0.1");
    let others = [(); 2].map(|()| Member::join(&line, None).0);
    all_hear_all([first].into_iter().chain(others).collect());
}

#[test]
fn hosts_on_a_network_see_each_message_of_the_others_once() {
    let Some(network) = Network::of(3) else { return };
    for line in [
        "sb-talk udp://239.1.2.3:5000",
        "sb-talk meet udp://[ff02::1234%eth0]:5000",
        "sb-talk udp://[ff12::1234]:5000 --interface eth0",
        "sb-talk udp://255.255.255.255:5000",
        "sb-talk udp://10.77.0.255:5000 --broadcast",
    ] {
        println!("{line}");
        // Two of the members share a host.
        let mut members = join_all(line, &network.hosts()[..1], 2);
        members.extend(join_all(line, &network.hosts()[1..], 1));
        all_hear_all(members);
    }
}

#[test]
fn those_on_a_host_without_a_network_talk_all_the_same() {
    let Some(host) = Host::alone() else { return };
    for line in ["sb-talk udp://239.1.2.3:5000", "sb-talk udp://255.255.255.255:5000"] {
        all_hear_all(join_all(line, std::slice::from_ref(&host), 3));
    }
}

/// Ours and a plain Python program hear each other, each message once.
fn talk_with_python(ours: &mut Member, theirs: &mut Program) {
    for round in ["one", "two"] {
        ours.program.say(round);
        theirs.expect_line(Stream::Stdout, &format!("{} {round}", ours.name));
        theirs.say(&format!("heard {round}"));
        let answer = ours.program.wait_for_line(Stream::Stdout, |_| true);
        assert!(answer.ends_with(&format!(": heard {round}")), "{answer}");
    }
    theirs.say("q");
    ours.program.wait_for_line(Stream::Stderr, |line| line.ends_with("hangs up"));
    ours.program.say("q");
    let ending = ours.program.wait(DEADLINE);
    assert_eq!(ending.expect_code(0).stdout.lines().count(), 2, "{ending}");
}

#[test]
fn a_python_program_is_one_of_everybody() {
    let Some(python) = python() else { return };
    let (mut ours, endpoint) =
        Member::join(&format!("sb-talk udp://{}:0 --interface 127.0.0.1", group()), None);
    let theirs = python.peer("multicast_chat.py").args(host_and_port(&endpoint)).arg("127.0.0.1").start();
    let mut theirs = theirs;
    theirs.ready_port();
    talk_with_python(&mut ours, &mut theirs);
}

#[test]
fn python_programs_on_other_hosts_are_among_everybody() {
    let (Some(python), Some(network)) = (python(), Network::of(2)) else { return };
    let [here, there] = network.hosts() else { unreachable!("two were asked for") };
    let multicast = python.peer("multicast_chat.py").args(["239.1.2.3", "5000", "10.77.0.2"]);
    let broadcast = python.peer("broadcast_chat.py").args(["10.77.0.255", "5000"]);
    for (line, theirs) in [
        ("sb-talk udp://239.1.2.3:5000", multicast),
        ("sb-talk udp://10.77.0.255:5000 --broadcast", broadcast),
    ] {
        let (mut ours, _) = Member::join(line, Some(here));
        let mut theirs = there.run(theirs).start();
        theirs.ready_port();
        talk_with_python(&mut ours, &mut theirs);
    }
}

#[test]
fn everybody_is_on_one_interface() {
    let Some(network) = Network::of(2) else { return };
    let [here, there] = network.hosts() else { unreachable!("two were asked for") };
    let (mut inside, _) = Member::join("sb-talk udp://239.1.2.3:5000 --interface 127.0.0.1", Some(here));
    let (outside, _) = Member::join("sb-talk udp://239.1.2.3:5000 --interface 10.77.0.1", Some(here));
    let (mut far, _) = Member::join("sb-talk udp://239.1.2.3:5000", Some(there));
    inside.program.say("from within");
    far.program.say("from far");
    let heard = outside.program.wait_for_line(Stream::Stdout, |_| true);
    assert_eq!(heard, far.seen("from far"), "it is on another interface than who spoke first");
}

#[test]
fn without_hops_it_stays_on_the_host() {
    let Some(network) = Network::of(2) else { return };
    let [here, there] = network.hosts() else { unreachable!("two were asked for") };
    let (mut near, _) = Member::join("sb-talk udp://239.1.2.3:5000 --ttl 0", Some(here));
    let (mut usual, _) = Member::join("sb-talk udp://239.1.2.3:5000", Some(here));
    let (far, _) = Member::join("sb-talk udp://239.1.2.3:5000", Some(there));
    near.program.say("between us");
    usual.program.expect_line(Stream::Stdout, &near.seen("between us"));
    usual.program.say("to all");
    let heard = far.program.wait_for_line(Stream::Stdout, |_| true);
    assert_eq!(heard, usual.seen("to all"));
}

#[test]
fn an_input_that_ends_says_what_it_has_to_and_leaves() {
    let (mut listener, endpoint) =
        Member::join(&format!("sb-talk udp://{}:0 --interface 127.0.0.1 --json", group()), None);
    listener.program.close_stdin();
    listener.program.wait_for_line(Stream::Stderr, |line| line == "still listening");
    let (mut speaker, _) = Member::join(&format!("sb-talk {endpoint} --interface 127.0.0.1 --wait 0"), None);
    speaker.program.say("hello");
    let name = speaker.name.clone();
    speaker.program.finish().expect_code(0).expect_stdout("");
    let wanted = format!("{{\"v\":1,\"type\":\"message\",\"from\":\"udp://{name}\",\"text\":\"hello\"}}");
    listener.program.expect_line(Stream::Stdout, &wanted);
    assert!(listener.program.is_running());
}

#[test]
fn a_listener_told_to_stay_once_ends_when_somebody_leaves() {
    let group = group();
    let (mut once, endpoint) =
        Member::join(&format!("sb-talk listen udp://{group}:0 --interface 127.0.0.1 --once"), None);
    let (mut caller, _) = Member::join(&format!("sb-talk call {endpoint} --interface 127.0.0.1"), None);
    caller.program.say("q");
    caller.program.wait(DEADLINE).expect_code(0);
    once.program.wait(DEADLINE).expect_code(0).expect_stdout("").expect_stderr("hangs up");
}

#[test]
fn what_cannot_be_is_one_line_and_a_usage_error() {
    for (line, words) in [
        ("sb-talk udp://239.1.2.3:5000 --auth mutual", "cannot prove who sent them"),
        ("sb-talk udp://239.1.2.3:5000 --auth noise", "cannot prove who sent them"),
        ("sb-talk listen udp://239.1.2.3:5000 --auth python", "cannot prove who sent them"),
        ("sb-talk udp://127.0.0.1:5000", "no multicast group"),
        ("sb-talk call tcp://127.0.0.1:5000 --ttl 4", "no multicast group"),
        ("sb-talk udp://[ff02::1234]:5000", "which interface?"),
    ] {
        let ending = Launch::ours(line).start().finish();
        ending.expect_code(2).expect_stderr(words);
        assert_eq!(ending.stderr.lines().count(), 1, "{ending}");
    }
}
