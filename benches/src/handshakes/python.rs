//! Python's server: `multiprocessing.connection.Listener` with a key, which hangs up on whoever is let in.

use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use super::KEY;
use crate::processor::Meter;

/// A Python of the machine; killed when it is dropped.
pub struct PythonListener {
    /// Which Python, and what it listens with.
    pub name: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// Its processor time.
    pub meter: Meter,
    child: Child,
}

impl PythonListener {
    /// Starts the interpreter of this name, if it is there.
    pub fn start(program: &str) -> io::Result<PythonListener> {
        let mut command = Command::new(program);
        command.args(["-u", "-c", SCRIPT]).arg(String::from_utf8_lossy(&KEY).as_ref());
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
        let mut next = || lines.next().unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()));
        let (version, port) = (next()?, next()?);
        let port: u16 = port.trim().parse().map_err(io::Error::other)?;
        let name = format!("Listener of Python {version}");
        let meter = Meter::of_process(child.id());
        Ok(PythonListener { name, address: ([127, 0, 0, 1], port).into(), meter, child })
    }
}

impl Drop for PythonListener {
    fn drop(&mut self) {
        // Both fail when it is over already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const SCRIPT: &str = r"
import platform, sys
from multiprocessing.connection import Listener
listener = Listener(('127.0.0.1', 0), backlog=128, authkey=sys.argv[1].encode())
print(platform.python_version())
print(listener.address[1])
while True:
    listener.accept().close()
";
