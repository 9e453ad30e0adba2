//! Streams without anyone at their other end: input has ended, output is taken and forgotten, no terminal is there.
//!
//! It has no rules and asks the host for nothing. Its streams are its own, so it serves modules that have no streams of
//! another source.

#![no_std]

extern crate alloc;

// The allocator and what a panic does.
extern crate rules as _;

mod cli;
mod streams;

use alloc::vec::Vec;
use exports::wasi::io::poll::{self, Pollable, PollableBorrow};

wit_bindgen::generate!({ world: "stdio", path: "../wit", generate_all, std_feature });

struct Stdio;

export!(Stdio);

/// A stream can always be read and written.
struct Ready;

fn ready() -> Pollable {
    Pollable::new(Ready)
}

impl poll::Guest for Stdio {
    type Pollable = Ready;

    fn poll(pollables: Vec<PollableBorrow<'_>>) -> Vec<u32> {
        // To wait for nothing is a mistake that ends the module, by the definition of WASI.
        assert!(!pollables.is_empty());
        (0..).take(pollables.len()).collect()
    }
}

impl poll::GuestPollable for Ready {
    fn ready(&self) -> bool {
        true
    }

    fn block(&self) {}
}
