/** What the tests of Spin (spinframework/spin) try in manifests. */
import {
  anyScheme,
  badName,
  badPort,
  everyHost,
  manyPorts,
  means,
  network,
  noConfigKey,
  noEnvironmentKey,
  noHost,
  noIPv6,
  noName,
  noScheme,
  nowhere,
  otherScheme,
  placeholder,
  space,
  spinSelf,
  tried,
  unusual,
  wholeOrigin,
  wildAddress,
} from "./malformedTable.ts";

tried("spin, crates/outbound-networking-config/src/allowed_hosts.rs, url without and with port", [
  ["http", "http://spin.fermyon.dev", means("http://spin.fermyon.dev")],
  ["http", "http://spin.fermyon.dev/", wholeOrigin("http://spin.fermyon.dev")],
  ["http", "https://spin.fermyon.dev", means("https://spin.fermyon.dev")],
  ["http", "http://spin.fermyon.dev:4444", means("http://spin.fermyon.dev:4444")],
  ["http", "http://spin.fermyon.dev:4444/", wholeOrigin("http://spin.fermyon.dev:4444")],
  ["http", "https://spin.fermyon.dev:5555", means("https://spin.fermyon.dev:5555")],
  ["http", "http://spin.fermyon.dev:4444..5555", manyPorts],
  ["http", "https://my.api.com/", wholeOrigin("https://my.api.com")],
]); // biome-ignore format: a table

tried("spin, crates/outbound-networking-config/src/allowed_hosts.rs, plain host", [
  ["http", "spin.fermyon.dev", noScheme("https://spin.fermyon.dev")],
  ["http", "spin.fermyon.dev:80", noScheme("https://spin.fermyon.dev:80")],
  ["http", "example.com", noScheme("https://example.com")],
  ["http", "localhost", noScheme("https://localhost")],
  ["http", "http://localhost", means("http://localhost")],
  ["http", "localhost:3001", noScheme("https://localhost:3001")],
  ["http", "http://localhost:3001", means("http://localhost:3001")],
]); // biome-ignore format: a table

tried("spin, crates/outbound-networking-config/src/allowed_hosts.rs, glob scheme and allow all", [
  ["http", "*://spin.fermyon.dev:7777", anyScheme],
  ["http", "*://spin.fermyon.dev:443", anyScheme],
  ["http", "http://example.com:8383", means("http://example.com:8383")],
  ["http", "*://*:*", anyScheme],
  ["http", "*://my.db:*", anyScheme],
  ["http", "insecure:allow-all", noScheme()],
]); // biome-ignore format: a table

tried("spin, crates/outbound-networking-config/src/allowed_hosts.rs, self and service chaining", [
  ["http", "http://self", spinSelf],
  ["http", "http://self:notaport", spinSelf],
  ["http", "http://self//", spinSelf],
  ["http", "http://self.alt:notaport", badPort],
  ["http", "http://*.spin.internal", means("http://*.spin.internal")],
  ["http", "http://first.spin.internal", means("http://first.spin.internal")],
  ["http", "pg://localhost:5656", otherScheme("pg")],
  ["http", "https://spinframework.dev", means("https://spinframework.dev")],
]); // biome-ignore format: a table

tried("spin, crates/outbound-networking-config/src/allowed_hosts.rs, subdomain wildcards", [
  ["http", "http://*.example.com", means("http://*.example.com")],
  ["http", "http://*.example2.com:8383", means("http://*.example2.com:8383")],
  ["http", "http://*.Example.COM", means("http://*.example.com")],
]); // biome-ignore format: a table

