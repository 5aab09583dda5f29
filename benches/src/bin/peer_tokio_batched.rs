//! `peer_tokio_batched`: an echo server on tokio by somebody who has measured: one thread, the frames found by hand in
//! what one read gave, and all their answers in one write.

use std::io;

use benches::peers::{self, frames};
use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn main() -> io::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(serve())
}

async fn serve() -> io::Result<()> {
    let listener = peers::listen()?;
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(echo(stream));
    }
}

/// Ends with its connection, however that ends.
async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut bytes = BytesMut::with_capacity(READ_BYTES);
    loop {
        bytes.reserve(READ_BYTES);
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
        let whole = frames::whole_frames(&bytes)?;
        stream.write_all(&bytes[..whole]).await?;
        bytes.advance(whole);
    }
}

/// Room for a read, as in our loop; but here each connection has its own.
const READ_BYTES: usize = 64 << 10;
