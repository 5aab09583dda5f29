//! The vectors of `docs/chat.md`, read from there.
