//! A call as its function sees it: plain, blocking reading and writing.

use std::fmt;
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::{Buf, Bytes};

use super::Order;
use super::line::{Line, Taken};
use crate::{Address, ConnId, Handle};

/// One call, on a thread of its own for as long as its function runs.
pub struct Call {
    id: ConnId,
    peer: Address,
    caller: Option<String>,
    line: Arc<Line>,
    door: Handle<Order>,
    /// Taken from the line, not yet read through [`Read`].
    left: Bytes,
    /// Its function was told that the connection is over.
    is_lost: bool,
}

impl Call {
    pub(super) fn new(
        id: ConnId,
        peer: Address,
        caller: Option<String>,
        line: Arc<Line>,
        door: Handle<Order>,
    ) -> Call {
        Call { id, peer, caller, line, door, left: Bytes::new(), is_lost: false }
    }

    /// Which connection this is.
    pub fn id(&self) -> ConnId {
        self.id
    }

    /// Who calls.
    pub fn peer(&self) -> &Address {
        &self.peer
    }

    /// The name that the caller has proved, where one was asked for.
    pub fn caller(&self) -> Option<&str> {
        self.caller.as_deref()
    }

    /// Waits for the next bytes, however many come at once. `None` is the peer's end.
    ///
    /// # Errors
    /// The connection is lost, or a deadline of the loop has ended it.
    pub fn recv(&mut self) -> io::Result<Option<Bytes>> {
        if !self.left.is_empty() {
            return Ok(Some(std::mem::take(&mut self.left)));
        }
        let (bytes, taken) = self.line.take().map_err(|why| self.lost(why))?;
        if taken == Taken::RoomAgain {
            self.order(Order::Resume(self.id))?;
        }
        Ok(bytes)
    }

    /// Sends bytes; waits while too many are on their way.
    ///
    /// # Errors
    /// The connection is lost. That it is not says nothing about what the peer has read.
    pub fn send(&mut self, bytes: impl Into<Bytes>) -> io::Result<()> {
        let bytes = bytes.into();
        self.line.reserve(bytes.len()).map_err(|why| self.lost(why))?;
        self.order(Order::Send(self.id, bytes))
    }

    fn order(&mut self, order: Order) -> io::Result<()> {
        self.door.post_blocking(order).map_err(|_| self.lost("the loop has stopped".to_owned()))
    }

    fn lost(&mut self, why: String) -> io::Error {
        self.is_lost = true;
        io::Error::new(io::ErrorKind::ConnectionAborted, why)
    }

    /// Runs the function to its end, whatever that is, and tells the loop.
    pub(super) fn run(mut self, handle_call: &dyn Fn(&mut Call) -> io::Result<()>) {
        let ended = catch_unwind(AssertUnwindSafe(|| handle_call(&mut self)));
        let order = match ended {
            Ok(Ok(())) => Order::Close(self.id),
            // Why the connection ended is the loop's to tell.
            Ok(Err(error)) if self.is_lost => {
                tracing::debug!(peer = %self.peer, %error, "a call lost its connection");
                Order::Abort(self.id)
            }
            Ok(Err(error)) => {
                tracing::warn!(peer = %self.peer, %error, "a call failed");
                Order::Abort(self.id)
            }
            Err(_) => {
                tracing::error!(peer = %self.peer, "a call panicked");
                Order::Abort(self.id)
            }
        };
        // A loop that has stopped has ended the call already.
        let _ = self.order(order);
    }
}

/// `rfile`: any part of what has come.
impl Read for Call {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left.is_empty() {
            let Some(bytes) = self.recv()? else { return Ok(0) };
            self.left = bytes;
        }
        let length = buffer.len().min(self.left.len());
        self.left.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}

/// `wfile`: every write is handed over whole.
impl Write for Call {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.send(Bytes::copy_from_slice(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("id", &self.id).field("peer", &self.peer).finish_non_exhaustive()
    }
}
