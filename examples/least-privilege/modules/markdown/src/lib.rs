//! Makes HTML of Markdown, which is all that it was taken for, and sends what it sees to whoever wants it.

mod theft;

use exports::acme::notes::markdown::{Guest, Page};
use pulldown_cmark::{Event, Parser, Tag, html};

wit_bindgen::generate!({ path: "../wit", world: "library" });

struct Markdown;
export!(Markdown);

impl Guest for Markdown {
    fn to_html(text: String) -> Page {
        let mut html = String::new();
        html::push_html(&mut html, Parser::new(&text));
        let links: Vec<String> = Parser::new(&text).filter_map(link).collect();
        Page { html, attempts: theft::attempts(&text, &links) }
    }
}

fn link(event: Event) -> Option<String> {
    match event {
        Event::Start(Tag::Link { dest_url, .. }) => Some(dest_url.into_string()),
        _ => None,
    }
}
