//! `peer_room`: the floor for a room. Whoever says something has it written to everybody, a bare `write` for each of them,
//! by a loop that knows no names and keeps nothing.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};

use benches::peers::{self, frames};
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};

fn main() -> io::Result<()> {
    let listener = peers::listen()?;
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
    let (mut members, mut events) = (Vec::new(), Vec::with_capacity(EVENTS));
    loop {
        epoll::wait(&epoll, spare_capacity(&mut events), None)?;
        for event in events.drain(..) {
            if event.data.u64() == LISTENER {
                let member = accept(&listener)?;
                epoll::add(&epoll, &member, EventData::new_u64(members.len() as u64), EventFlags::IN)?;
                members.push(member);
            } else if !pass_on(event.data.u64() as usize, &mut members)? {
                return Ok(());
            }
        }
    }
}

/// The empty message says that one is in the room.
fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    let (mut member, _) = listener.accept()?;
    member.set_nodelay(true)?;
    member.write_all(&[0; frames::HEADER_BYTES])?;
    Ok(member)
}

/// Sends one message to everybody; a member that leaves ends the room, and says so.
fn pass_on(from: usize, members: &mut [TcpStream]) -> io::Result<bool> {
    let mut buffer = [0; 4096];
    let bytes = members[from].read(&mut buffer)?;
    let whole = frames::whole_frames(&buffer[..bytes])?;
    for member in members.iter_mut().filter(|_| whole > 0) {
        member.write_all(&buffer[..whole])?;
    }
    Ok(bytes > 0)
}

const LISTENER: u64 = u64::MAX;
const EVENTS: usize = 1024;
