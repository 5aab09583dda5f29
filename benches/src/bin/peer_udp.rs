//! `peer_udp`: the floor for datagrams. One blocking socket, and one `recvfrom` and one `sendto` for each of them.

use std::io;
use std::net::{Ipv4Addr, UdpSocket};

use benches::peers;

fn main() -> io::Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    peers::announce("udp", socket.local_addr()?);
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        // What fails is the news that an earlier sender is gone.
        if let Ok((bytes, from)) = socket.recv_from(&mut buffer) {
            let _ = socket.send_to(&buffer[..bytes], from);
        }
    }
}

const DATAGRAM_BYTES_MAX: usize = 65_535;
