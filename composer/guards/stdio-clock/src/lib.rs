//! The silent streams of `stdio` for modules that wait for the clock as well: whoever waits for both has one kind of
//! pollable for both, so the clock is passed on from here.
//!
//! It has no rules. What it asks the host for is the clock.

#![no_std]

extern crate alloc;

// The allocator and what a panic does.
extern crate rules as _;

#[path = "../../stdio/src/cli.rs"]
mod cli;
#[path = "../../stdio/src/streams.rs"]
mod streams;

use alloc::vec::Vec;
use exports::wasi::clocks::monotonic_clock::{self as guarded, Duration, Instant};
use exports::wasi::io::poll::{self, Pollable, PollableBorrow};
use wasi::clocks::monotonic_clock as clock;
use wasi::io::poll as host;

wit_bindgen::generate!({ world: "stdio-clock", path: "../wit", generate_all, std_feature });

struct Stdio;

export!(Stdio);

/// What a module waits for.
enum Wait {
    /// A stream, which can always be read and written.
    Stream,
    Clock(host::Pollable),
}

fn ready() -> Pollable {
    Pollable::new(Wait::Stream)
}

impl guarded::Guest for Stdio {
    fn now() -> Instant {
        clock::now()
    }

    fn resolution() -> Duration {
        clock::resolution()
    }

    fn subscribe_instant(when: Instant) -> Pollable {
        Pollable::new(Wait::Clock(clock::subscribe_instant(when)))
    }

    fn subscribe_duration(when: Duration) -> Pollable {
        Pollable::new(Wait::Clock(clock::subscribe_duration(when)))
    }
}

impl poll::Guest for Stdio {
    type Pollable = Wait;

    fn poll(pollables: Vec<PollableBorrow<'_>>) -> Vec<u32> {
        // To wait for nothing is a mistake that ends the module, by the definition of WASI.
        assert!(!pollables.is_empty());
        let waits: Vec<&Wait> = pollables.iter().map(|pollable| pollable.get()).collect();
        let clocks: Vec<&host::Pollable> = waits.iter().filter_map(|wait| wait.clock()).collect();
        if clocks.len() == waits.len() {
            return host::poll(&clocks);
        }
        // A stream is among them, which is ready.
        let indexed = (0..).zip(waits);
        indexed.filter(|(_, wait)| poll::GuestPollable::ready(*wait)).map(|(index, _)| index).collect()
    }
}

impl poll::GuestPollable for Wait {
    fn ready(&self) -> bool {
        self.clock().is_none_or(host::Pollable::ready)
    }

    fn block(&self) {
        if let Some(clock) = self.clock() {
            clock.block();
        }
    }
}

impl Wait {
    fn clock(&self) -> Option<&host::Pollable> {
        match self {
            Wait::Stream => None,
            Wait::Clock(pollable) => Some(pollable),
        }
    }
}
