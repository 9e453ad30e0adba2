import { describe, expect, test } from "vitest";
import type { Origin, SocketRule } from "../../provider/capabilities/rules.ts";
import {
  calledApp,
  canonicalHost,
  grantedName,
  grantedOrigin,
  grantedSocket,
  reachable,
  unwrapped,
} from "../../provider/targets/local/runtime/policy.ts";

const granted: Origin[] = [
  { scheme: "https", host: "api.example.com", port: 443 },
  { scheme: "http", host: "*.example.org", port: 8080 },
  { scheme: "http", host: "[::1]", port: 80 },
  { scheme: "https", host: "xn--bcher-kva.example", port: 443 },
];

describe("origins", () => {
  test.for([
    ["https", "api.example.com"],
    ["https", "API.Example.COM."],
    ["https", "api.example.com:443"],
    ["https", "api.example.com:0443"],
    ["http", "a.example.org:8080"],
    ["http", "a.b.example.org:8080"],
    ["http", "[::1]"],
    ["http", "[0:0:0:0:0:0:0:1]:80"],
    ["https", "bücher.example"],
  ] as const)("%s://%s is granted", ([scheme, authority]) => {
    expect(grantedOrigin(granted, scheme, authority)).toBeDefined();
  });

  test.for([
    ["http", "api.example.com"],
    ["https", "api.example.com:8443"],
    ["https", "example.com"],
    ["https", "api.example.com.evil.example"],
    ["https", "evilapi.example.com"],
    ["https", "user@api.example.com"],
    ["https", "api.example.com@evil.example"],
    ["https", "api.example.com/@evil.example"],
    ["https", "api.example.com\\@evil.example"],
    ["https", "api.example.com?@evil.example"],
    ["https", "api.example.com#@evil.example"],
    ["https", "api%2eexample.com"],
    ["https", "api.example.com\t"],
    ["https", "api.example.com.."],
    ["https", ""],
    ["http", "example.org:8080"],
    ["http", ".example.org:8080"],
    ["http", "aexample.org:8080"],
    ["http", "[::ffff:127.0.0.1]"],
    ["http", "127.0.0.1"],
    ["ftp", "api.example.com"],
  ] as const)("%s://%s is not", ([scheme, authority]) => {
    expect(grantedOrigin(granted, scheme, authority)).toBeUndefined();
  });
});

test("a host has one form, however it is written", () => {
  const forms = ["127.0.0.1", "127.1", "0x7f.1", "017700000001", "2130706433"];
  expect(forms.map(canonicalHost)).toEqual(forms.map(() => "127.0.0.1"));
  expect(canonicalHost("A.Example.")).toBe("a.example");
  for (const bad of ["", "a:80", "a/b", "u@a", "a b", "a%00", "[::1"])
    expect(canonicalHost(bad)).toBeUndefined();
});

test("a suffix names what is below it, and no address", () => {
  expect(grantedName(["*.example.com"], "a.example.com")).toBe(true);
  expect(grantedName(["*.example.com"], "example.com")).toBe(false);
  expect(grantedName(["*.0.0.1"], "127.0.0.1")).toBe(false);
});

describe("what a name may lead to", () => {
  const addresses = (...list: string[]) =>
    list.map((address) => ({ address, family: address.includes(":") ? (6 as const) : (4 as const) }));

  test("a name in public DNS leads to public addresses only", () => {
    const inward = addresses(
      "127.0.0.1",
      "10.1.2.3",
      "172.16.0.1",
      "192.168.1.1",
      "169.254.169.254",
      "100.64.0.1",
      "0.0.0.0",
      "224.0.0.1",
      "255.255.255.255",
      "::1",
      "::",
      "::ffff:127.0.0.1",
      "::ffff:10.0.0.1",
      "64:ff9b::7f00:1",
      "fd00::1",
      "fe80::1",
      "ff02::1",
    );
    expect(reachable("rebound.example.com", inward)).toEqual([]);
    const outward = addresses("93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "172.32.0.1");
    expect(reachable("rebound.example.com", [...inward, ...outward])).toEqual(outward);
  });

  test.for(["localhost", "app.localhost", "db", "db.internal", "box.home.arpa", "app.test", "printer.local"])(
    "%s, which only this machine or network can define, may lead into it",
    (name) => {
      const local = addresses("127.0.0.1", "::1", "10.0.0.1");
      expect(reachable(name, local)).toEqual(local);
    },
  );

  test("IPv4 addresses in IPv6 clothes are seen", () => {
    expect(unwrapped({ family: 6, address: "::ffff:7f00:1" })).toEqual({ family: 4, address: "127.0.0.1" });
    expect(unwrapped({ family: 6, address: "2001:db8::1" })).toEqual({ family: 6, address: "2001:db8::1" });
  });
});

describe("sockets", () => {
  const rule = (host: string): SocketRule => ({ host, protocol: "tcp", ports: [{ from: 5000, to: 5010 }] });
  const none = () => false;
  const at = (address: string, port = 5000) => ({
    family: address.includes(":") ? (6 as const) : (4 as const),
    address,
    port,
  });

  test("by address, block, port range and protocol", () => {
    expect(grantedSocket([rule("10.0.0.0/8")], "tcp", at("10.1.2.3", 5010), none)).toBe(true);
    expect(grantedSocket([rule("10.0.0.0/8")], "tcp", at("10.1.2.3", 5011), none)).toBe(false);
    expect(grantedSocket([rule("10.0.0.0/8")], "udp", at("10.1.2.3"), none)).toBe(false);
    expect(grantedSocket([rule("10.0.0.0/8")], "tcp", at("11.0.0.1"), none)).toBe(false);
    expect(grantedSocket([rule("10.0.0.1")], "tcp", at("10.0.0.2"), none)).toBe(false);
    expect(grantedSocket([rule("0.0.0.0/0")], "tcp", at("::1"), none)).toBe(false);
    expect(grantedSocket([rule("fd00::/8")], "tcp", at("fd12::1"), none)).toBe(true);
    expect(grantedSocket([rule("::1")], "tcp", at("::1"), none)).toBe(true);
  });

  test("by name, only for what a look-up returned", () => {
    const returned = (name: string, address: string) => name === "db.example" && address === "192.0.2.7";
    expect(grantedSocket([rule("db.example")], "tcp", at("192.0.2.7"), returned)).toBe(true);
    expect(grantedSocket([rule("db.example")], "tcp", at("192.0.2.8"), returned)).toBe(false);
  });
});

describe("calls", () => {
  const labels = ["auth", "pay.shop", "old:8080"];

  test.for(["auth", "auth:80"])("http://%s is the App auth", (authority) => {
    expect(calledApp(labels, "http", authority)).toBe("auth");
    expect(calledApp(labels, "https", authority)).toBeUndefined();
  });

  test.for([
    "",
    ":80",
    "auth.",
    "AUTH",
    "auth:8080",
    "auth:080",
    "auth:",
    "auth:80:80",
    "auth.shop",
    "user@auth",
    "auth@evil.example",
    "auth/",
    "127.0.0.1",
    // Granted, and not known here.
    "pay.shop",
    "old:8080",
    "old",
  ])("http://%s is none", (authority) => {
    expect(calledApp(labels, "http", authority)).toBeUndefined();
  });
});
