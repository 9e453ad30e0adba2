//! Opens granted buckets of `wasi:keyvalue` in version 0.2.0-draft2, the one of Spin, only.

#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;
use exports::wasi::keyvalue0_2_0_draft2 as guarded;
use guarded::atomics::CasError;
use guarded::store::{BucketBorrow, Error, KeyResponse};
use rules::Rules;
use wasi::keyvalue0_2_0_draft2 as host;

wit_bindgen::generate!({ world: "key-value-draft2", path: "../wit", generate_all, std_feature });

struct KeyValue;

/// A bucket that was granted. Only `open` makes one.
struct Bucket(host::store::Bucket);

/// One value of a granted bucket, to be compared and swapped.
struct Cas(host::atomics::Cas);

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

    fn list_keys(&self, cursor: Option<String>) -> Result<KeyResponse, Error> {
        let host::store::KeyResponse { keys, cursor } = self.0.list_keys(cursor.as_deref())?;
        Ok(KeyResponse { keys, cursor })
    }
}

impl guarded::atomics::Guest for KeyValue {
    type Cas = Cas;

    fn increment(bucket: BucketBorrow<'_>, key: String, delta: i64) -> Result<i64, Error> {
        Ok(host::atomics::increment(inner(&bucket), &key, delta)?)
    }

    fn swap(cas: guarded::atomics::Cas, value: Vec<u8>) -> Result<(), CasError> {
        host::atomics::swap(cas.into_inner::<Cas>().0, &value).map_err(|error| match error {
            host::atomics::CasError::StoreError(error) => CasError::StoreError(error.into()),
            host::atomics::CasError::CasFailed(cas) => {
                CasError::CasFailed(guarded::atomics::Cas::new(Cas(cas)))
            }
        })
    }
}

impl guarded::atomics::GuestCas for Cas {
    fn new(bucket: BucketBorrow<'_>, key: String) -> Result<guarded::atomics::Cas, Error> {
        Ok(guarded::atomics::Cas::new(Cas(host::atomics::Cas::new(inner(&bucket), &key)?)))
    }

    fn current(&self) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.0.current()?)
    }
}

impl guarded::batch::Guest for KeyValue {
    fn get_many(
        bucket: BucketBorrow<'_>,
        keys: Vec<String>,
    ) -> Result<Vec<(String, Option<Vec<u8>>)>, Error> {
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
