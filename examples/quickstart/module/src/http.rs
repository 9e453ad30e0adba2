//! HTTP as `wasi:http` has it: requests come in at `handle`, and go out through `get`.

use wasi::exports::http::incoming_handler::Guest;
use wasi::http::{outgoing_handler, types::*};
use wasi::io::streams::{InputStream, OutputStream, StreamError};

pub struct Answer {
    pub status: u16,
    pub body: String,
}

impl Answer {
    pub fn new(status: u16, body: impl Into<String>) -> Self {
        Self {
            status,
            body: body.into(),
        }
    }

    pub fn ok(body: impl Into<String>) -> Self {
        Self::new(200, body)
    }
}

/// Why a call got no answer.
#[derive(Debug)]
pub enum CallError {
    /// The host said so, for instance because no grant covers the address.
    Host(ErrorCode),
    /// The URL is not one that this module can call.
    Url,
    /// The answer broke off, or is no text.
    Body,
}

struct Handler;
wasi::http::proxy::export!(Handler);

impl Guest for Handler {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let path = target.split('?').next().unwrap_or("/");
        send(crate::answer(path), out);
    }
}

fn send(answer: Answer, out: ResponseOutparam) {
    let headers = Fields::new();
    let plain_text = b"text/plain; charset=utf-8".to_vec();
    headers
        .append(&"content-type".to_string(), &plain_text)
        .expect("the header is valid");
    let response = OutgoingResponse::new(headers);
    response
        .set_status_code(answer.status)
        .expect("the status is valid");
    let body = response.body().expect("the body is taken once");
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().expect("the stream is taken once");
    // Whoever asked may have hung up: then nobody is left to tell.
    let _ = write_all(&stream, answer.body.as_bytes());
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}

/// Calls `http://host/path` or `https://host/path` and waits for the whole answer.
pub fn get(url: &str) -> Result<Answer, CallError> {
    let response = response_to(request(url).ok_or(CallError::Url)?).map_err(CallError::Host)?;
    let body = response.consume().map_err(|()| CallError::Body)?;
    let stream = body.stream().map_err(|()| CallError::Body)?;
    let bytes = read_all(&stream).map_err(|_| CallError::Body)?;
    let text = String::from_utf8(bytes).map_err(|_| CallError::Body)?;
    Ok(Answer::new(response.status(), text))
}

fn request(url: &str) -> Option<OutgoingRequest> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        _ => return None,
    };
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&scheme)).ok()?;
    request.set_authority(Some(authority)).ok()?;
    request
        .set_path_with_query(Some(if path.is_empty() { "/" } else { path }))
        .ok()?;
    Some(request)
}

fn response_to(request: OutgoingRequest) -> Result<IncomingResponse, ErrorCode> {
    let pending = outgoing_handler::handle(request, None)?;
    pending.subscribe().block();
    let ready = pending
        .get()
        .expect("the host said that the answer is there");
    ready.expect("the answer is taken once")
}

/// WASI takes at most this many bytes in one blocking write.
const CHUNK: usize = 4096;

fn write_all(stream: &OutputStream, bytes: &[u8]) -> Result<(), StreamError> {
    bytes
        .chunks(CHUNK)
        .try_for_each(|chunk| stream.blocking_write_and_flush(chunk))
}

fn read_all(stream: &InputStream) -> Result<Vec<u8>, StreamError> {
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(CHUNK as u64) {
            Ok(chunk) => bytes.extend(chunk),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(error) => return Err(error),
        }
    }
}
