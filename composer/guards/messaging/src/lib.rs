//! Sends messages to granted subjects of `wasmcloud:messaging` only. The subject of replies is one of them: whoever answers
//! sends to it.

#![no_std]

extern crate alloc;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use exports::wasmcloud::messaging::consumer::{BrokerMessage, Guest};
use rules::Rules;
use wasmcloud::messaging::consumer;

wit_bindgen::generate!({ world: "messaging", path: "../wit", generate_all, std_feature });

struct Messaging;

impl Guest for Messaging {
    fn request(subject: String, body: Vec<u8>, timeout_ms: u32) -> Result<BrokerMessage, String> {
        require([Some(&subject)])?;
        consumer::request(&subject, &body, timeout_ms)
    }

    fn publish(message: BrokerMessage) -> Result<(), String> {
        require([Some(&message.subject), message.reply_to.as_ref()])?;
        consumer::publish(&message)
    }
}

/// Fails for the first subject that is not granted.
fn require<const N: usize>(subjects: [Option<&String>; N]) -> Result<(), String> {
    let rules = Rules::new(pulumi_wasm::guard::rules::text());
    match subjects.into_iter().flatten().find(|subject| !rules.names("messaging", subject)) {
        Some(subject) => Err(format!("access denied: messaging {subject} is not granted")),
        None => Ok(()),
    }
}

export!(Messaging);
