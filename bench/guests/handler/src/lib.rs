//! Answers 204 to each request, and does nothing else; but it could do what modules do, so all of that is imported.

use std::net::TcpStream;
use wasi::http::outgoing_handler;
use wasi::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingRequest, OutgoingResponse, ResponseOutparam,
};

struct Handler;
wasi::http::proxy::export!(Handler);

impl wasi::exports::http::incoming_handler::Guest for Handler {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        if request.path_with_query().is_some_and(|path| path == "/use-everything") {
            use_everything();
        }
        let response = OutgoingResponse::new(Fields::new());
        response.set_status_code(204).expect("the status is valid");
        let body = response.body().expect("the body is taken once");
        ResponseOutparam::set(out, Ok(response));
        let _ = OutgoingBody::finish(body, None);
    }
}

fn use_everything() {
    let _ = outgoing_handler::handle(OutgoingRequest::new(Fields::new()), None);
    let _ = std::fs::read_to_string(std::env::var("FILE").unwrap_or_default());
    let _ = TcpStream::connect("127.0.0.1:80");
}
