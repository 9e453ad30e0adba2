//! Host names: their one form, and what is known of them.

use alloc::borrow::ToOwned;
use alloc::string::String;
use rules::{canonical_host, host_matches};

/// A name as rules write it. Addresses are none, nor is what resolvers read as one (`127.1`, `0x7f000001`, `[::1]`).
pub fn canonical_name(text: &str) -> Option<String> {
    let host = canonical_host(text)?;
    let last = host.rsplit_once('.').map_or(host.as_str(), |(_, last)| last);
    let is_number = match last.strip_prefix("0x") {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => last.bytes().all(|byte| byte.is_ascii_digit()),
    };
    (!is_number && !host.starts_with('[')).then_some(host)
}

/// A name, or `*.suffix`.
pub struct Pattern(String);

impl Pattern {
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.strip_prefix("*.").unwrap_or(text);
        canonical_name(name).filter(|canonical| canonical == name).map(|_| Pattern(text.to_owned()))
    }

    pub fn matches(&self, name: &str) -> bool {
        host_matches(&self.0, name)
    }
}

/// Names that no public DNS zone can hold: RFC 6761, 6762 and 8375, ICANN's `.internal`, and names of one label.
pub fn is_private(name: &str) -> bool {
    const SUFFIXES: [&str; 5] = [".localhost", ".test", ".local", ".internal", ".home.arpa"];
    !name.contains('.') || SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use super::{Pattern, canonical_name, is_private};

    #[test]
    fn brings_names_to_one_form() {
        assert_eq!(canonical_name("DB.Example.com.").as_deref(), Some("db.example.com"));
        assert_eq!(canonical_name("3com").as_deref(), Some("3com"));
        assert_eq!(canonical_name("xn--bcher-kva.example").as_deref(), Some("xn--bcher-kva.example"));
    }

    #[test]
    fn refuses_addresses_however_they_are_written() {
        for text in [
            "127.0.0.1",
            "127.0.0.1.",
            "127.1",
            "0177.0.0.1",
            "0x7f.0.0.1",
            "0x7f000001",
            "2130706433",
            "127.0.0.0x1",
            "127.0.0.0X1",
            "127.0.0.0x",
            "a.test.1",
            "::1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "::ffff:127.0.0.1",
        ] {
            assert_eq!(canonical_name(text), None, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_name() {
        for text in
            ["", ".", "a.test..", "a..test", "a.test:80", "a test", "a.test\0", "bücher.example", "u@a.test"]
        {
            assert_eq!(canonical_name(text), None, "{text}");
        }
    }

    #[test]
    fn matches_the_name_or_what_is_below_it() {
        let below = Pattern::parse("*.example.com").unwrap();
        assert!(below.matches("a.example.com"));
        assert!(!below.matches("example.com"));
        assert!(!below.matches("aexample.com"));
        let name = Pattern::parse("example.com").unwrap();
        assert!(name.matches("example.com"));
        assert!(!name.matches("a.example.com"));
        for text in
            ["*", "*.", "a.*", "*.*.test", "Example.com", "example.com.", "*.0.1", "127.0.0.1", "[::1]"]
        {
            assert!(Pattern::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn tells_names_that_only_this_network_defines() {
        for name in ["localhost", "db", "app.localhost", "db.internal", "box.home.arpa", "a.test", "b.local"]
        {
            assert!(is_private(name), "{name}");
        }
        for name in ["example.com", "localhost.example.com", "local.test.com"] {
            assert!(!is_private(name), "{name}");
        }
    }
}
