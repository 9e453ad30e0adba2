//! What the versions of Spin's SQLite have in common.

#![no_std]

/// Whether SQL has a statement that opens another file than its database's: `ATTACH`, or `VACUUM … INTO`. Not every host
/// refuses these, and the file can be the database of another module.
///
/// A statement begins where the text does, or behind a semicolon. Quotes are not read, so that nothing can hide in them:
/// a value that has these words behind a semicolon counts as a statement too, and belongs into a parameter.
pub fn opens_file(sql: &str) -> bool {
    let starts = sql.match_indices(';').map(|(at, _)| at + 1);
    core::iter::once(0).chain(starts).any(|start| {
        let statement = without_comments(sql.get(start..).unwrap_or_default());
        begins_with(statement, "attach") || begins_with(statement, "vacuum") && has(statement, "into")
    })
}

/// SQL from its first word on.
fn without_comments(mut sql: &str) -> &str {
    loop {
        sql = sql.trim_start_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r', '\u{feff}']);
        let after = match (sql.strip_prefix("--"), sql.strip_prefix("/*")) {
            (Some(line), _) => line.split_once('\n'),
            (_, Some(block)) => block.split_once("*/"),
            _ => return sql,
        };
        sql = after.map_or("", |(_, after)| after);
    }
}

fn begins_with(sql: &str, word: &str) -> bool {
    let next = sql.as_bytes().get(word.len());
    sql.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
        && !next.is_some_and(|byte| is_of_word(*byte))
}

fn has(sql: &str, word: &str) -> bool {
    sql.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || !byte.is_ascii()
}

/// Makes the host's values of an interface the module's, and the other way round: `convert!(host, guarded)`.
#[macro_export]
macro_rules! convert {
    ($host:ident, $guarded:ident) => {
        $crate::convert_values!($host, $guarded);
        $crate::convert_values!($guarded, $host);

        impl From<$host::QueryResult> for $guarded::QueryResult {
            fn from($host::QueryResult { columns, rows }: $host::QueryResult) -> Self {
                let row = |row: $host::RowResult| $guarded::RowResult {
                    values: row.values.into_iter().map(Into::into).collect(),
                };
                Self { columns, rows: rows.into_iter().map(row).collect() }
            }
        }

        impl From<$host::Error> for $guarded::Error {
            fn from(error: $host::Error) -> Self {
                match error {
                    $host::Error::NoSuchDatabase => Self::NoSuchDatabase,
                    $host::Error::AccessDenied => Self::AccessDenied,
                    $host::Error::InvalidConnection => Self::InvalidConnection,
                    $host::Error::DatabaseFull => Self::DatabaseFull,
                    $host::Error::Io(message) => Self::Io(message),
                }
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! convert_values {
    ($from:ident, $to:ident) => {
        impl From<$from::Value> for $to::Value {
            fn from(value: $from::Value) -> Self {
                match value {
                    $from::Value::Integer(number) => Self::Integer(number),
                    $from::Value::Real(number) => Self::Real(number),
                    $from::Value::Text(text) => Self::Text(text),
                    $from::Value::Blob(bytes) => Self::Blob(bytes),
                    $from::Value::Null => Self::Null,
                }
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::opens_file;

    #[test]
    fn finds_statements_that_open_files() {
        for sql in [
            "ATTACH DATABASE 'other.db' AS other",
            "attach'other.db'as other",
            " \t\r\n\u{b}\u{c}\u{feff}Attach 'other.db' AS other",
            "/* a */ -- b\n/**/ATTACH 'other.db' AS other",
            "/*/ still a comment */ATTACH 'other.db' AS other",
            "-- a */ b\nATTACH 'other.db' AS other",
            "SELECT 1; ATTACH 'other.db' AS other",
            "SELECT $a('); ATTACH 'other.db' AS other",
            "SELECT ';';;ATTACH 'other.db' AS other",
            "SELECT 1;/* ; */ATTACH 'other.db' AS other",
            "SELECT 1 -- a\n;ATTACH 'other.db' AS other",
            "VACUUM INTO 'copy.db'",
            "vacuum\"main\"into'copy.db'",
            "ATTACH",
        ] {
            assert!(opens_file(sql), "{sql}");
        }
    }

    #[test]
    fn passes_other_statements() {
        for sql in [
            "",
            ";",
            "--",
            "/*",
            "-- ATTACH",
            "/* ATTACH 'other.db' AS other",
            "VACUUM",
            "vacuum main",
            "SELECT attach FROM mails",
            "SELECT 'ATTACH'",
            "INSERT INTO mails VALUES ('hello; attached is é')",
            "INSERT INTO mails VALUES (1); VACUUM",
            "attach_all",
            "attaché",
            "é",
        ] {
            assert!(!opens_file(sql), "{sql}");
        }
    }
}
