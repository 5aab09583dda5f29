//! What peers in Rust have in common: how one begins, and the one framing that all of them speak. How a peer reads,
//! answers and waits is its own affair, in `src/bin/peer_*.rs`.

pub mod frames;

use std::io;
use std::net::{Ipv4Addr, TcpListener};

/// A listener on a free port of the loopback, after the line that scripts wait for.
pub fn listen() -> io::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    // The standard library asks for 128, which a crowd that comes at once overruns.
    rustix::net::listen(&listener, BACKLOG)?;
    announce("tcp", listener.local_addr()?);
    Ok(listener)
}

/// Says where, as the programs do.
pub fn announce(scheme: &str, address: std::net::SocketAddr) {
    eprintln!("listening on {scheme}://{address}");
}

/// As our listeners have it.
const BACKLOG: i32 = 1024;
