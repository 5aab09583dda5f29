//! A member whose hub goes away, on the simulated network: it calls again, wherever the hub is by then.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use auth::{Dialect, Policy};
use reactor::sim::{Faults, Rng, SimNet, World, each_seed};
use reactor::{Handle, Limits, ListenOptions, Reactor};

use super::*;
use crate::chat::hub::{Hub, HubLimits, Nick, RoomName};
use crate::chat::join::client::Choice;
use crate::chat::server::Server;
use crate::cli::kept::Kept;
use crate::cli::notes::{Notes, Volume};
use crate::cli::output::{Audience, Format, Output};
use crate::cli::stdin::pump_from;
use crate::session::{Profile, Session};

/// What is known about where the hub is.
type Directory = Rc<RefCell<Result<Vec<Address>, Fault>>>;

type Member = Reactor<Session<Joiner>, SimNet>;

fn profile() -> Profile {
    let policy = Policy::new(Dialect::None, Arc::default()).unwrap();
    Profile::new("u32be".parse().unwrap(), policy)
}

/// Somebody who sits there and wants to be in the room; what is shown to them.
fn member(world: &World, directory: &Directory) -> (Member, Kept) {
    let shown = Kept::default();
    let notes = Notes::over(shown.clone(), Volume::Normal);
    let screen =
        Screen::new(Output::over(Kept::default(), Format::Text, Audience::Pipe), notes.clone(), notes);
    let client = Client::new(Nick::parse("ada").unwrap(), Choice::Typed, &RoomName::parse("lobby").unwrap());
    let credit = pump_from(io::empty(), drop).unwrap();
    let door: Rc<OnceLock<Handle<Order>>> = Rc::default();
    let look_up = {
        let (door, directory) = (Rc::clone(&door), Rc::clone(directory));
        move || {
            let found = directory.borrow().clone().map_err(|fault| Failure::new(fault, "not found"));
            door.wait().post(Order::Found(found)).is_ok()
        }
    };
    let joiner = Joiner::new(client, screen, credit, Perseverance::CallAgain, Box::new(look_up));
    let mut member = Reactor::with_net(world.host(), Session::new(joiner, profile()), Limits::default());
    assert!(door.set(member.handle()).is_ok());
    let addresses = directory.borrow().clone().unwrap();
    member.with_context(|session, cx| session.with_link(cx, |joiner, link| joiner.call(link, addresses)));
    (member, shown)
}

/// A hub at an address of its own, known to the directory.
fn hub(world: &World, directory: &Directory) -> Reactor<Session<Server>, SimNet> {
    let server = Server::new(Hub::new(HubLimits::default()), Notes::over(Kept::default(), Volume::Normal));
    let session = Session::new(server.with_calendar(|| 1000), profile());
    let mut hub = Reactor::with_net(world.host(), session, Limits::default());
    let (_, address) = hub.listen(&"tcp://10.0.0.1:0".parse().unwrap(), &ListenOptions::default()).unwrap();
    *directory.borrow_mut() = Ok(vec![address]);
    hub
}

fn is_in(member: &Member) -> bool {
    member.handler().service().connection.is_some()
}

#[test]
fn a_hub_that_goes_away_again_and_again_is_joined_again_wherever_it_is() {
    let replay = "cargo test -p switchboard --lib a_hub_that_goes_away";
    each_seed(replay, 0..100, |seed| {
        let mut rng = Rng::new(seed ^ 0x10b);
        let world =
            World::new(seed, Faults { refusals: 0.0, resets: 0.0, accept_errors: 0.0, ..Faults::rough() });
        let directory: Directory = Rc::new(RefCell::new(Ok(Vec::new())));
        let mut at = hub(&world, &directory);
        let (mut member, shown) = member(&world, &directory);
        for _ in 0..4 {
            world.run(&mut [&mut at, &mut member], Duration::from_mins(1)).unwrap();
            assert!(is_in(&member), "{}", shown.text());
            assert_eq!(at.stats().connections, 1, "one connection, not two");
            at.handle().shutdown();
            world.run(&mut [&mut at, &mut member], Duration::from_secs(1)).unwrap();
            // Its name is unknown for a while, too.
            *directory.borrow_mut() = Err(Fault::Connection);
            world.run(&mut [&mut member], Duration::from_millis(rng.below(120_000))).unwrap();
            assert!(!is_in(&member));
            at = hub(&world, &directory);
        }
        assert!(shown.text().matches("; calling again in ").count() >= 4, "{}", shown.text());
        assert!(shown.text().contains("warning: not found; calling again"));
    });
}

#[test]
fn a_name_that_has_come_to_mean_another_host_is_not_called() {
    let world = World::new(1, Faults::none());
    let directory: Directory = Rc::new(RefCell::new(Ok(Vec::new())));
    let mut at = hub(&world, &directory);
    let (mut member, _) = member(&world, &directory);
    world.run(&mut [&mut at, &mut member], Duration::from_secs(1)).unwrap();
    assert!(is_in(&member));
    at.handle().shutdown();
    *directory.borrow_mut() = Err(Fault::Usage);
    world.run(&mut [&mut at, &mut member], Duration::from_mins(1)).unwrap();
    let joiner = member.run().unwrap().into_service();
    assert_eq!(joiner.outcome().unwrap_err().fault(), Fault::Usage);
}
