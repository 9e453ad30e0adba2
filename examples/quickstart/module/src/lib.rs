//! The module of the quickstart: an HTTP handler that can do exactly what it is granted.
//!
//! | path       | answer                                                        |
//! |------------|---------------------------------------------------------------|
//! | `/`        | a greeting, from the environment value `GREETING`             |
//! | `/allowed` | what the server at `ALLOWED_URL` says: a grant names it       |
//! | `/denied`  | how the call to `DENIED_URL` was refused: no grant names it   |
//!
//! Build it with `cargo build --release --target wasm32-wasip2`.

mod http;

use http::{Answer, CallError};
use wasi::http::types::ErrorCode;

fn answer(path: &str) -> Answer {
    match path {
        "/" => Answer::ok(greeting()),
        "/allowed" => call("ALLOWED_URL"),
        "/denied" => call("DENIED_URL"),
        _ => Answer::new(404, format!("nothing at {path}\n")),
    }
}

fn greeting() -> String {
    match std::env::var("GREETING") {
        Ok(name) => format!("Hello from {name}\n"),
        Err(_) => "Hello from nobody: GREETING is not granted\n".into(),
    }
}

/// Calls the URL in the environment value `key` and tells what came of it.
fn call(key: &str) -> Answer {
    let Ok(url) = std::env::var(key) else {
        return Answer::new(500, format!("{key} is not granted\n"));
    };
    match http::get(&url) {
        Ok(reply) => Answer::ok(format!(
            "{url} answered {}: {}\n",
            reply.status,
            reply.body.trim_end()
        )),
        Err(CallError::Host(ErrorCode::HttpRequestDenied)) => {
            Answer::new(403, format!("{url} refused: HTTP-request-denied\n"))
        }
        Err(error) => Answer::new(502, format!("{url} failed: {error:?}\n")),
    }
}
