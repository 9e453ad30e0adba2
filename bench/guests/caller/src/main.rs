//! Calls what it imports many times, and prints how many nanoseconds one call took, one line per round:
//! `caller <what> <rounds> <calls>`, where `what` is `http` or `environment`.

use std::hint::black_box;
use std::time::Instant;
use wasi::cli::environment;
use wasi::http::outgoing_handler;
use wasi::http::types::{Fields, OutgoingRequest, Scheme};

fn main() {
    let words: Vec<_> = std::env::args().skip(1).collect();
    let [what, rounds, calls] = &words[..] else { panic!("caller <what> <rounds> <calls>") };
    let call = match what.as_str() {
        "http" => request,
        "environment" => read_environment,
        _ => panic!("it calls http or environment"),
    };
    let [rounds, calls]: [u32; 2] = [rounds, calls].map(|text| text.parse().expect("a number"));
    for _ in 0..rounds {
        let started = Instant::now();
        for _ in 0..calls {
            call();
        }
        println!("{}", started.elapsed().as_nanos() as f64 / f64::from(calls));
    }
}

/// What answers refuses: there is no response to wait for.
fn request() {
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&Scheme::Https)).expect("the scheme is valid");
    request.set_authority(Some("api.example.com")).expect("the authority is valid");
    match outgoing_handler::handle(request, None) {
        // Told from the answer of a guard, which denies.
        Err(outgoing_handler::ErrorCode::ConnectionRefused) => {}
        _ => panic!("the call did not reach what answers"),
    }
}

fn read_environment() {
    let variables = black_box(environment::get_environment());
    assert!(variables.iter().any(|(key, _)| key == "GREETING"), "the key is not there");
}
