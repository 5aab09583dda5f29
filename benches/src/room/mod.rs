//! Members of a chat's rooms, many of them in one thread: who they are, what they wait for, and what it costs the hub.
//! The hub is another process; what is done with the figures is the program's.

mod member;
mod notice;
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
        said += 1;
        say_to_all(hub, members, said)?;
    }
    Ok(said)
}

/// The first member says something that has this number, and everybody else waits for just that.
pub fn say_to_all(hub: Hub, members: &mut [Member], number: u64) -> io::Result<()> {
    let (talker, others) = members.split_first_mut().expect("a room has members");
    let told = match hub {
        Hub::Chat => {
            let answer = talker.ask(&notice::say())?;
            notice::told_after(answer).ok_or_else(|| member::altered(answer, b"what it said"))?
        }
        Hub::Bare => {
            let said = notice::bare(number);
            talker.say(&said)?;
            talker.hear_this(&said)?;
            said.to_vec()
        }
    };
    others.iter_mut().try_for_each(|member| member.hear_this(&told))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    const ANSWER: &[u8] = br#"{"type":"accepted","id":7,"ms":1767225600000,"ref":1}"#;

    /// What comes of a room of two, if its hub says this to the one who talks and that to the other.
    fn heard(hub: Hub, replies: [Vec<u8>; 2]) -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let hub_side = thread::spawn(move || {
            replies.map(|reply| {
                let (mut stream, _) = listener.accept().unwrap();
                stream.write_all(&[framed(b""), reply].concat()).unwrap();
                stream
            })
        });
        let mut members = [0; 2].map(|_: i32| Member::welcome(address).unwrap());
        let _streams = hub_side.join().unwrap();
        say_to_all(hub, &mut members, 1)
    }

    fn framed(message: &[u8]) -> Vec<u8> {
        [&u32::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
    }

    /// A hub, what it says to who talks, and what to the other.
    fn right() -> [(Hub, Vec<u8>, Vec<u8>); 2] {
        let bare = notice::bare(1).to_vec();
        [(Hub::Chat, ANSWER.to_vec(), notice::told_after(ANSWER).unwrap()), (Hub::Bare, bare.clone(), bare)]
    }

    #[test]
    fn a_room_hears_what_was_said_and_may_hear_of_others_before() {
        for (hub, to_talker, to_other) in right() {
            let joined = framed(br#"{"type":"joined","room":"r0","nick":"n9"}"#);
            heard(hub, [framed(&to_talker), [joined, framed(&to_other)].concat()]).unwrap();
        }
    }

    #[test]
    fn a_byte_that_is_changed_missing_or_too_many_is_found_wherever_it_is() {
        for (hub, to_talker, to_other) in right() {
            let changed = [0, 8, to_other.len() / 2, to_other.len() - 1].map(|at| {
                let mut changed = to_other.clone();
                changed[at] ^= 1;
                changed
            });
            let (shorter, longer) = (to_other[1..].to_vec(), [&to_other[..], b"}"].concat());
            for wrong in changed.into_iter().chain([shorter, longer, Vec::new()]) {
                let error = heard(hub, [framed(&to_talker), framed(&wrong)]).unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{hub:?}, {}", wrong.escape_ascii());
            }
        }
    }

    #[test]
    fn a_message_of_the_round_before_is_not_taken_for_this_one() {
        let stale = framed(&notice::bare(0));
        assert!(heard(Hub::Bare, [framed(&notice::bare(1)), stale]).is_err());
    }
}
