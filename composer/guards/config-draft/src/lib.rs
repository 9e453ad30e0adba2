//! Shows a module the granted keys of `wasi:config` in version 0.2.0-draft, which had `runtime` before `store`.

#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;
use exports::wasi::config0_2_0_draft as guarded;
use guarded::runtime::ConfigError;
use guarded::store::Error;
use rules::Rules;
use wasi::config0_2_0_draft::{runtime, store};

wit_bindgen::generate!({ world: "config-draft", path: "../wit", generate_all, std_feature });

struct Config;

impl guarded::store::Guest for Config {
    fn get(key: String) -> Result<Option<String>, Error> {
        config::get(&rules(), &key, ask_store)
    }

    fn get_all() -> Result<Vec<(String, String)>, Error> {
        config::get_all(&rules(), ask_store)
    }
}

impl guarded::runtime::Guest for Config {
    fn get(key: String) -> Result<Option<String>, ConfigError> {
        config::get(&rules(), &key, ask_runtime)
    }

    fn get_all() -> Result<Vec<(String, String)>, ConfigError> {
        config::get_all(&rules(), ask_runtime)
    }
}

fn rules() -> Rules {
    Rules::new(pulumi_wasm::guard::rules::text())
}

fn ask_store(key: &str) -> Result<Option<String>, Error> {
    store::get(key).map_err(|error| match error {
        store::Error::Upstream(message) => Error::Upstream(message),
        store::Error::Io(message) => Error::Io(message),
    })
}

fn ask_runtime(key: &str) -> Result<Option<String>, ConfigError> {
    runtime::get(key).map_err(|error| match error {
        runtime::ConfigError::Upstream(message) => ConfigError::Upstream(message),
        runtime::ConfigError::Io(message) => ConfigError::Io(message),
    })
}

export!(Config);
