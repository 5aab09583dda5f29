//! Somebody on the path who passes everything on and keeps a copy. What it is good for is left to the tests.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::thread::JoinHandle;

use crate::wire::{answer_one, call};

/// All that passed, each way.
pub struct Passed {
    /// What the caller said.
    pub from_caller: Vec<u8>,
    /// What the server said.
    pub from_server: Vec<u8>,
}

impl Passed {
    /// Whether these bytes passed in a row, either way.
    pub fn contains(&self, sought: &[u8]) -> bool {
        let is_in = |said: &[u8]| said.windows(sought.len()).any(|window| window == sought);
        is_in(&self.from_caller) || is_in(&self.from_server)
    }
}

/// Stands between one caller and the server at `endpoint`: where to call, and what will have passed when both ended.
#[track_caller]
pub fn tap(endpoint: &str) -> (String, JoinHandle<Passed>) {
    let server = call(endpoint);
    answer_one(move |caller| {
        let [to_caller, from_server] = [clone(&caller), clone(&server)];
        let back = std::thread::spawn(move || carry(from_server, to_caller));
        let from_caller = carry(caller, server);
        Passed { from_caller, from_server: back.join().expect("carrying does not panic") }
    })
}

/// Passes everything on, and then the end.
fn carry(mut from: TcpStream, mut to: TcpStream) -> Vec<u8> {
    let mut passed = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(bytes @ 1..) = from.read(&mut piece) {
        passed.extend_from_slice(&piece[..bytes]);
        if to.write_all(&piece[..bytes]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write); // it may be gone already
    passed
}

fn clone(stream: &TcpStream) -> TcpStream {
    stream.try_clone().expect("a stream has room for one more handle")
}
