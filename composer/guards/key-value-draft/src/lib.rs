//! Opens granted buckets of `wasi:keyvalue` in version 0.2.0-draft, the one of Wasmtime and wasmCloud, only.

#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;
use exports::wasi::keyvalue0_2_0_draft as guarded;
use guarded::store::{BucketBorrow, Error, KeyResponse};
use rules::Rules;
use wasi::keyvalue0_2_0_draft as host;

wit_bindgen::generate!({ world: "key-value-draft", path: "../wit", generate_all, std_feature });

struct KeyValue;

/// A bucket that was granted. Only `open` makes one.
struct Bucket(host::store::Bucket);

impl guarded::store::Guest for KeyValue {
    type Bucket = Bucket;

    fn open(identifier: String) -> Result<guarded::store::Bucket, Error> {
        let rules = Rules::new(pulumi_wasm::guard::rules::text());
        if !rules.names("keyValue", &identifier) {
            return Err(Error::AccessDenied);
        }
        Ok(guarded::store::Bucket::new(Bucket(host::store::open(&identifier)?)))
    }
}

impl guarded::store::GuestBucket for Bucket {
    fn get(&self, key: String) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.0.get(&key)?)
    }

    fn set(&self, key: String, value: Vec<u8>) -> Result<(), Error> {
        Ok(self.0.set(&key, &value)?)
    }

    fn delete(&self, key: String) -> Result<(), Error> {
        Ok(self.0.delete(&key)?)
    }

    fn exists(&self, key: String) -> Result<bool, Error> {
        Ok(self.0.exists(&key)?)
    }

    fn list_keys(&self, cursor: Option<u64>) -> Result<KeyResponse, Error> {
        let host::store::KeyResponse { keys, cursor } = self.0.list_keys(cursor)?;
        Ok(KeyResponse { keys, cursor })
    }
}

impl guarded::atomics::Guest for KeyValue {
    fn increment(bucket: BucketBorrow<'_>, key: String, delta: u64) -> Result<u64, Error> {
        Ok(host::atomics::increment(inner(&bucket), &key, delta)?)
    }
}

impl guarded::batch::Guest for KeyValue {
    fn get_many(
        bucket: BucketBorrow<'_>,
        keys: Vec<String>,
    ) -> Result<Vec<Option<(String, Vec<u8>)>>, Error> {
        Ok(host::batch::get_many(inner(&bucket), &keys)?)
    }

    fn set_many(bucket: BucketBorrow<'_>, key_values: Vec<(String, Vec<u8>)>) -> Result<(), Error> {
        Ok(host::batch::set_many(inner(&bucket), &key_values)?)
    }

    fn delete_many(bucket: BucketBorrow<'_>, keys: Vec<String>) -> Result<(), Error> {
        Ok(host::batch::delete_many(inner(&bucket), &keys)?)
    }
}

/// The host's bucket behind the module's.
fn inner<'a>(bucket: &'a BucketBorrow<'_>) -> &'a host::store::Bucket {
    &bucket.get::<Bucket>().0
}

impl From<host::store::Error> for Error {
    fn from(error: host::store::Error) -> Self {
        match error {
            host::store::Error::NoSuchStore => Error::NoSuchStore,
            host::store::Error::AccessDenied => Error::AccessDenied,
            host::store::Error::Other(message) => Error::Other(message),
        }
    }
}

export!(KeyValue);
