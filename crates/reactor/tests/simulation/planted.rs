//! Would the laws notice? Mistakes are planted in the loop, one at a time, and each must be found by the seeds of an
//! ordinary run.

use std::panic::{RefUnwindSafe, catch_unwind};

use switchboard_reactor::Plant;
use switchboard_reactor::sim::Faults;

use super::SEEDS;
use super::datagrams::every_datagram_leaves;
use super::echo::echo_once;

/// Runs seeds until one of them fails, and says which and how.
fn is_found(plant: Plant) {
    is_found_by(|seed| echo_once(seed, Faults::rough(), Some(plant)), plant);
}

fn is_found_by<R>(run: impl Fn(u64) -> R + RefUnwindSafe, plant: Plant) {
    let fails = |seed: &u64| catch_unwind(|| drop(run(*seed))).is_err();
    let found = (0..SEEDS).find(fails);
    println!("{plant:?} is found by seed {found:?}");
    assert!(found.is_some(), "{plant:?} survives {SEEDS} seeds");
}

macro_rules! planted {
    ($($test:ident: $plant:ident,)*) => {
        $(#[test]
        fn $test() {
            is_found(Plant::$plant);
        })*
    };
}

planted! {
    a_skipped_rearm_is_found: SkippedRearm,
    a_limit_off_by_one_is_found: OffByOneLimit,
    a_lost_wake_is_found: LostWake,
    a_double_finish_is_found: DoubleFinish,
    a_lost_rest_is_found: LostRest,
    a_send_out_of_order_is_found: SendOutOfOrder,
    a_forgotten_half_close_is_found: ForgottenHalfClose,
    an_accept_not_retried_is_found: AcceptNotRetried,
    a_timer_that_is_early_is_found: TimerEarly,
    a_stale_id_is_found: StaleId,
}

#[test]
fn a_datagram_not_retried_is_found() {
    let plant = Plant::DatagramNotRetried;
    is_found_by(|seed| every_datagram_leaves(seed, Some(plant)), plant);
}
