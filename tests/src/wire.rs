//! Plain TCP with deadlines, for tests that are the peer themselves and send what no program would.
//! Which bytes is left to the tests.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;

use crate::DEADLINE;

/// The address in `tcp://HOST:PORT` or `udp://HOST:PORT`.
#[track_caller]
pub fn address_of(endpoint: &str) -> SocketAddr {
    let address = endpoint.split_once("://").map_or(endpoint, |(_, address)| address);
    address.parse().unwrap_or_else(|error| panic!("{endpoint:?} is no socket address: {error}"))
}

/// The same as two words, as most Python programs take it.
#[track_caller]
pub fn host_and_port(endpoint: &str) -> [String; 2] {
    let address = address_of(endpoint);
    [address.ip().to_string(), address.port().to_string()]
}

/// A connection whose reads and writes end at the usual deadline.
#[track_caller]
pub fn call(endpoint: &str) -> TcpStream {
    let address = address_of(endpoint);
    let stream = TcpStream::connect_timeout(&address, DEADLINE);
    with_deadlines(stream.unwrap_or_else(|error| panic!("cannot call {endpoint}: {error}")))
}

/// Listens on a free port, and lets `conversation` have the first caller on a thread of its own.
pub fn answer_one<T: Send + 'static>(
    conversation: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (String, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback has a free port");
    let address = listener.local_addr().expect("a bound listener has an address");
    let thread = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a listener on the loopback accepts");
        conversation(with_deadlines(stream))
    });
    (format!("tcp://{address}"), thread)
}

fn with_deadlines(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(DEADLINE)).expect("the deadline is not zero");
    stream.set_write_timeout(Some(DEADLINE)).expect("the deadline is not zero");
    stream
}
