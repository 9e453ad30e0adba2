//! Lets requests go to granted origins, and to Apps and Services that may be called, only.

#![no_std]

extern crate alloc;

mod origin;

use exports::wasi::http::outgoing_handler::Guest;
use rules::Rules;
use wasi::http::outgoing_handler;
use wasi::http::types::{ErrorCode, FutureIncomingResponse, OutgoingRequest, RequestOptions, Scheme};

wit_bindgen::generate!({ world: "http", path: "../wit", generate_all, std_feature });

struct Http;

impl Guest for Http {
    fn handle(
        request: OutgoingRequest,
        options: Option<RequestOptions>,
    ) -> Result<FutureIncomingResponse, ErrorCode> {
        if is_granted(&request) {
            outgoing_handler::handle(request, options)
        } else {
            Err(ErrorCode::HttpRequestDenied)
        }
    }
}

/// What a host does with a request without a scheme or an authority is its own affair: such a request is denied.
fn is_granted(request: &OutgoingRequest) -> bool {
    let scheme = match request.scheme() {
        Some(Scheme::Http) => "http",
        Some(Scheme::Https) => "https",
        _ => return false,
    };
    let Some(authority) = request.authority() else { return false };
    let rules = Rules::new(pulumi_wasm::guard::rules::text());
    let has = |family, holds: fn(&str, &str, &str) -> bool| {
        rules.of(family).any(|fields| fields.first().is_some_and(|rule| holds(rule, scheme, &authority)))
    };
    has("http", origin::matches) || has("calls", origin::is_call)
}

export!(Http);
