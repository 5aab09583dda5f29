//! The door of a program that takes one caller at a time: how many may stand in it, and prove who they are at once.
//!
//! Leaves who is taken, and who waits, to the programs.

use auth::Dialect;
use reactor::ListenOptions;

/// How such a listener takes calls. Where nothing has to be proved, the next caller stays in the kernel's backlog. Where
/// something has to be, a stranger that proves nothing would hold the one place; so there are many, and of those who
/// have proved something all but one wait.
pub fn options(dialect: Dialect) -> ListenOptions {
    let calls_max = match dialect {
        Dialect::None => 1,
        _ => 1 + WAITING_MAX + NEWCOMERS_MAX,
    };
    ListenOptions { calls_max, ..ListenOptions::default() }
}

/// For the limit of the same name of the listener's loop, beyond which the oldest newcomer leaves. Enough that a crowd of
/// strangers does not push somebody out who only needs the time of two messages to prove who it is; few enough for the
/// usual 1,024 descriptors when all places are taken.
pub const NEWCOMERS_MAX: usize = 256;

/// So many who hold a key may wait even while strangers take all of the places above. Each holds at most what one turn
/// of the loop reads.
pub const WAITING_MAX: usize = 16;
