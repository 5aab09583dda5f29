//! A handler that may block: `ThreadingTCPServer` with `rfile` and `wfile`, on a bounded number of threads.

use std::io::{self, BufRead, BufReader, Read, Write};

use switchboard_reactor::blocking::{Blocking, Call, Threads};
use switchboard_reactor::{Limits, ListenOptions};

/// Asks for a name and greets.
fn greet(call: &mut Call) -> io::Result<()> {
    call.write_all(b"who is there?\n")?;
    let mut name = String::new();
    BufReader::new(Read::by_ref(call)).read_line(&mut name)?;
    writeln!(call, "hello, {}", name.trim_end())
}

/// Serves one caller, then stops.
pub fn main() -> io::Result<()> {
    let mut reactor = Blocking::reactor(greet, Threads::default(), Limits::default())?;
    let (_, address) =
        reactor.listen(&"tcp://127.0.0.1:0".parse().expect("an address"), &ListenOptions::default())?;
    let handle = reactor.handle();
    let serving = std::thread::spawn(|| reactor.run().map(drop));

    let mut caller = std::net::TcpStream::connect(address.ip().expect("it is a TCP address"))?;
    caller.write_all(b"Ada\n")?;
    let mut heard = String::new();
    caller.read_to_string(&mut heard)?;
    assert_eq!(heard, "who is there?\nhello, Ada\n");
    handle.shutdown();
    serving.join().expect("the loop does not panic")
}
