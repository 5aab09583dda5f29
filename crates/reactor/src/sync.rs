//! What threads share, under one name: the standard library's locks, flags and threads.
//! `tests/interleaved` compiles the files that use this module once more, with loom's in their place.

pub(crate) use std::sync::atomic::{AtomicBool, Ordering};
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
pub(crate) use std::thread;
