//! Opens granted databases of `spin:sqlite/sqlite@3.0.0`, the one of Spin from 3.2 on, only.

#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;
use exports::spin::sqlite::sqlite as guarded;
use guarded::{Error, QueryResult, Value};
use rules::Rules;
use spin::sqlite::sqlite as host;

wit_bindgen::generate!({ world: "sqlite-v3", path: "../wit", generate_all, std_feature });

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

    fn last_insert_rowid(&self) -> i64 {
        self.0.last_insert_rowid()
    }

    fn changes(&self) -> u64 {
        self.0.changes()
    }
}

sqlite::convert!(host, guarded);
export!(Sqlite);
