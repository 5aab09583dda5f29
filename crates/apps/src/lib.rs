//! Placeholder.

pub mod cli;
pub mod endpoint;
pub mod escape;
