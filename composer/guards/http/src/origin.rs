use alloc::string::String;
use rules::{canonical_host, host_matches};

/// Whether a rule, `scheme://host:port`, names what a request asks for.
pub fn matches(rule: &str, scheme: &str, authority: &str) -> bool {
    let Some((rule_scheme, rule_authority)) = rule.split_once("://") else { return false };
    let Some((rule_host, rule_port)) = rule_authority.rsplit_once(':') else { return false };
    let Some((host, port)) = split(authority, scheme) else { return false };
    rule_scheme == scheme && rule_port == port && host_matches(rule_host, &host)
}

/// Whether a label of `calls`, `name[.namespace][:port]`, names what a request asks for, letter by letter: a network that
/// completes names from a list, as clusters do, has `auth.dev.` for another host than `auth.dev`.
pub fn is_call(label: &str, scheme: &str, authority: &str) -> bool {
    let is_plain = !label.contains(':');
    scheme == "http" && (authority == label || (is_plain && authority.strip_suffix(":80") == Some(label)))
}

/// Canonical host and port. Without a port it is the scheme's own.
fn split<'a>(authority: &'a str, scheme: &str) -> Option<(String, &'a str)> {
    let bracketed = authority.starts_with('[') && authority.ends_with(']');
    let (host, port) = match authority.rsplit_once(':') {
        Some(parts) if !bracketed => parts,
        _ => (authority, if scheme == "https" { "443" } else { "80" }),
    };
    // Rules write ports without leading zeros.
    let is_port =
        !port.starts_with('0') && !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    Some((canonical_host(host).filter(|_| is_port)?, port))
}

#[cfg(test)]
mod tests {
    use super::{is_call, matches};

    #[test]
    fn takes_the_origin_and_no_other() {
        let rule = "https://api.example.com:443";
        for granted in ["api.example.com", "API.Example.com", "api.example.com.", "api.example.com:443"] {
            assert!(matches(rule, "https", granted), "{granted}");
        }
        for other in [
            "",
            "example.com",
            "x.api.example.com",
            "api.example.com:80",
            "api.example.com:0443",
            "api.example.com:",
            "api.example.com:443:443",
            "api.example.com..",
            "user@api.example.com",
            "api.example.com@evil.test",
            "evil.test#api.example.com",
            "api.example.com%2eevil.test",
            "api.example.com ",
        ] {
            assert!(!matches(rule, "https", other), "{other}");
        }
        assert!(!matches(rule, "http", "api.example.com:443"));
    }

    #[test]
    fn takes_addresses_only_as_they_are_written() {
        assert!(matches("http://127.0.0.1:8080", "http", "127.0.0.1:8080"));
        for other in
            ["0177.0.0.1:8080", "2130706433:8080", "127.1:8080", "[::ffff:127.0.0.1]:8080", "localhost:8080"]
        {
            assert!(!matches("http://127.0.0.1:8080", "http", other), "{other}");
        }
        assert!(matches("http://[::1]:80", "http", "[::1]"));
        assert!(!matches("http://[::1]:80", "http", "[0:0:0:0:0:0:0:1]"));
    }

    #[test]
    fn takes_hosts_below_a_suffix() {
        assert!(matches("https://*.example.com:443", "https", "a.example.com"));
        assert!(!matches("https://*.example.com:443", "https", "example.com"));
        assert!(!matches("https://*.example.com:443", "https", "evil.test/.example.com"));
    }

    #[test]
    fn takes_calls_as_they_are_written() {
        for (label, granted) in [
            ("auth", "auth"),
            ("auth", "auth:80"),
            ("auth.identity", "auth.identity"),
            ("auth:8080", "auth:8080"),
        ] {
            assert!(is_call(label, "http", granted), "{granted}");
            assert!(!is_call(label, "https", granted), "{granted}");
        }
        for other in [
            "",
            ":80",
            "auth:",
            "auth:8080",
            "auth:080",
            "auth:80:80",
            "auth.",
            "auth.:80",
            "AUTH",
            "auth.identity",
            "x.auth",
            "user@auth",
            "auth@evil.test",
            "auth ",
            "10.0.0.7",
        ] {
            assert!(!is_call("auth", "http", other), "{other}");
        }
        for other in ["auth", "auth:80", "auth:8080:80", "auth:808"] {
            assert!(!is_call("auth:8080", "http", other), "{other}");
        }
        assert!(!is_call("auth.dev", "http", "auth.dev."));
    }
}
