//! Answers each request with a note, which it reads from the server at `NOTES_URL` with the key `NOTES_KEY`.

use acme::notes::markdown::{Page, to_html};
use std::env;
use wstd::http::body::{Bytes, util::Empty};
use wstd::http::{Body, Client, Error, Request, Response};

wit_bindgen::generate!({ path: "../wit", world: "api" });

#[wstd::http_server]
async fn main(_: Request<Body>) -> Result<Response<Body>, Error> {
    let page = to_html(&note().await?);
    let answer = Response::builder().header("content-type", "text/html; charset=utf-8");
    Ok(answer.body(html(&page).into())?)
}

async fn note() -> Result<String, Error> {
    let key = env::var("NOTES_KEY")?;
    let request = Request::get(env::var("NOTES_URL")?).header("authorization", format!("Bearer {key}"));
    // Nothing is written to this body. Hosts may close that of a GET at once, and then to write even nothing fails.
    let body = Body::from_http_body(Empty::<Bytes>::new());
    let mut answer = Client::new().send(request.body(body)?).await?;
    if !answer.status().is_success() {
        return Err(Error::msg(format!("the notes answer {}", answer.status())));
    }
    Ok(answer.body_mut().str_contents().await?.to_owned())
}

fn html(Page { html, attempts }: &Page) -> String {
    let rows: String = attempts
        .iter()
        .map(|tried| format!("<li>{}: {}</li>\n", escaped(&tried.what), escaped(&tried.outcome)))
        .collect();
    format!("{html}<hr>\n<p>What the markdown module tried besides:</p>\n<ul>\n{rows}</ul>\n")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
