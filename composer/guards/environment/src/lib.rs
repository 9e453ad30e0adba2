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
        let granted: Vec<_> = rules.of("environment").collect();
        let variables = environment::get_environment().into_iter();
        variables
            .flat_map(|(host_key, value)| {
                let named = granted.iter().filter(move |fields| fields.get(1) == Some(&host_key.as_str()));
                named
                    .filter_map(|fields| fields.first())
                    .map(|key| ((*key).to_owned(), value.clone()))
                    .collect::<Vec<_>>()
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
