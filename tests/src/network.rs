//! Hosts on a network of the test's own: network namespaces, joined by a bridge. They vanish with the processes that
//! hold them. What runs on them is left to the tests.

use std::process::{Command, Stdio};

use crate::launch::Launch;
use crate::program::{Program, Stream};
use crate::skip::skip;

/// Hosts that hear each other, with the addresses 10.77.0.1, 10.77.0.2 and so on, on an interface `eth0`, and a way to
/// other networks that leads nowhere.
pub struct Network {
    hosts: Vec<Host>,
    /// Has the bridge.
    _switch: Namespace,
}

impl Network {
    /// So many hosts. Where none can be made the test has nothing to check: it says so and returns early, or fails
    /// where `SWITCHBOARD_REQUIRE` names `namespaces`.
    pub fn of(hosts: usize) -> Option<Network> {
        let switch = may_make()?.namespace("ip link add br0 up type bridge mcast_snooping 0");
        let hosts = (1..=hosts).map(|number| switch.plug_in(number)).collect();
        Some(Network { hosts, _switch: switch })
    }

    /// The hosts, in the order of their addresses.
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }
}

/// One host.
pub struct Host(Namespace);

impl Host {
    /// A host by itself: all it has is its loopback. Where none can be made, as [`Network::of`].
    pub fn alone() -> Option<Host> {
        Some(Host(may_make()?.namespace("ip link set lo up")))
    }

    /// The same process, but on this host.
    #[must_use]
    pub fn run(&self, launch: Launch) -> Launch {
        launch.through_shell(&format!("exec {} \"$@\"", self.0.entrance().join(" ")))
    }
}

/// A process that holds a network namespace.
struct Namespace {
    holder: Program,
    means: Means,
}

impl Namespace {
    /// Starts a holder with these words, which has its namespace prepared by this script. It ends with its input, and
    /// so with the test.
    fn hold(words: &[String], prepare: &str, means: Means) -> Namespace {
        let hold = format!("{prepare}; echo up; exec cat");
        let holder = Launch::of(&words[0]).args(&words[1..]).args(["sh", "-ec", &hold]).start();
        holder.expect_line(Stream::Stdout, "up");
        Namespace { holder, means }
    }

    /// What leads a process into it.
    fn entrance(&self) -> Vec<String> {
        let target = ["nsenter".to_owned(), format!("--target={}", self.holder.id())];
        target.into_iter().chain(self.means.entering().iter().map(ToString::to_string)).collect()
    }

    /// A new host on the bridge here. Its IPv6 addresses are not checked for doubles, so that they can be used at once.
    fn plug_in(&self, number: usize) -> Host {
        let words = [self.entrance(), vec!["unshare".to_owned(), "--net".to_owned()]].concat();
        let prepare = "ip link set lo up; echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad";
        let host = Namespace::hold(&words, prepare, self.means);
        let pid = host.holder.id();
        self.carry_out(&format!("ip link add h{number} up master br0 type veth peer name eth0 netns {pid}"));
        host.carry_out(&format!("ip addr add 10.77.0.{number}/24 broadcast + dev eth0; ip link set eth0 up"));
        host.carry_out("ip route add default via 10.77.0.254");
        // Before that, what is sent is lost without a word.
        host.carry_out("until ip link show eth0 | grep -q 'state UP'; do :; done");
        self.carry_out(&format!("until ip -d link show h{number} | grep -q 'state forwarding'; do :; done"));
        Host(host)
    }

    fn carry_out(&self, script: &str) {
        let words = self.entrance();
        Launch::of(&words[0]).args(&words[1..]).args(["sh", "-ec", script]).start().finish().expect_code(0);
    }
}

/// By what right namespaces are made.
#[derive(Clone, Copy)]
enum Means {
    /// Our own.
    Root,
    /// That of the root of a user namespace.
    User,
}

impl Means {
    fn making(self) -> &'static [&'static str] {
        match self {
            Means::Root => &["unshare", "--net"],
            Means::User => &["unshare", "--map-root-user", "--net"],
        }
    }

    fn entering(self) -> &'static [&'static str] {
        match self {
            Means::Root => &["--net"],
            Means::User => &["--user", "--preserve-credentials", "--net"],
        }
    }

    fn namespace(self, prepare: &str) -> Namespace {
        let words: Vec<String> = self.making().iter().map(ToString::to_string).collect();
        Namespace::hold(&words, prepare, self)
    }

    /// Also whether there is an `ip` to prepare one with.
    fn works(self) -> bool {
        let [program, flags @ ..] = self.making() else { return false };
        let mut trial = Command::new(program);
        let trial = trial.args(flags).args(["ip", "link", "set", "lo", "up"]).stderr(Stdio::null()).status();
        trial.is_ok_and(|status| status.success())
    }
}

fn may_make() -> Option<Means> {
    let means = [Means::Root, Means::User].into_iter().find(|means| means.works());
    if means.is_none() {
        skip("namespaces");
    }
    means
}
