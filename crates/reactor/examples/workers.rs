//! Two loops behind one address, each on its own thread: what is said on one is heard on both.
use std::io::{BufRead, BufReader, Result, Write};
use std::net::TcpStream;
use std::num::NonZeroUsize;

use switchboard_reactor::{Closed, ConnId, Context, GroupId, Handle, Handler, Limits, Origin, Workers};

struct Room;
const EVERYBODY: GroupId = GroupId(1);
impl Handler for Room {
    type Command = ();
    fn setup(&mut self, cx: &mut Context<'_>, id: ConnId, _: Origin<'_>) {
        cx.established(id);
        cx.join(id, EVERYBODY);
        cx.send(id, b"welcome\n");
    }
    fn handle(&mut self, cx: &mut Context<'_>, _: ConnId, input: &[u8]) -> usize {
        let Some(end) = input.iter().rposition(|byte| *byte == b'\n') else { return 0 };
        cx.publish(EVERYBODY, input[..=end].to_vec().into());
        end + 1
    }
    fn finish(&mut self, _: &mut Context<'_>, _: ConnId, _: Closed) {}
}

/// Eight people, wherever the kernel puts them, hear what one of them says.
pub fn main() -> Result<()> {
    let two = NonZeroUsize::MIN.saturating_add(1);
    let mut workers = Workers::new(two, &Limits::default(), |_| Room)?;
    let any = "tcp://127.0.0.1:0".parse().expect("an address");
    let address = workers.listen(&any, &switchboard_reactor::ListenOptions::default())?;
    let (handles, address) = (workers.handles(), address.ip().expect("it is a TCP address"));
    let serving = std::thread::spawn(|| workers.run().map(drop));
    let mut people =
        [address; 8].map(|address| BufReader::new(TcpStream::connect(address).expect("a place")));
    people.iter_mut().try_for_each(|one| one.read_line(&mut String::new()).map(drop))?; // all are in
    people[0].get_mut().write_all(b"hello\n")?;
    people.iter_mut().try_for_each(|one| one.read_line(&mut String::new()).map(drop))?;
    handles.iter().for_each(Handle::shutdown);
    serving.join().expect("no loop panics")
}
