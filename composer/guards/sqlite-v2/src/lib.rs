//! Opens granted databases of `fermyon:spin/sqlite@2.0.0`, the one of Spin from 2.0 on, only.

#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;
use exports::fermyon::spin::sqlite as guarded;
use fermyon::spin::sqlite as host;
use guarded::{Error, QueryResult, Value};
use rules::Rules;

wit_bindgen::generate!({ world: "sqlite-v2", path: "../wit", generate_all, std_feature });

struct Sqlite;

/// A database that was granted. Only `open` makes one.
struct Connection(host::Connection);

impl guarded::Guest for Sqlite {
    type Connection = Connection;
}

impl guarded::GuestConnection for Connection {
    fn open(database: String) -> Result<guarded::Connection, Error> {
        let rules = Rules::new(pulumi_wasm::guard::rules::text());
        if !rules.names("sql", &database) {
            return Err(Error::AccessDenied);
        }
        Ok(guarded::Connection::new(Connection(host::Connection::open(&database)?)))
    }

    fn execute(&self, statement: String, parameters: Vec<Value>) -> Result<QueryResult, Error> {
        if sqlite::opens_file(&statement) {
            return Err(Error::AccessDenied);
        }
        let parameters: Vec<_> = parameters.into_iter().map(Into::into).collect();
        Ok(self.0.execute(&statement, &parameters)?.into())
    }
}

sqlite::convert!(host, guarded);
export!(Sqlite);