tried("spin, crates/outbound-networking-config/src/allowed_hosts.rs, addresses and networks", [
  ["http", "http://192.168.1.1", means("http://192.168.1.1")],
  ["http", "http://192.168.1.1:3002", means("http://192.168.1.1:3002")],
  ["http", "http://[::1]:8001", means("http://[::1]:8001")],
  ["http", "http://[::1]", means("http://[::1]")],
  ["http", "*://127.0.0.0/24:80", anyScheme],
  ["http", "*://127.0.0.0/24", anyScheme],
  ["http", "*://ff00::/8:80", anyScheme],
  ["http", "*://127.0.0.1/24:63551", anyScheme],
  ["http", "http://ff00::/8", network],
  ["http", "https://2001:db8::/32", network],
  ["http", "http://::1/128", network],
  ["http", "http://10.0.0.0/8", network],
  ["http", "http://2001:db8::/32:443", network],
  ["http", "https://[::1]", means("https://[::1]")],
  ["http", "http://[2001:db8::1]", means("http://[2001:db8::1]")],
  ["http", "http://[2001:db8::1]:443", means("http://[2001:db8::1]:443")],
  ["http", "http://[::1]:*", manyPorts],
  ["http", "http://[::1]:8000..9000", manyPorts],
  ["http", "*://[::1]:80", anyScheme],
  ["http", "http://[::1]:8080/", wholeOrigin("http://[::1]:8080")],
  ["host", "127.0.0.0/24", means("tcp 127.0.0.0/24 ports 80")],
  ["host", "ff00::/8", means("tcp ff00::/8 ports 80")],
  ["host", "127.0.0.1/24", "is an address within 127.0.0.0/24; write 127.0.0.0/24"],
  ["host", "2001:db8::/32", means("tcp 2001:db8::/32 ports 80")],
  ["host", "::1/128", means("tcp ::1 ports 80")],
  ["host", "10.0.0.0/8", means("tcp 10.0.0.0/8 ports 80")],
]); // biome-ignore format: a table

tried("spin, crates/outbound-networking-config/src/allowed_hosts.rs, rejects path", [
  ["http", "http://spin.fermyon.dev/a", wholeOrigin("http://spin.fermyon.dev")],
  ["http", "http://spin.fermyon.dev:6666/a/b", wholeOrigin("http://spin.fermyon.dev:6666")],
  ["http", "http://*.fermyon.dev/a", wholeOrigin("http://*.fermyon.dev")],
]); // biome-ignore format: a table

tried("spin, crates/outbound-networking-config/src/allowed_hosts.rs, databases and their passwords", [
  ["http", "mysql://xyz.com", otherScheme("mysql")],
  ["http", "mysql://user:pass#word@xyz.com", otherScheme("mysql")],
  ["http", "mysql://user%3Apass%23word@xyz.com", otherScheme("mysql")],
  ["http", "user%3Apass%23word@xyz.com", noScheme()],
  ["http", "https://example.com/file@0.1.0.json", "holds user information before the @; leave it out, and pass credentials as bindings"],
  ["http", "https://user:password@example.com/file@0.1.0.json", "holds user information before the @; leave it out, and pass credentials as bindings"],
  ["http", "https://user:pass#word@example.com/file@0.1.0.json", "holds user information before the @; leave it out, and pass credentials as bindings"],
  ["http", "https://user:password@example.com", "holds user information before the @; leave it out, and pass credentials as bindings"],
]); // biome-ignore format: a table

tried("spin, crates/outbound-networking-config/src/allowed_hosts.rs, variables", [
  ["http", "https://{{ one }}", placeholder],
  ["http", "{{ two }}", placeholder],
  ["http", "https://three", means("https://three")],
  ["http", "http://{{ dbhost }}", placeholder],
  ["http", "http://{{ dbhost }}:{{ dbport }}", placeholder],
  ["http", "http://zoinks, Scooby!", space],
  ["http", "https://", noHost],
]); // biome-ignore format: a table

tried("spin, crates/outbound-networking-config/src/allowed_hosts.rs, invalid hosts", [
  ["http", "http://x.y", means("http://x.y")],
  ["http", "zootle! wurdl!", space],
  ["http", "}{ !!**", space],
]); // biome-ignore format: a table

