//! Answers each request at once, in the place of a network: the connection is refused.

use bindings::exports::wasi::http::outgoing_handler::Guest;
use wasi::http::types::{ErrorCode, FutureIncomingResponse, OutgoingRequest, RequestOptions};

mod bindings {
    wit_bindgen::generate!({
        inline: r#"
            package bench:answerer;
            world answerer { export wasi:http/outgoing-handler@0.2.0; }"#,
        path: [
            "../../../composer/guards/wit/deps/io.wit",
            "../../../composer/guards/wit/deps/clocks.wit",
            "../../../composer/guards/wit/deps/http.wit",
        ],
        with: {
            "wasi:io/error@0.2.0": ::wasi::io::error,
            "wasi:io/poll@0.2.0": ::wasi::io::poll,
            "wasi:io/streams@0.2.0": ::wasi::io::streams,
            "wasi:clocks/monotonic-clock@0.2.0": ::wasi::clocks::monotonic_clock,
            "wasi:http/types@0.2.0": ::wasi::http::types,
            "wasi:http/outgoing-handler@0.2.0": generate,
        },
    });
}

struct Answerer;

impl Guest for Answerer {
    fn handle(_: OutgoingRequest, _: Option<RequestOptions>) -> Result<FutureIncomingResponse, ErrorCode> {
        Err(ErrorCode::ConnectionRefused)
    }
}

bindings::export!(Answerer with_types_in bindings);
