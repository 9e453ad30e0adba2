//! Shows a module the directories that it was granted, each under its guest path and with its own rights.
//!
//! A path is never compared with a rule: it is resolved by the host, below the very descriptor that the module holds.

#![no_std]

extern crate alloc;

mod convert;
mod descriptor;
mod grants;
mod paths;
mod preopens;

use descriptor::{Entries, Opened};
use exports::wasi::filesystem::types::{ErrorCode, Guest};
use wasi::filesystem::types;
use wasi::io::streams::Error;

wit_bindgen::generate!({ world: "filesystem", path: "../wit", generate_all, std_feature });

struct Filesystem;

impl Guest for Filesystem {
    type Descriptor = Opened;
    type DirectoryEntryStream = Entries;

    fn filesystem_error_code(error: &Error) -> Option<ErrorCode> {
        types::filesystem_error_code(error).map(ErrorCode::from)
    }
}

export!(Filesystem);