tried("spin, crates/outbound-networking-config/src/allowed_hosts.rs, rejects_malformed_ipv6_allowed_hosts", [
  ["http", "http://[::1]/foo", wholeOrigin("http://[::1]")],
  ["http", "http://ff00::/8/extra", "is an IPv6 address without brackets; write [ff00::]"],
  ["http", "http://[::1", noIPv6],
  ["http", "http://[::1]junk", noIPv6],
  ["http", "http://[::1]::80", badPort],
  ["http", "http://[v1.]", noIPv6],
  ["http", "[::1]", noScheme("https://[::1]")],
  ["http", "[::1]:8080", noScheme("https://[::1]:8080")],
]); // biome-ignore format: a table

tried("spin, crates/outbound-networking-config/src/allowed_hosts.rs, rejects_invalid_allowed_host_entries", [
  ["http", "http://example.com:notaport", badPort],
  ["http", "http://example.com:8080..70000", manyPorts],
  ["http", "http://*:notaport", everyHost],
  ["http", "http://127.0.0.1:notaport", badPort],
  ["http", "http://[::1]:notaport", badPort],
  ["http", "http://*.example.com:notaport", badPort],
  ["http", "http://*.example.com:8080..", manyPorts],
  ["http", "http://*.example.com:8O8O", badPort],
  ["http", "http://example.com:8080/p", wholeOrigin("http://example.com:8080")],
  ["http", "http://*.example.com:8080/p", wholeOrigin("http://*.example.com:8080")],
  ["http", "http://*.example.com/p", wholeOrigin("http://*.example.com")],
  ["http", "http://127.0.0.0/24/p", wholeOrigin("http://127.0.0.0")],
  ["http", "http://[::1junk", noIPv6],
  ["http", "http://*.", noName],
  ["http", "http://*.:8080", noName],
  ["http", "example.com:8080", noScheme("https://example.com:8080")],
  ["http", "http://example%.com", noName],
  ["http", "http://example%2.com", noName],
  ["http", "http://example%GG.com", noName],
  ["http", "http://exa[mple.com", noName],
  ["http", "http://exa\\mple.com", "holds a backslash, which means / to some and nothing to others"],
  ["http", "http://example.com:80:90", badPort],
  ["http", "http://[vG.example]", noIPv6],
]); // biome-ignore format: a table

tried("spin, crates/outbound-networking-config/src/allowed_hosts.rs, invalid_explicit_port_reports_port_error", [
  ["http", "http://example.com:99999", badPort],
  ["http", "http://[::1]:99999", badPort],
  ["http", "http://ff00::/8:99999", network],
  ["http", "http://*.example.com:99999", badPort],
]); // biome-ignore format: a table

tried("spin, crates/outbound-networking-config/src/allowed_hosts.rs, rejects_double_slash_paths", [
  ["http", "http://example.com//", wholeOrigin("http://example.com")],
  ["http", "http://*.example.com//", wholeOrigin("http://*.example.com")],
  ["http", "http://[::1]//", wholeOrigin("http://[::1]")],
]); // biome-ignore format: a table

tried("spin, crates/outbound-networking-config/src/allowed_hosts.rs, rejects_wildcard_non_domain_suffixes", [
  ["http", "http://*.127.0.0.1", wildAddress],
  ["http", "http://*.192.168.001.001", wildAddress],
  ["http", "http://*.[::1]", noName],
  ["http", "http://*.[2001:db8::1]", noName],
]); // biome-ignore format: a table

