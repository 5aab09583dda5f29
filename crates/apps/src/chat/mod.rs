//! `sb-chat`: a hub with rooms, and the people in them.
//!
//! ```text
//!   join                                serve
//!   +--------+   +---------+   TCP, Unix   +---------+   +--------+   +------+
//!   | typed  | > | schema  |  ===========> | session | > | server | > | hub  |
//!   | shown  | < | JSON    |  <=========== |         | < | JSON   | < | pure |
//!   +--------+   +---------+   u32be,      +---------+   +--------+   +------+
//!                              mutual
//! ```
//!
//! [`hub`] has the rules and sees neither sockets nor JSON. [`schema`] is what travels, described in
//! `docs/chat.md`.

pub mod hub;
pub mod schema;
