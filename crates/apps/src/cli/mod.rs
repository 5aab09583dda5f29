//! What all programs share on the command line: arguments, exit codes, output, input, signals, logging.
//!
//! Knows nothing of what a program is for; the mains in `src/bin` put these together with a module.

pub mod exit;
