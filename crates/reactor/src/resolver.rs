//! Names to addresses without ever blocking a loop: the system is asked on threads of its own, and the answer is
//! posted. What to do with it is the handler's.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use crate::blocking::{Pool, PoolStats, Threads};
use crate::handle::Handle;

/// Asks the system for the addresses of names.
///
/// ```no_run
/// # use switchboard_reactor::{Handle, Resolver};
/// # fn example(handle: Handle<String>) -> std::io::Result<()> {
/// let resolver = Resolver::start()?;
/// // The handler's `command` will be called with what the last argument makes of the answer.
/// resolver.resolve("localhost", 9000, &handle, |answer| format!("{answer:?}"))?;
/// # Ok(())
/// # }
/// ```
pub struct Resolver {
    pool: Pool,
    look_up: Arc<LookUp>,
}

type LookUp = dyn Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// Two questions at once, so that one name server that sleeps does not hold up every other name; 256 wait.
const THREADS: Threads = Threads { running_max: 2, waiting_max: 256 };

impl Resolver {
    /// Asks the system's resolver, as everybody else on this host does.
    pub fn start() -> io::Result<Resolver> {
        Resolver::asking(|host, port| Ok((host, port).to_socket_addrs()?.collect()))
    }

    /// Asks somebody else: a table, a test.
    pub fn asking(
        look_up: impl Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
    ) -> io::Result<Resolver> {
        Ok(Resolver { pool: Pool::start(THREADS)?, look_up: Arc::new(look_up) })
    }

    /// Asks for a name; never waits. What `make` makes of the answer is posted to the loop as a command. A name
    /// without any address is an error (`NotFound`), so an answer is never empty.
    ///
    /// # Errors
    /// `ResourceBusy` when too many questions are waiting: nothing will be posted.
    pub fn resolve<C: Send + 'static>(
        &self,
        host: &str,
        port: u16,
        door: &Handle<C>,
        make: impl FnOnce(io::Result<Vec<SocketAddr>>) -> C + Send + 'static,
    ) -> io::Result<()> {
        let (look_up, host, door) = (Arc::clone(&self.look_up), host.to_owned(), door.clone());
        let is_taken = self.pool.submit(move || {
            let answer = look_up(&host, port).and_then(|found| none_is_an_error(&host, found));
            // Whoever asked would otherwise never hear. A loop that has stopped does not want to know.
            let _ = door.post_blocking(make(answer));
        });
        if is_taken {
            Ok(())
        } else {
            Err(io::Error::new(io::ErrorKind::ResourceBusy, "too many names are being looked up"))
        }
    }

    /// What its threads are doing.
    pub fn stats(&self) -> PoolStats {
        self.pool.stats()
    }
}

fn none_is_an_error(host: &str, found: Vec<SocketAddr>) -> io::Result<Vec<SocketAddr>> {
    if found.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, format!("{host} has no address")));
    }
    Ok(found)
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
