//! Shows a module the granted keys of `wasi:config` in version 0.2.0-draft-2024-09-27, the one of Spin.

#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;
use exports::wasi::config0_2_0_draft_2024_09_27::store::{Error, Guest};
use rules::Rules;
use wasi::config0_2_0_draft_2024_09_27::store;

wit_bindgen::generate!({ world: "config-spin", path: "../wit", generate_all, std_feature });

struct Config;

impl Guest for Config {
    fn get(key: String) -> Result<Option<String>, Error> {
        config::get(&rules(), &key, ask)
    }

    fn get_all() -> Result<Vec<(String, String)>, Error> {
        config::get_all(&rules(), ask)
    }
}

fn rules() -> Rules {
    Rules::new(pulumi_wasm::guard::rules::text())
}

fn ask(key: &str) -> Result<Option<String>, Error> {
    store::get(key).map_err(|error| match error {
        store::Error::Upstream(message) => Error::Upstream(message),
        store::Error::Io(message) => Error::Io(message),
    })
}

export!(Config);
