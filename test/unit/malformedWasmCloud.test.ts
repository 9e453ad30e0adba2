/** What the tests and resource definitions of wasmCloud 2 (wasmCloud/wasmCloud) try. */
import {
  badLabel,
  badName,
  badPort,
  everyHost,
  holdsValue,
  lookupPort,
  lookupUrl,
  means,
  needsNoLookup,
  noHost,
  noName,
  noPort,
  noScheme,
  notAbsolute,
  nowhere,
  oneWildcard,
  otherScheme,
  portProtocol,
  space,
  tried,
  unusual,
  wholeOrigin,
  wildAddress,
} from "./malformedTable.ts";

tried("wasmCloud, crates/wash-runtime/src/host/allowed_hosts.rs, parsing", [
  ["http", "*", "would name every host; name the hosts, such as https://*.example.com"],
  ["http", "example.com", noScheme("https://example.com")],
  ["http", "example.com:8080", noScheme("https://example.com:8080")],
  ["http", "https://api.example.com:8443", means("https://api.example.com:8443")],
  ["http", "*.example.com", noScheme("https://*.example.com")],
  ["http", "*.Example.COM", noScheme("https://*.Example.COM")],
  ["http", "https://*.example.com:8443", means("https://*.example.com:8443")],
  ["http", "*example.com", noScheme()],
  ["http", "*com", noScheme()],
  ["http", "", noScheme()],
  ["http", "example.com:notaport", noScheme()],
]); // biome-ignore format: a table

tried("wasmCloud, crates/wash-runtime/src/host/allowed_hosts.rs, path, query and fragment", [
  ["http", "https://api.example.com/", wholeOrigin("https://api.example.com")],
  ["http", "https://api.example.com", means("https://api.example.com")],
  ["http", "https://api.example.com/v1", wholeOrigin("https://api.example.com")],
  ["http", "https://api.example.com/?q=1", wholeOrigin("https://api.example.com")],
  ["http", "https://api.example.com/#frag", wholeOrigin("https://api.example.com")],
  ["http", "https://*.example.com/", wholeOrigin("https://*.example.com")],
  ["http", "https://*.example.com/v1", wholeOrigin("https://*.example.com")],
]); // biome-ignore format: a table

tried("wasmCloud, crates/wash-runtime/src/host/allowed_hosts.rs, matching", [
  ["http", "Example.COM", noScheme("https://Example.COM")],
  ["http", "example.com:8443", noScheme("https://example.com:8443")],
  ["http", "*.example.com:8443", noScheme("https://*.example.com:8443")],
  ["http", "[::1]:8080", noScheme("https://[::1]:8080")],
  ["http", "[::1]", noScheme("https://[::1]")],
  ["http", "[::1]:notaport", noScheme()],
  ["http", "localhost:8080", noScheme("https://localhost:8080")],
]); // biome-ignore format: a table

tried("wasmCloud, runtime-operator/api/runtime/v1alpha1/allowed_hosts_pattern_test.go", [
  ["http", "a.b.c.example.com", noScheme("https://a.b.c.example.com")],
  ["http", "https://example.com", means("https://example.com")],
  ["http", "https://example.com/", wholeOrigin("https://example.com")],
  ["http", "https://example.com:8443", means("https://example.com:8443")],
  ["http", "https://*.example.com", means("https://*.example.com")],
  ["http", "https://*.example.com:8443/", wholeOrigin("https://*.example.com:8443")],
  ["http", "*foo", noScheme()],
  ["http", "example.com/v1", noScheme("https://example.com")],
  ["http", "https://example.com/v1", wholeOrigin("https://example.com")],
  ["http", "https://example.com/v1/users", wholeOrigin("https://example.com")],
  ["http", "http://", noHost],
  ["http", ":8080", noScheme()],
  ["http", "-example.com", noScheme()],
  ["http", "example-.com", noScheme()],
  ["http", "https://-example.com", badLabel],
  ["http", "https://example-.com", badLabel],
]); // biome-ignore format: a table

tried("wasmCloud, charts/runtime-operator/crds, what the pattern of allowedHosts lets through", [
  ["http", "ftp://example.com", otherScheme("ftp")],
  ["http", "https://example.com:99999", badPort],
  ["http", "https://example.com:00000", badPort],
  ["http", "https://1.2.3", unusual("1.2.0.3")],
  ["http", "https://*.com", "would name every host under .com; add a label, such as *.example.com"],
]); // biome-ignore format: a table

tried("wasmCloud, charts/runtime-operator/crds, what the pattern of allowedIpNameLookups lets through", [
  ["nameLookup", "127.0.0.1", needsNoLookup],
  ["nameLookup", "::1", needsNoLookup],
  ["nameLookup", "999.999.999.999", noName],
  ["nameLookup", "::::", lookupPort],
  ["nameLookup", "*.com", "would name every host under .com; add a label, such as *.example.com"],
  ["nameLookup", ".", noName],
  ["nameLookup", "fe80::1", needsNoLookup],
]); // biome-ignore format: a table

tried("wasmCloud, charts/runtime-operator/crds, what the pattern of allowedHostLoopbackPorts lets through", [
  ["port", "5432", means("tcp 10.0.0.1 ports 5432")],
  ["port", "53/udp", portProtocol("53")],
  ["port", "5432/TCP", portProtocol("5432")],
  ["port", "00000", noPort],
  ["port", "99999", noPort],
  ["port", "0", noPort],
]); // biome-ignore format: a table

