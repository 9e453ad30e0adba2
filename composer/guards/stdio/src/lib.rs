//! Streams without anyone at their other end: input has ended, output is taken and forgotten, no terminal is there.
//!
//! It has no rules and asks the host for nothing. Its streams are its own, so it serves modules that have no streams of
//! another source.

#![no_std]

extern crate alloc;

// The allocator and what a panic does.
extern crate rules as _;

mod cli;

use alloc::string::String;
use alloc::vec::Vec;

use exports::wasi::io::poll::{self, Pollable, PollableBorrow};
use exports::wasi::io::streams::{self, InputStreamBorrow, StreamError};
use exports::wasi::io::{error, error::GuestError};

wit_bindgen::generate!({ world: "stdio", path: "../wit", generate_all, std_feature });

struct Stdio;

export!(Stdio);

/// An error of a stream, of which there are none.
enum Never {}

impl error::Guest for Stdio {
    type Error = Never;
}

impl GuestError for Never {
    fn to_debug_string(&self) -> String {
        match *self {}
    }
}

struct Ready;

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

struct Ended;

impl streams::Guest for Stdio {
    type InputStream = Ended;
    type OutputStream = Swallowed;
}

impl streams::GuestInputStream for Ended {
    fn read(&self, _: u64) -> Result<Vec<u8>, StreamError> {
        Err(StreamError::Closed)
    }

    fn blocking_read(&self, _: u64) -> Result<Vec<u8>, StreamError> {
        Err(StreamError::Closed)
    }

    fn skip(&self, _: u64) -> Result<u64, StreamError> {
        Err(StreamError::Closed)
    }

    fn blocking_skip(&self, _: u64) -> Result<u64, StreamError> {
        Err(StreamError::Closed)
    }

    fn subscribe(&self) -> Pollable {
        Pollable::new(Ready)
    }
}

struct Swallowed;

/// How much a module may write at a time, in bytes: what it writes is copied here before it is forgotten.
const PERMIT: u64 = 64 * 1024;

impl streams::GuestOutputStream for Swallowed {
    fn check_write(&self) -> Result<u64, StreamError> {
        Ok(PERMIT)
    }

    fn write(&self, _: Vec<u8>) -> Result<(), StreamError> {
        Ok(())
    }

    fn blocking_write_and_flush(&self, _: Vec<u8>) -> Result<(), StreamError> {
        Ok(())
    }

    fn flush(&self) -> Result<(), StreamError> {
        Ok(())
    }

    fn blocking_flush(&self) -> Result<(), StreamError> {
        Ok(())
    }

    fn subscribe(&self) -> Pollable {
        Pollable::new(Ready)
    }

    fn write_zeroes(&self, _: u64) -> Result<(), StreamError> {
        Ok(())
    }

    fn blocking_write_zeroes_and_flush(&self, _: u64) -> Result<(), StreamError> {
        Ok(())
    }

    fn splice(&self, _: InputStreamBorrow<'_>, _: u64) -> Result<u64, StreamError> {
        Err(StreamError::Closed)
    }

    fn blocking_splice(&self, _: InputStreamBorrow<'_>, _: u64) -> Result<u64, StreamError> {
        Err(StreamError::Closed)
    }
}
