//! Members of a chat's rooms, many of them in one thread: who they are, what they wait for, and what it costs the hub.
//! The hub is another process; what is done with the figures is the program's.

mod member;
mod process;

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

pub use member::Member;
pub use process::Process;

/// What the members talk to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hub {
    /// `sb-chat`, after a handshake.
    Chat,
    /// `peer_room`.
    Bare,
}

/// Members in rooms of at most `room_members`, all of them there.
pub fn fill(hub: Hub, address: SocketAddr, members: usize, room_members: usize) -> io::Result<Vec<Member>> {
    let keys = if hub == Hub::Chat { member::keys()? } else { Vec::new() };
    let enter = |number: usize| match hub {
        Hub::Bare => Member::welcome(address),
        Hub::Chat => {
            let mut member = Member::prove(address, &keys[number % keys.len()])?;
            member.ask(&format!(r#"{{"type":"nick","nick":"n{number}","ref":1}}"#))?;
            member.ask(&format!(r#"{{"type":"join","room":"r{}","ref":1}}"#, number / room_members))?;
            Ok(member)
        }
    };
    (0..members).map(enter).collect()
}

/// Talks for so long, and gives how often something was said.
pub fn talk(hub: Hub, members: &mut [Member], time: Duration) -> io::Result<u64> {
    let end = Instant::now() + time;
    let mut said = 0;
    while Instant::now() < end {
        say_to_all(hub, members)?;
        said += 1;
    }
    Ok(said)
}

/// The first member says something, and everybody else waits for it.
pub fn say_to_all(hub: Hub, members: &mut [Member]) -> io::Result<()> {
    let (talker, others) = members.split_first_mut().expect("a room has members");
    match hub {
        Hub::Chat => talker.ask(&format!(r#"{{"type":"say","room":"r0","text":"{TEXT}","ref":1}}"#))?,
        Hub::Bare => {
            talker.say(&[b'x'; NOTICE_BYTES])?;
            talker.hear()?;
        }
    }
    others.iter_mut().try_for_each(|member| member.hear_until(is_message))
}

/// Comings and goings are passed over.
fn is_message(heard: &[u8]) -> bool {
    heard.starts_with(br#"{"type":"message""#) || heard.first() == Some(&b'x')
}

/// 64 of them.
const TEXT: &str = "sixty-four letters and spaces, which is about what people say...";

/// What the hub makes of such a text for the others.
const NOTICE_BYTES: usize = 152;
