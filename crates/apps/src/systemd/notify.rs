//! What the manager is told, as one datagram each. When it is told is left to others; nobody waits for an answer.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use super::variable;

/// How a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It serves: it has just begun to, or has read its settings again.
    Ready,
    /// It reads its settings again. [`Ready`](State::Ready) must follow.
    Reloading,
    /// It is about to end.
    Stopping,
    /// It is alive.
    Alive,
}

/// Tells the manager, if there is one. One that is too busy to take a datagram is waited for, a second at most.
///
/// What goes wrong is logged and changes nothing: a service does its work, whoever asks.
pub fn notify(state: State) {
    let Some(place) = variable(SOCKET).filter(|place| !place.is_empty()) else { return };
    if let Err(error) = send(&place, &message(state)) {
        tracing::warn!(%place, %error, ?state, "the service manager was not told");
    }
}

fn message(state: State) -> String {
    match state {
        State::Ready => "READY=1\n".to_owned(),
        // By the time at which it began the manager knows which of several reloads is over.
        State::Reloading => format!("RELOADING=1\nMONOTONIC_USEC={}\n", monotonic_micros()),
        State::Stopping => "STOPPING=1\n".to_owned(),
        State::Alive => "WATCHDOG=1\n".to_owned(),
    }
}

fn monotonic_micros() -> u128 {
    let now = clock_gettime(ClockId::Monotonic);
    // Neither is negative: the clock counts from the start of the machine.
    Duration::new(now.tv_sec.try_into().unwrap_or(0), now.tv_nsec.try_into().unwrap_or(0)).as_micros()
}

/// Sends to a path, or to the name in the abstract namespace that follows an `@`.
fn send(place: &str, message: &str) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(PATIENCE))?;
    match place.strip_prefix('@') {
        Some(name) => send_to_name(&socket, name, message),
        None if place.starts_with('/') => socket.send_to(message.as_bytes(), place).map(drop),
        None => Err(io::Error::new(io::ErrorKind::InvalidInput, "neither a path nor a name after an @")),
    }
}

#[cfg(target_os = "linux")]
fn send_to_name(socket: &UnixDatagram, name: &str, message: &str) -> io::Result<()> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;

    socket.send_to_addr(message.as_bytes(), &SocketAddr::from_abstract_name(name)?).map(drop)
}

#[cfg(not(target_os = "linux"))]
fn send_to_name(_: &UnixDatagram, _: &str, _: &str) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "only Linux has such names"))
}

/// Where the manager listens.
pub(super) const SOCKET: &str = "NOTIFY_SOCKET";

/// For a manager whose queue is full.
const PATIENCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(socket: &UnixDatagram) -> String {
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut bytes = [0; 200];
        let length = socket.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }

    #[test]
    fn a_manager_is_told_at_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        send(path.to_str().unwrap(), &message(State::Ready)).unwrap();
        assert_eq!(heard(&manager), "READY=1\n");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_manager_is_told_at_its_abstract_name() {
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::net::SocketAddr;

        let name = format!("switchboard-test-{}", std::process::id());
        let manager = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        send(&format!("@{name}"), &message(State::Stopping)).unwrap();
        assert_eq!(heard(&manager), "STOPPING=1\n");
    }

    #[test]
    fn a_reload_tells_when_it_began() {
        let before = monotonic_micros();
        let told = message(State::Reloading);
        let began = told.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap().trim_end();
        assert!((before..=monotonic_micros()).contains(&began.parse().unwrap()), "{told}");
    }

    #[test]
    fn a_place_where_nobody_is_costs_an_error_and_no_more() {
        for place in ["/nowhere/at/all", "relative", "vsock:2:1234", "@switchboard-nobody-listens-here"] {
            assert!(send(place, "READY=1\n").is_err(), "{place}");
        }
    }
}
