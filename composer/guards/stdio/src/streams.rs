use crate::Stdio;
use crate::exports::wasi::io::error::{self, GuestError};
use crate::exports::wasi::io::streams::{self, InputStreamBorrow, Pollable, StreamError};
use alloc::string::String;
use alloc::vec::Vec;

/// An error of a stream, of which there are none.
pub enum Never {}

impl error::Guest for Stdio {
    type Error = Never;
}

impl GuestError for Never {
    fn to_debug_string(&self) -> String {
        match *self {}
    }
}

/// A stream at its end.
pub struct Ended;

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
        crate::ready()
    }
}

/// A stream that forgets what it takes.
pub struct Swallowed;

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
        crate::ready()
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
