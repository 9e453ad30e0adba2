/**
 * What the tests and policies of wassette (microsoft/wassette, whose crates/policy is also published as policy-mcp) try, with
 * other words for the folders.
 */
import {
  everyHost,
  means,
  noEnvironmentKey,
  noHost,
  noName,
  noScheme,
  notAbsolute,
  oneWildcard,
  pathUrl,
  tried,
  wildPath,
} from "./malformedTable.ts";

tried("wassette, crates/policy/src/types.rs, test_storage_uri_wildcard_validation", [
  ["path", "fs://srv/data/**", pathUrl],
  ["path", "fs://srv/*/data", pathUrl],
  ["path", "fs://srv/data/*", pathUrl],
  ["path", "fs://srv/data/*/subdir/**", pathUrl],
  ["path", "", notAbsolute],
  ["path", "fs://srv/data/***", pathUrl],
  ["path", "fs://srv/data/**file", pathUrl],
  ["path", "fs://srv/data/file**.txt", pathUrl],
  ["path", "fs://srv/data/**/**.txt", pathUrl],
  ["path", "/srv/data/**", wildPath],
  ["path", "/srv/*/data", wildPath],
  ["path", "/srv/data/file**.txt", wildPath],
]); // biome-ignore format: a table

tried("wassette, crates/policy/src/types.rs, test_network_host_wildcard_validation", [
  ["http", "https://example.com", means("https://example.com")],
  ["http", "https://*.example.com", means("https://*.example.com")],
  ["http", "https://sub.example.com", means("https://sub.example.com")],
  ["http", "https://*", everyHost],
  ["http", "https://", noHost],
  ["http", "https://*.*.example.com", oneWildcard],
  ["http", "https://example*.com", oneWildcard],
  ["http", "https://exam*ple.com", oneWildcard],
  ["http", "https://**example.com", oneWildcard],
  ["http", "https://*.", noName],
  ["http", "https://*.example.", "would name every host under .example; add a label, such as *.example.example"],
  ["nameLookup", "*", everyHost],
  ["nameLookup", "", noHost],
  ["nameLookup", "*.*.example.com", oneWildcard],
  ["nameLookup", "example*.com", oneWildcard],
  ["nameLookup", "exam*ple.com", oneWildcard],
  ["nameLookup", "**example.com", oneWildcard],
  ["nameLookup", "*.", noName],
  ["nameLookup", "*.example.", "would name every host under .example; add a label, such as *.example.example"],
]); // biome-ignore format: a table

tried("wassette, crates/policy/src/types.rs, test_network_cidr_validation and testdata", [
  ["host", "invalid-cidr", means("tcp invalid-cidr ports 80")],
  ["host", "", noHost],
  ["host", "192.168.1.0/24", means("tcp 192.168.1.0/24 ports 80")],
  ["host", "10.0.0.0/8", means("tcp 10.0.0.0/8 ports 80")],
  ["host", "169.254.0.0/16", means("tcp 169.254.0.0/16 ports 80")],
  ["host", "10.0.0.0", means("tcp 10.0.0.0 ports 80")],
  ["host", "10.0.0.0/", "has no prefix length from 1 to 32 after the slash; write for example 10.0.0.0/8"],
  ["host", "10.0.0.0/33", "has no prefix length from 1 to 32 after the slash; write for example 10.0.0.0/8"],
  ["host", "*.googleapis.com", "takes no wildcard; name the host, or a network such as 10.0.0.0/8"],
]); // biome-ignore format: a table

tried("wassette, crates/policy/src/types.rs, test_environment_key_validation", [
  ["environment", "PATH", means("PATH")],
  ["environment", "MY_VAR", means("MY_VAR")],
  ["environment", "HOME", means("HOME")],
  ["environment", "", noEnvironmentKey],
  ["environment", "PATH_*", noEnvironmentKey],
  ["environment", "*_DEBUG", noEnvironmentKey],
  ["environment", "*", noEnvironmentKey],
  ["environment", "PA*TH", noEnvironmentKey],
  ["environment", "*PATH*", noEnvironmentKey],
  ["environment", "**PATH", noEnvironmentKey],
  ["environment", "PATH**", noEnvironmentKey],
  ["environment", "PATH_WITH_WILDCARD_*", noEnvironmentKey],
]); // biome-ignore format: a table

tried("wassette, crates/policy/testdata/storage-only.yaml", [
  ["path", "fs://tmp/**", pathUrl],
  ["path", "fs://var/log/*.log", pathUrl],
  ["path", "/var/log/*.log", wildPath],
  ["path", "/etc", means("read /etc from data")],
]); // biome-ignore format: a table

tried("wassette, crates/wassette/src/http.rs", [
  ["http", "api.example.com", noScheme("https://api.example.com")],
  ["http", "https://api.example.com", means("https://api.example.com")],
  ["http", "http://", noHost],
  ["http", "", noScheme()],
]); // biome-ignore format: a table

tried("wassette, crates/wassette/src/policy_internal.rs", [
  ["http", "api.example.com", noScheme("https://api.example.com")],
  ["http", "", noScheme()],
  ["path", "fs:///tmp/test", pathUrl],
]); // biome-ignore format: a table
