//! Servers under a service manager: the test is one, with a socket to pass and one on which it listens to them; and some
//! of systemd's own tools, where the machine has them. How the environment is read is tried out beside the code.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use e2e::{DEADLINE, Launch, Place, Program, call, scrape, skip};

/// One who starts services, passes them a socket as descriptor 3, and listens.
struct Manager {
    listener: TcpListener,
    hears: UnixDatagram,
    place: String,
}

impl Manager {
    /// It listens to its services at a path.
    fn at(place: &Place) -> Manager {
        let path = place.path("notify");
        Manager::hearing(UnixDatagram::bind(&path), path.display().to_string())
    }

    /// It listens at an abstract name.
    fn with_a_name(name: &str) -> Manager {
        let name = format!("{name}-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name);
        Manager::hearing(address.and_then(|address| UnixDatagram::bind_addr(&address)), format!("@{name}"))
    }

    fn hearing(hears: std::io::Result<UnixDatagram>, place: String) -> Manager {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback has a free port");
        Manager { listener, hears: hears.expect("nobody has that place"), place }
    }

    fn endpoint(&self) -> String {
        format!("tcp://{}", self.listener.local_addr().expect("a bound listener has an address"))
    }

    /// Starts a service with this command line, which is passed the socket under the name `door`.
    fn start(&self, line: &str) -> Program {
        self.start_with(line, |launch| launch)
    }

    fn start_with(&self, line: &str, furnish: impl FnOnce(Launch) -> Launch) -> Program {
        let launch = Launch::ours(line).env("LISTEN_FDS", "1").env("LISTEN_FDNAMES", "door");
        let launch = furnish(launch.env("NOTIFY_SOCKET", &self.place).through_shell(PASS));
        launch.stdin(self.listener.try_clone().expect("there are descriptors left")).start()
    }

    fn call(&self) -> TcpStream {
        call(&self.endpoint())
    }

    /// The next thing that it is told, if it is told something in time.
    fn hear_within(&self, patience: Duration) -> Option<String> {
        self.hears.set_read_timeout(Some(patience)).expect("the patience is not zero");
        let mut bytes = [0; 500];
        let length = self.hears.recv(&mut bytes).ok()?;
        Some(String::from_utf8(bytes[..length].to_vec()).expect("what services say is text"))
    }

    /// Whatever it is told next that is no mere sign of life.
    fn hear(&self) -> String {
        loop {
            let said = self.hear_within(DEADLINE).expect("a service says something in time");
            if said != ALIVE {
                return said;
            }
        }
    }
}

/// Whose id a service has is known only when it runs.
const PASS: &str = "export LISTEN_PID=$$; exec \"$@\" 3<&0 </dev/null";

const ALIVE: &str = "WATCHDOG=1\n";

fn echo(caller: &mut (impl std::io::Read + std::io::Write)) {
    caller.write_all(b"\x02hi").expect("an echo takes a message");
    let mut echoed = [0; 3];
    caller.read_exact(&mut echoed).expect("an echo answers");
    assert_eq!(&echoed, b"\x02hi");
}

#[test]
fn a_service_serves_on_the_socket_that_it_is_passed_and_says_when() {
    let place = Place::new();
    for manager in [Manager::at(&place), Manager::with_a_name("switchboard-ready")] {
        let mut waits = manager.call(); // before there is a service
        let mut ours = manager.start("sb-echo systemd:door --framing u8");
        assert_eq!(manager.hear(), "READY=1\n");
        echo(&mut waits);
        drop(waits);
        ours.terminate();
        assert_eq!(manager.hear(), "STOPPING=1\n");
        ours.wait(DEADLINE).expect_code(0);
        manager.call(); // it is the manager's socket, and stays
        std::fs::remove_file(place.path("notify")).ok();
    }
}

#[test]
fn every_server_takes_such_sockets_by_name_or_as_the_only_one() {
    let (place, home) = (Place::new(), Place::new());
    let manager = Manager::at(&place);
    for line in [
        "sb-echo systemd:",
        "sb-echo fd:3",
        "sb-hello serve systemd:door",
        "sb-talk listen systemd:door",
        "sb-chat serve --listen systemd:door --auth mutual",
    ] {
        let mut ours = manager.start_with(line, |launch| launch.env("XDG_DATA_HOME", home.folder()));
        assert_eq!(manager.hear(), "READY=1\n", "{line}");
        assert_eq!(ours.listening_on(), manager.endpoint(), "{line}");
        ours.terminate();
        assert_eq!(manager.hear(), "STOPPING=1\n", "{line}");
        ours.wait(DEADLINE).expect_code(0);
    }
}

#[test]
fn a_reload_is_announced_and_its_end_too() {
    let place = Place::new();
    let key = place.keys("keys", &[("ann", 'a')]);
    let manager = Manager::at(&place);
    let with_key = |launch: Launch| launch.args(["--auth", "mutual", "--key-file"]).arg(&key);
    for keyed in [true, false] {
        let line = "sb-echo systemd:door";
        let mut ours = if keyed { manager.start_with(line, with_key) } else { manager.start(line) };
        assert_eq!(manager.hear(), "READY=1\n");
        for _ in 0..2 {
            ours.reload();
            let said = manager.hear();
            let began = said.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").expect(&said);
            assert!(began.trim_end().parse::<u64>().unwrap() > 0, "{said}");
            assert_eq!(manager.hear(), "READY=1\n");
        }
        ours.terminate();
        let ending = ours.wait(DEADLINE);
        ending.expect_code(0);
        assert_eq!(ending.stderr.matches("read again").count(), if keyed { 2 } else { 0 }, "{ending}");
        assert_eq!(manager.hear(), "STOPPING=1\n");
    }
}

#[test]
fn several_workers_read_a_key_file_once_and_stop_once() {
    let place = Place::new();
    let key = place.keys("keys", &[("ann", 'a')]);
    let manager = Manager::at(&place);
    let line = "sb-echo 127.0.0.1:0 --workers 3 --auth mutual --key-file";
    let mut ours = manager.start_with(line, |launch| launch.arg(&key));
    assert_eq!(manager.hear(), "READY=1\n");
    ours.reload();
    assert!(manager.hear().starts_with("RELOADING=1\n"));
    assert_eq!(manager.hear(), "READY=1\n");
    assert_eq!(manager.hear_within(UNWANTED), None);
    ours.terminate();
    assert_eq!(manager.hear(), "STOPPING=1\n");
    let ending = ours.wait(DEADLINE);
    ending.expect_code(0);
    assert_eq!(ending.stderr.matches("read again").count(), 1, "{ending}");
    assert_eq!(manager.hear_within(Duration::from_millis(1)), None);
}

/// What must not come would come within it, on a machine that is not too busy to show a mistake.
const UNWANTED: Duration = Duration::from_millis(100);

/// Long enough for a sign of life to come on a busy machine, twice over.
const WATCHED: Duration = Duration::from_millis(400);

#[test]
fn a_service_that_is_watched_gives_signs_of_life_until_it_ends() {
    let place = Place::new();
    let manager = Manager::at(&place);
    let watched = |launch: Launch| launch.env("WATCHDOG_USEC", WATCHED.as_micros().to_string());
    let mut ours = manager.start_with("sb-echo systemd:door", watched);
    assert_eq!(manager.hear(), "READY=1\n");
    for _ in 0..3 {
        assert_eq!(manager.hear_within(DEADLINE).as_deref(), Some(ALIVE));
    }
    ours.terminate();
    assert_eq!(manager.hear(), "STOPPING=1\n");
    ours.wait(DEADLINE).expect_code(0);
}

#[test]
fn a_service_whose_loop_is_stuck_gives_no_sign_of_life() {
    let place = Place::new();
    let manager = Manager::at(&place);
    let (mut reader, writer) = std::io::pipe().unwrap();
    let ours = manager.start_with("sb-talk listen systemd:door", |launch| {
        launch.env("WATCHDOG_USEC", WATCHED.as_micros().to_string()).stdout(writer)
    });
    assert_eq!(manager.hear(), "READY=1\n");
    assert_eq!(manager.hear_within(DEADLINE).as_deref(), Some(ALIVE));
    // It prints into a pipe that nobody reads until it is stuck there, and reads no more.
    let mut caller = manager.call();
    caller.set_write_timeout(Some(WATCHED)).unwrap();
    while caller.write_all(&[b'x'; 8 * 1024]).is_ok() {}
    // One may have been under way.
    let silent = (0..50).any(|_| manager.hear_within(3 * WATCHED).is_none());
    assert!(silent, "it says that it is alive, and is not");
    // Somebody reads after all.
    let drained = std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
    assert_eq!(manager.hear_within(DEADLINE).as_deref(), Some(ALIVE));
    drop((caller, ours));
    drained.join().unwrap().unwrap();
}

#[test]
fn sockets_that_are_not_there_or_not_for_us_are_refused() {
    let own = "export LISTEN_PID=$$; exec \"$@\" 3<&0 </dev/null";
    let other = "export LISTEN_PID=1; exec \"$@\" 3<&0 </dev/null";
    for (line, fds, script, words) in [
        ("sb-echo systemd:door", "1", other, "for process 1,"),
        ("sb-echo systemd:window", "1", own, "\"window\" was passed, only door (fd:3)"),
        ("sb-echo systemd:", "2", own, "door (fd:3), unknown (fd:4)"),
        ("sb-echo systemd:unknown", "2", own, "fd:4 "),
        ("sb-echo systemd:door", "many", own, "LISTEN_FDS=\"many\""),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let launch = Launch::ours(line).env("LISTEN_FDS", fds).env("LISTEN_FDNAMES", "door");
        let ending = launch.through_shell(script).stdin(listener).start().wait(DEADLINE);
        ending.expect_code(2).expect_stderr(words);
    }
    let alone = Launch::ours("sb-echo systemd:door").start().wait(DEADLINE);
    alone.expect_code(2).expect_stderr("LISTEN_FDS is not set");
}

#[test]
fn a_manager_that_does_not_listen_changes_nothing() {
    for place in ["/nowhere/notify", "@switchboard-nobody", "nonsense", ""] {
        let launch = Launch::ours("sb-echo 127.0.0.1:0 --framing u8").env("NOTIFY_SOCKET", place);
        let mut ours = launch.env("WATCHDOG_USEC", "100000").start();
        echo(&mut call(&ours.listening_on()));
        ours.terminate();
        ours.wait(DEADLINE).expect_code(0);
    }
}

/// Whether the machine has one of systemd's tools.
fn has(tool: &str) -> bool {
    let is_there = Command::new(tool).arg("--version").output().is_ok_and(|output| output.status.success());
    if !is_there {
        skip(tool);
    }
    is_there
}

#[test]
fn systemds_own_activator_starts_a_server_on_two_sockets() {
    if !has("systemd-socket-activate") {
        return;
    }
    let place = Place::new();
    let [door, metrics] = ["door", "metrics"].map(|name| place.path(name));
    let activator = Launch::of("systemd-socket-activate").arg("--fdname=door:metrics");
    let activator =
        activator.arg("-l").arg(&door).arg("-l").arg(&metrics).arg(Launch::ours("sb-echo").path());
    let mut ours = activator.args("systemd:door --framing u8 --metrics systemd:metrics".split(' ')).start();
    let mut caller = call_when_there(&door);
    echo(&mut caller);
    let mut scraper = UnixStream::connect(&metrics).unwrap();
    scraper.set_read_timeout(Some(DEADLINE)).unwrap();
    scraper.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
    let mut text = String::new();
    scraper.read_to_string(&mut text).unwrap();
    assert!(text.contains("\nswitchboard_session_messages_in_total 1\n"), "{text}");
    drop(caller);
    ours.terminate();
    ours.wait(DEADLINE).expect_code(0);
    assert!(door.exists() && metrics.exists(), "the paths are the activator's");
}

/// Calls a socket that somebody is about to open.
fn call_when_there(path: &Path) -> UnixStream {
    let given_up = Instant::now() + DEADLINE;
    loop {
        match UnixStream::connect(path) {
            Ok(stream) => {
                stream.set_read_timeout(Some(DEADLINE)).expect("the deadline is not zero");
                return stream;
            }
            Err(error) => assert!(Instant::now() < given_up, "{}: {error}", path.display()),
        }
        std::thread::yield_now();
    }
}

#[test]
fn systemd_finds_nothing_wrong_with_our_units() {
    if !has("systemd-analyze") {
        return;
    }
    let place = Place::new();
    let program = Launch::ours("sb-chat").path().to_owned();
    let units = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/systemd");
    let mut copies = Vec::new();
    for unit in std::fs::read_dir(units).unwrap().map(|entry| entry.unwrap().path()) {
        let text = std::fs::read_to_string(&unit).unwrap();
        let text = text.replace("/usr/local/bin/sb-chat", program.to_str().unwrap());
        copies.push(place.file(unit.file_name().unwrap().to_str().unwrap(), text));
    }
    assert_eq!(copies.len(), 3);
    let ending = Launch::of("systemd-analyze").arg("verify").args(&copies).start().wait(DEADLINE);
    ending.expect_code(0);
    assert!(ending.stderr.is_empty(), "{ending}");
}

#[test]
fn the_units_name_what_our_programs_take() {
    let place = Place::new();
    let home = Place::new();
    let manager = Manager::at(&place);
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/systemd/sb-chat.service");
    let unit = std::fs::read_to_string(unit).unwrap();
    let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/")).unwrap();
    // Only one socket is passed here, for callers.
    let line = line.replace("systemd:chat", "systemd:door").replace("systemd:metrics", "0");
    let line = line.replace("%S", home.folder().to_str().unwrap());
    let ours = manager.start(&line);
    assert_eq!(manager.hear(), "READY=1\n");
    ours.listening_on();
    assert_eq!(scrape(&ours.listening_on()).value("switchboard_chat_members"), 0);
}