tried("spin, crates/outbound-networking-config/src/blocked_networks.rs", [
  ["host", "1.1.1.1/32", means("tcp 1.1.1.1 ports 80")],
  ["host", "123.123.0.0/16", means("tcp 123.123.0.0/16 ports 80")],
  ["host", "2001::/96", means("tcp 2001::/96 ports 80")],
  ["host", "::ffff:123.123.123.123", unusual("123.123.123.123")],
  ["host", "0.0.0.0", nowhere],
  ["host", "10.10.10.10", means("tcp 10.10.10.10 ports 80")],
  ["host", "100.64.1.1", means("tcp 100.64.1.1 ports 80")],
  ["host", "127.0.0.1", means("tcp 127.0.0.1 ports 80")],
  ["host", "169.254.0.1", means("tcp 169.254.0.1 ports 80")],
  ["host", "192.0.0.1", means("tcp 192.0.0.1 ports 80")],
  ["host", "::1", means("tcp ::1 ports 80")],
  ["host", "::ffff:10.10.10.10", unusual("10.10.10.10")],
  ["host", "fc00::f00d", means("tcp fc00::f00d ports 80")],
  ["host", "2600::beef", means("tcp 2600::beef ports 80")],
  ["host", "2600:f00d::/32", means("tcp 2600:f00d::/32 ports 80")],
  ["host", "123.200.0.1:443", "has a port; name it under ports"],
  ["host", "[2600:beef::1000]:80", "has a port; name it under ports"],
  ["host", "127.0.0.1:3000", "has a port; name it under ports"],
  ["http", "http://[::ffff:10.10.10.10]", unusual("10.10.10.10")],
  ["http", "http://0.0.0.0", nowhere],
]); // biome-ignore format: a table

tried("spin, crates/manifest/src/compat/allowed_http_hosts.rs", [
  ["http", "spin.fermyon.dev:7777", noScheme("https://spin.fermyon.dev:7777")],
  ["http", "self", noScheme()],
  ["http", "192.168.1.1", noScheme("https://192.168.1.1")],
  ["http", "192.168.1.1:3002", noScheme("https://192.168.1.1:3002")],
  ["http", "ftp://spin.fermyon.dev", otherScheme("ftp")],
  ["http", "ftp://spin.fermyon.dev:6666", otherScheme("ftp")],
]); // biome-ignore format: a table

const badCallee =
  "is no name of an App or Service: take 1 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends, and a namespace after a dot where one is needed, such as auth or auth.identity";

tried("spin, crates/manifest/src/schema/v2.rs, labels", [
  ["keyValue", "default", means("default")],
  ["keyValue", "snake_case", means("snake_case")],
  ["keyValue", "kebab-case", means("kebab-case")],
  ["keyValue", "b@dlabel", badName],
  ["keyValue", "camelCase", means("camelCase")],
]); // biome-ignore format: a table

tried("spin, crates/manifest/src/schema/v2.rs, test_invalid_snake_ids", [
  ["config", "", noConfigKey],
  ["config", "kebab-case", means("kebab-case")],
  ["config", "_leading_underscore", means("_leading_underscore")],
  ["config", "trailing_underscore_", means("trailing_underscore_")],
  ["config", "double__underscore", means("double__underscore")],
  ["config", "1initial_number", means("1initial_number")],
  ["config", "unicode_snowpeople☃☃☃", noConfigKey],
  ["config", "mIxEd_case", means("mIxEd_case")],
  ["config", "MiXeD_case", means("MiXeD_case")],
  ["config", "mixed_CASE_words", means("mixed_CASE_words")],
  ["config", "letters1_then2_numbers345", means("letters1_then2_numbers345")],
  ["environment", "", noEnvironmentKey],
  ["environment", "kebab-case", noEnvironmentKey],
  ["environment", "1initial_number", noEnvironmentKey],
  ["environment", "unicode_snowpeople☃☃☃", noEnvironmentKey],
  ["keyValue", "", badName],
  ["keyValue", "_leading_underscore", badName],
  ["keyValue", "trailing_underscore_", badName],
  ["keyValue", "unicode_snowpeople☃☃☃", badName],
]); // biome-ignore format: a table

tried("spin, crates/manifest/tests/ui/invalid", [
  ["calls", "bad_id", badCallee],
  ["calls", "1-2-3", means("1-2-3")],
  ["config", "bad+name", noConfigKey],
  ["environment", "bad+name", noEnvironmentKey],
]); // biome-ignore format: a table

tried("spin, crates/loader/tests/file-errors/bad.toml", [
  ["path", "/", means("read / from data")],
]); // biome-ignore format: a table
