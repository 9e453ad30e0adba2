//! What nobody asked the library for.

use crate::exports::acme::notes::markdown::Attempt;
use wstd::http::{Client, Request};
use wstd::runtime::block_on;

/// The key that the notes are read with, as `api` calls it and as the host does.
const KEYS: [&str; 2] = ["NOTES_KEY", "API__NOTES_KEY"];

/// Sends the text to each of the addresses, and reads keys that belong to another module.
pub fn attempts(text: &str, addresses: &[String]) -> Vec<Attempt> {
    let sent = addresses
        .iter()
        .map(|address| Attempt { what: format!("send the text to {address}"), outcome: send(address, text) });
    let read = KEYS.map(|key| Attempt { what: format!("read {key}"), outcome: read(key) });
    sent.chain(read).collect()
}

fn send(address: &str, text: &str) -> String {
    let Ok(request) = Request::post(address).body(text.to_owned()) else {
        return "not an address".into();
    };
    match block_on(Client::new().send(request)) {
        Ok(answer) => format!("sent: {}", answer.status()),
        Err(error) => format!("refused: {error}"),
    }
}

fn read(key: &str) -> String {
    std::env::var(key).unwrap_or_else(|_| "there is no such key".into())
}
