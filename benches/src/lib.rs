//! Measures Switchboard beside its peers, in one run on one machine, and prints ratios.
//!
//! `rounds` and `table` know nothing of what is measured; `framing` and `handshakes` hold the contenders and what they
//! work on. The programs in `src/bin` put them together. What the figures were is in the README.

pub mod contender;
pub mod framing;
pub mod handshakes;
pub mod instructions;
pub mod peers;
pub mod processor;
pub mod room;
pub mod rounds;
pub mod table;
