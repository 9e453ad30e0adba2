use alloc::string::String;

/// A host as rules write it: in lower case, without one dot at the end. Nothing else is brought to one form, so a host
/// that is written otherwise (escapes, user information, numbers of other bases) matches no rule; nor does one with
/// characters that no host has.
pub fn canonical_host(host: &str) -> Option<String> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_plain = |text: &str, others: &[u8]| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || others.contains(&byte))
    };
    let is_host = match inner {
        Some(address) => is_plain(address, b":."),
        None => is_plain(host, b"-_.") && host.as_bytes().split(|&byte| byte == b'.').all(|l| !l.is_empty()),
    };
    is_host.then(|| host.to_ascii_lowercase())
}

/// Whether a rule names a canonical host: the very host, or one below the suffix of `*.suffix`. A suffix names no
/// addresses.
pub fn host_matches(rule: &str, host: &str) -> bool {
    match rule.strip_prefix('*') {
        Some(suffix) => {
            suffix.starts_with('.')
                && !host.starts_with('[')
                && host.len() > suffix.len()
                && host.ends_with(suffix)
        }
        None => rule == host,
    }
}

#[cfg(test)]
mod tests {
    use super::{canonical_host, host_matches};

    #[test]
    fn brings_case_and_one_final_dot_to_one_form() {
        assert_eq!(canonical_host("API.Example.com.").as_deref(), Some("api.example.com"));
        assert_eq!(canonical_host("[2001:DB8::7]").as_deref(), Some("[2001:db8::7]"));
        assert_eq!(canonical_host("127.0.0.1").as_deref(), Some("127.0.0.1"));
    }

    #[test]
    fn refuses_what_is_no_host() {
        for text in [
            "",
            ".",
            "a..b",
            "a.test..",
            ".a.test",
            "u@a.test",
            "a test",
            "a%2etest",
            "é.test",
            "a.test:80",
            "[::1",
            "[]",
        ] {
            assert_eq!(canonical_host(text), None, "{text}");
        }
    }

    #[test]
    fn matches_hosts_below_a_suffix_only() {
        assert!(host_matches("*.a.test", "x.a.test"));
        assert!(host_matches("*.a.test", "y.x.a.test"));
        assert!(!host_matches("*.a.test", "a.test"));
        assert!(!host_matches("*.a.test", ".a.test"));
        assert!(!host_matches("*.a.test", "xa.test"));
        assert!(!host_matches("a.test", "x.a.test"));
    }
}
