//! Shows a module the environment variables that it was granted, under its own names for them.

#![no_std]

extern crate alloc;

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use exports::wasi::cli::environment::Guest;
use rules::Rules;
use wasi::cli::environment;

wit_bindgen::generate!({ world: "environment", path: "../wit", generate_all, std_feature });

struct Environment;

impl Guest for Environment {
    fn get_environment() -> Vec<(String, String)> {
        let rules = Rules::new(pulumi_wasm::guard::rules::text());
        let keys: Vec<_> = rules.keys("environment").collect();
        let variables = environment::get_environment().into_iter();
        variables
            .filter_map(|(key, value)| {
                let (own, _) = keys.iter().find(|(_, host_key)| *host_key == key)?;
                Some(((*own).to_owned(), value))
            })
            .collect()
    }

    fn get_arguments() -> Vec<String> {
        environment::get_arguments()
    }

    fn initial_cwd() -> Option<String> {
        environment::initial_cwd()
    }
}

export!(Environment);