tried("wasmCloud, crates/wash-runtime/src/host/allowed_ip_name.rs", [
  ["nameLookup", "*", everyHost],
  ["nameLookup", "example.com", means("example.com")],
  ["nameLookup", "EXAMPLE.COM", means("example.com")],
  ["nameLookup", "example.com.", means("example.com")],
  ["nameLookup", "*.example.com", means("*.example.com")],
  ["nameLookup", "*.4", wildAddress],
  ["nameLookup", "127.0.0.1", needsNoLookup],
  ["nameLookup", "::1", needsNoLookup],
  ["nameLookup", "0:0:0:0:0:0:0:1", needsNoLookup],
  ["nameLookup", "xn--n3h.example.com", means("xn--n3h.example.com")],
  ["nameLookup", "☃.example.com", means("xn--n3h.example.com")],
  ["nameLookup", "*.internal", "would name every host under .internal; add a label, such as *.example.internal"],
  ["nameLookup", "*com", oneWildcard],
  ["nameLookup", "https://example.com", lookupUrl],
  ["nameLookup", "example.com/v1", noName],
  ["nameLookup", "example.com?q=1", noName],
  ["nameLookup", "example.com#frag", noName],
  ["nameLookup", "example.com:8080", lookupPort],
  ["nameLookup", "", noHost],
  ["nameLookup", "   ", space],
  ["nameLookup", "example..com", badLabel],
  ["nameLookup", "-lead.com", badLabel],
  ["nameLookup", "trail-.com", badLabel],
]); // biome-ignore format: a table

tried("wasmCloud, crates/wash-runtime/src/sockets/internal_names.rs", [
  ["nameLookup", "service.wasmcloud.internal", means("service.wasmcloud.internal")],
  ["nameLookup", "SERVICE.WASMCLOUD.INTERNAL", means("service.wasmcloud.internal")],
  ["nameLookup", "service.wasmcloud.internal.", means("service.wasmcloud.internal")],
  ["nameLookup", ".svc.wasmcloud.internal", badLabel],
  ["nameLookup", "localhost", means("localhost")],
  ["host", "127.255.255.254", means("tcp 127.255.255.254 ports 80")],
  ["host", "::ffff:127.255.255.254", unusual("127.255.255.254")],
  ["host", "127.255.255.254:5432", "has a port; name it under ports"],
  ["host", "[::ffff:127.255.255.254]:5432", "has a port; name it under ports"],
]); // biome-ignore format: a table

tried("wasmCloud, crates/wash-runtime/src/host/allowed_loopback.rs", [
  ["port", "5432/tcp", portProtocol("5432")],
  ["port", " 5432 / TCP ", noPort],
  ["port", "5000-6000", means("tcp 10.0.0.1 ports 5000-6000")],
  ["port", "*", noPort],
  ["port", "5432-", noPort],
  ["port", "postgres", noPort],
  ["port", "", noPort],
  ["port", "70000", noPort],
  ["port", "53/sctp", portProtocol("53")],
]); // biome-ignore format: a table

tried("wasmCloud, crates/wash-runtime/src/host/declared_port.rs", [
  ["host", "0.0.0.0", nowhere],
  ["host", "::", nowhere],
  ["port", "0", noPort],
]); // biome-ignore format: a table

tried("wasmCloud, crates/wash-runtime/src/host/egress_policy.rs", [
  ["host", "169.254.169.254", means("tcp 169.254.169.254 ports 80")],
  ["host", "224.0.0.1", means("tcp 224.0.0.1 ports 80")],
  ["host", "255.255.255.255", means("tcp 255.255.255.255 ports 80")],
  ["host", "fe80::1", means("tcp fe80::1 ports 80")],
  ["host", "::ffff:127.0.0.1", unusual("127.0.0.1")],
  ["host", "::ffff:169.254.169.254", unusual("169.254.169.254")],
  ["host", "::ffff:0.0.0.0", nowhere],
  ["host", "::ffff:93.184.216.34", unusual("93.184.216.34")],
  ["host", "2606:2800:220:1:248:1893:25c8:1946", means("tcp 2606:2800:220:1:248:1893:25c8:1946 ports 80")],
  ["http", "http://[::ffff:127.0.0.1]", unusual("127.0.0.1")],
  ["http", "http://[::ffff:0.0.0.0]", nowhere],
  ["http", "http://[::]", nowhere],
  ["http", "http://169.254.169.254", means("http://169.254.169.254")],
]); // biome-ignore format: a table

tried("wasmCloud, crates/wash-runtime/src/plugin/wasmcloud_messaging/mod.rs", [
  ["messaging", "tasks.task-worker", means("tasks.task-worker")],
  ["messaging", "a,b,c", badName],
  ["messaging", " tasks.leet , tasks.reverse ,, ", badName],
  ["messaging", "", badName],
  ["messaging", "orders.*", badName],
  ["messaging", "audit.>", badName],
  ["messaging", ">", badName],
  ["messaging", "*", badName],
]); // biome-ignore format: a table

tried("wasmCloud, crates/wash-runtime/src/config_source.rs", [
  ["path", "../outside.env", notAbsolute],
  ["path", "../../etc", notAbsolute],
  ["environment", "NOEQUALS", means("NOEQUALS")],
  ["environment", "FOO=bar", holdsValue],
  ["environment", "=value", holdsValue],
  ["config", "=value", holdsValue],
]); // biome-ignore format: a table
