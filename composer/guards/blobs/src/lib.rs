//! Opens granted containers of `wasi:blobstore` only.

#![no_std]

extern crate alloc;

use alloc::format;
use alloc::string::String;
use exports::wasi::blobstore::blobstore::{Container, Error, Guest, ObjectId};
use rules::Rules;
use wasi::blobstore::blobstore;

wit_bindgen::generate!({ world: "blobs", path: "../wit", generate_all, std_feature });

struct Blobs;

impl Guest for Blobs {
    fn create_container(name: String) -> Result<Container, Error> {
        require([&name])?;
        blobstore::create_container(&name)
    }

    fn get_container(name: String) -> Result<Container, Error> {
        require([&name])?;
        blobstore::get_container(&name)
    }

    fn delete_container(name: String) -> Result<(), Error> {
        require([&name])?;
        blobstore::delete_container(&name)
    }

    fn container_exists(name: String) -> Result<bool, Error> {
        require([&name])?;
        blobstore::container_exists(&name)
    }

    fn copy_object(source: ObjectId, destination: ObjectId) -> Result<(), Error> {
        require([&source.container, &destination.container])?;
        blobstore::copy_object(&source, &destination)
    }

    fn move_object(source: ObjectId, destination: ObjectId) -> Result<(), Error> {
        require([&source.container, &destination.container])?;
        blobstore::move_object(&source, &destination)
    }
}

/// Fails for the first container that is not granted.
fn require<const N: usize>(containers: [&str; N]) -> Result<(), Error> {
    let rules = Rules::new(pulumi_wasm::guard::rules::text());
    match containers.into_iter().find(|name| !rules.names("blobs", name)) {
        Some(name) => Err(format!("access denied: blobs {name} is not granted")),
        None => Ok(()),
    }
}

export!(Blobs);
