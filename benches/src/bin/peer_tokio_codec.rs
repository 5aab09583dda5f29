//! `peer_tokio_codec`: an echo server on tokio with `LengthDelimitedCodec`, as the documentation of both shows it: a
//! task for each connection on the runtime that `#[tokio::main]` makes, a `send` for each message.

use std::io;

use benches::peers;
use bytes::BytesMut;
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::codec::{Framed, LengthDelimitedCodec};

fn main() -> io::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_io().build()?.block_on(serve())
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
async fn echo(stream: TcpStream) -> io::Result<()> {
    let mut framed = Framed::new(stream, codec());
    while let Some(message) = framed.next().await {
        framed.send(BytesMut::freeze(message?)).await?;
    }
    Ok(())
}

fn codec() -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().max_frame_length(peers::frames::MESSAGE_BYTES_MAX).new_codec()
}
