//! Knows people by name: `/ada` answers who Ada is.

use wstd::http::{Body, Error, Request, Response};

const PEOPLE: [(&str, &str); 2] =
    [("ada", "Ada Lovelace, analyst"), ("charles", "Charles Babbage, engineer")];

#[wstd::http_server]
async fn main(request: Request<Body>) -> Result<Response<Body>, Error> {
    let name = request.uri().path().trim_start_matches('/');
    let (status, text) = match PEOPLE.iter().find(|(known, _)| *known == name) {
        Some((_, person)) => (200, *person),
        None => (404, "nobody"),
    };
    Ok(Response::builder().status(status).body(format!("{text}\n").into())?)
}
