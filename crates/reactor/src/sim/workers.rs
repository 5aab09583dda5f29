//! Loops that belong together: what they share in a simulated world. How it is shared is the loops' own.

use std::io;
use std::sync::Arc;

use super::net::{SimListener, SimNet};
use crate::address::Address;
use crate::handle::Bell;
use crate::handler::Handler;
use crate::net::{Adopted, ListenOptions, Wake};
use crate::reactor::Reactor;
use crate::share::Share;
use crate::workers;

/// Makes loops the workers of one server, as [`Workers`](crate::Workers) does with those on threads: what one of them
/// publishes to a group reaches the members on all. Each listens at an address of its own, or all at one that they
/// [share](listen_shared).
pub fn join_workers<H: Handler>(loops: &mut [Reactor<H, SimNet>]) {
    workers::join(loops);
}

/// Opens one listener that all these loops watch, as [`Workers`](crate::Workers) does for a Unix path; gives the address
/// it really got.
pub fn listen_shared<H>(
    loops: &mut [Reactor<H, SimNet>],
    address: &Address,
    options: &ListenOptions,
) -> io::Result<Address>
where
    H: Handler,
    H::Command: 'static,
{
    let Some(first) = loops.first() else { return Err(io::ErrorKind::InvalidInput.into()) };
    let (SimListener(place), address) = first.net().open_listener(address, options)?;
    let bells: Vec<_> = loops.iter().map(|one| Arc::new(Bell(one.handle())) as Arc<dyn Wake>).collect();
    for (one, share) in loops.iter_mut().zip(Share::among(bells)) {
        let twin = Adopted::Listener(SimListener(place), address.clone());
        one.adopt_shared(twin, options.calls_max, share)?;
    }
    Ok(address)
}
