//! Greets those whom the App `auth` knows: `/ada` asks `http://auth/ada` first.

use wstd::http::body::{Bytes, util::Empty};
use wstd::http::{Body, Client, Error, Request, Response, StatusCode};

#[wstd::http_server]
async fn main(request: Request<Body>) -> Result<Response<Body>, Error> {
    let (status, text) = match person(request.uri().path()).await {
        Ok((StatusCode::OK, person)) => (200, format!("Hello, {person}")),
        Ok(_) => (403, "auth does not know you\n".into()),
        Err(error) => (502, format!("auth does not answer: {error}\n")),
    };
    Ok(Response::builder().status(status).body(text.into())?)
}

/// What `auth` says. Its name is all that is known of it here, and all that the grant says.
async fn person(path: &str) -> Result<(StatusCode, String), Error> {
    // Nothing is written to this body. Hosts may close that of a GET at once, and then to write even nothing fails.
    let body = Body::from_http_body(Empty::<Bytes>::new());
    let mut answer = Client::new().send(Request::get(format!("http://auth{path}")).body(body)?).await?;
    let text = answer.body_mut().str_contents().await?.to_owned();
    Ok((answer.status(), text))
}
