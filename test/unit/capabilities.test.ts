import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeGrant, encodeGrant, type Grant, grantOf, union } from "../../provider/capabilities/grant.ts";
import { grantFields } from "../../provider/capabilities/grantFields.ts";
import { decodeRules, encodeRules, type Rules } from "../../provider/capabilities/rules.ts";
import { unknown } from "../../provider/schema/fields.ts";
import { parse } from "../../provider/schema/parse.ts";
import { grantedOrigin } from "../../provider/targets/local/runtime/policy.ts";
import { anyInputs, anyRules, grant, problems } from "./grantInputs.ts";

const canonical = (inputs: unknown) => JSON.parse(encodeGrant(grant(inputs)));

describe("http origins", () => {
  test.each([
    ["https://api.stripe.com", "https://api.stripe.com"],
    ["https://API.Stripe.com.", "https://api.stripe.com"],
    ["HTTPS://api.stripe.com:443", "https://api.stripe.com"],
    ["http://api.stripe.com:443", "http://api.stripe.com:443"],
    ["https://*.example.com", "https://*.example.com"],
    ["https://münchen.example", "https://xn--mnchen-3ya.example"],
    ["http://localhost:8080", "http://localhost:8080"],
    ["http://127.0.0.1:1", "http://127.0.0.1:1"],
    ["http://[0:0::1]:65535", "http://[::1]:65535"],
    ["http://my_service.internal", "http://my_service.internal"],
  ])("%s is %s", (text, expected) => {
    expect(canonical({ http: [text] }).http).toEqual([expected]);
  });

  test.each([
    ["api.stripe.com", "has no scheme; write https://api.stripe.com"],
    ["api.stripe.com:8443/v1", "has no scheme; write https://api.stripe.com:8443"],
    ["ftp://x.com", "has the scheme ftp"],
    ["https://x.com/", "has a path or query, but a grant names whole origins; write https://x.com"],
    ["https://x.com/v1?a=b", "write https://x.com"],
    ["https://x.com\\@evil.com", "holds user information"],
    ["https://x.com#frag", "has a path or query"],
    ["https://", "names no host"],
    ["https://*", "would name every host"],
    ["https://*.com", "would name every host under .com"],
    ["https://*.*.x.com", "wildcard elsewhere than once"],
    ["https://a*.x.com", "wildcard elsewhere than once"],
    ["https://x.*.com", "wildcard elsewhere than once"],
    ["https://*.10.0.0.1", "a wildcard before an address"],
    ["https://x.com:", "has a port that is not a number from 1 to 65535"],
    ["https://x.com:0", "has a port"],
    ["https://x.com:080", "has a port"],
    ["https://x.com:65536", "has a port"],
    ["https://x.com:*", "names several ports"],
    ["http://0177.0.0.1", "is an unusual form of the address 127.0.0.1; write 127.0.0.1"],
    ["http://127.1", "write 127.0.0.1"],
    ["http://2130706433", "write 127.0.0.1"],
    ["http://0x7f.1", "write 127.0.0.1"],
    ["http://①27.0.0.1", "write 127.0.0.1"],
    ["http://[fe80::1%eth0]", "has a zone"],
    ["http://[1.2.3.4]", "no IPv6 address between the brackets"],
    ["http://::1", "is an IPv6 address without brackets; write [::1]"],
    ["http://[::ffff:1.2.3.4]", "is an unusual form of the address 1.2.3.4; write 1.2.3.4"],
    ["http://[::ffff:102:304]", "write 1.2.3.4"],
    ["http://0", "names no destination"],
    ["https://a..b", "is no host name"],
    ["https://-a.com", "is no host name"],
    [`https://${"a".repeat(64)}.com`, "is no host name"],
    ["https://x%2ecom", "is no host name"],
    ["https://x.com\n.evil", "holds a space or a control character"],
    ["https:// x.com", "holds a space or a control character"],
    ["", "has no scheme"],
    [`https://${"a.".repeat(300)}com`, "is longer than 512 characters"],
  ])("%j is refused", (text, message) => {
    const found = problems({ http: ["https://ok.example", text] });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain("http[1]: ");
    expect(found[0]).toContain(message);
  });

  test("never repeat what may be a password", () => {
    for (const text of [
      "https://user:hunter2@x.com",
      "user:hunter2@x.com",
      "postgres://u:hunter2@h/db",
      "https://u:hunter2/x@h",
    ]) {
      expect(problems({ http: [text] }).join()).not.toContain("hunter2");
    }
    expect(problems({ environment: ["KEY=hunter2"] }).join()).not.toContain("hunter2");
  });

  test("mean what the WHATWG URL standard makes of them, and nothing else", () => {
    const strange = fc.string({ unit: fc.constantFrom(..."aZ0.:/@[]%*-_?#\\ é1x\t㎏"), maxLength: 14 });
    fc.assert(
      fc.property(fc.constantFrom("http://", "https://"), strange, (scheme, rest) => {
        const parsed = parse(grantFields, { http: [scheme + rest] });
        if (!parsed.ok) return;
        const [origin] = grantOf("g", parsed.value).rules.http;
        const url = new URL((scheme + rest).replace("*.", "wild."));
        expect(origin?.host.replace("*.", "wild.")).toBe(url.hostname.replace(/\.$/, ""));
        expect([url.pathname, url.search, url.hash, url.username]).toEqual(["/", "", "", ""]);
        expect(origin?.port).toBe(Number(url.port || (url.protocol === "http:" ? 80 : 443)));
      }),
      { numRuns: 2000 },
    );
  });
});

describe("an origin that a grant names", () => {
  test.each([
    "https://api.stripe.com",
    "http://[0:0::1]:8080",
    "http://127.0.0.1:1",
    "https://münchen.example",
    "http://LOCALHOST.:80",
  ])("%s is one that the local target lets through, and only with its scheme and port", (text) => {
    const { http } = grant({ http: [text] }).rules;
    const { scheme, host: name, port: number } = http[0] as Rules["http"][number];
    expect(grantedOrigin(http, scheme, `${name}:${number}`)).toEqual(http[0]);
    expect(grantedOrigin(http, scheme, `${name}:${number + 1}`)).toBeUndefined();
    expect(grantedOrigin(http, scheme === "http" ? "https" : "http", `${name}:${number}`)).toBeUndefined();
  });
});

describe("other entries", () => {
  test.each<[string, unknown, RegExp]>([
    [
      "a network that is not one",
      { sockets: [socket({ host: "10.1.0.0/8" })] },
      /sockets\[0\]\.host: .*write 10\.0\.0\.0\/8/,
    ],
    ["an IPv6 network that is not one", { sockets: [socket({ host: "fd12::/8" })] }, /write fd00::\/8/],
    ["every address", { sockets: [socket({ host: "0.0.0.0/0" })] }, /would name every address/],
    [
      "a prefix that is too long",
      { sockets: [socket({ host: "10.0.0.0/33" })] },
      /prefix length from 1 to 32/,
    ],
    ["an octal address", { sockets: [socket({ host: "010.0.0.1" })] }, /write 8\.0\.0\.1/],
    ["a socket wildcard", { sockets: [socket({ host: "*.x.com" })] }, /takes no wildcard/],
    [
      "an IPv4 network as IPv6",
      { sockets: [socket({ host: "::ffff:10.0.0.0/104" })] },
      /write 10\.0\.0\.0\/8/,
    ],
    ["a URL as a socket's host", { sockets: [socket({ host: "tcp://x.com" })] }, /is a URL/],
    [
      "a port that counts down",
      { sockets: [socket({ ports: ["9-1"] })] },
      /sockets\[0\]\.ports\[0\]: counts down; write "1-9"/,
    ],
    [
      "a port as a number",
      { sockets: [socket({ ports: [5432] })] },
      /ports\[0\]: expected a string, got a number/,
    ],
    ["no ports", { sockets: [socket({ ports: [] })] }, /ports: is empty/],
    [
      "a wrong protocol",
      { sockets: [socket({ protocol: "icmp" })] },
      /sockets\[0\]\.protocol: expected "tcp" or "udp"/,
    ],
    [
      "no protocol",
      { sockets: [socket({ protocol: undefined })] },
      /sockets\[0\]\.protocol: is required: `tcp` or `udp`/,
    ],
    [
      "a property that does not exist",
      { sockets: [socket({ port: "1" })] },
      /sockets\[0\]\.port: unknown property/,
    ],
    ["a look-up with a port", { nameLookup: ["db.x.com:53"] }, /nameLookup\[0\]: has a port/],
    ["a look-up of an address", { nameLookup: ["10.0.0.1"] }, /needs no look-up/],
    ["a relative path", { filesystem: [file({ path: "data" })] }, /filesystem\[0\]\.path: is not absolute/],
    ["a path with a wildcard", { filesystem: [file({ path: "/data/**" })] }, /\.path: holds a wildcard/],
    ["a path that climbs", { filesystem: [file({ path: "/data/../etc" })] }, /holds \. or \.\./],
    [
      "two volumes at one path",
      { filesystem: [file({}), file({ path: "/data/", volume: "w" })] },
      /filesystem\[1\]: grants \/data again/,
    ],
    [
      "a host path as a volume",
      { filesystem: [file({ volume: "/srv/data" })] },
      /filesystem\[0\]\.volume: is no name/,
    ],
    ["an environment value", { environment: ["A=b"] }, /environment\[0\]: holds a value/],
    ["a label with a space", { keyValue: ["my store"] }, /keyValue\[0\]: is no name/],
    [
      "an interface of a family",
      { interfaces: ["wasi:sockets/tcp@0.2.3"] },
      /interfaces\[0\]: belongs to sockets/,
    ],
    ["a version of it that nobody knows", { interfaces: ["wasi:sockets/tcp@9.0.0"] }, /belongs to sockets/],
    ["an interface that needs no grant", { interfaces: ["wasi:io/streams@0.2.3"] }, /needs no grant/],
    ["half a version", { interfaces: ["acme:ai/model@1.2"] }, /is no full name/],
    ["a bare function", { interfaces: ["log"] }, /is no full name/],
    ["a duplicate", { http: ["https://a.com", "HTTPS://A.com:443"] }, /http\[1\]: says the same as entry 0/],
    [
      "a family that does not exist",
      { network: ["x"] },
      /network: unknown property; the properties are http/,
    ],
    ["a string for a list", { http: "https://a.com" }, /http: expected a list, got a string/],
  ])("%s is refused at its property", (_, inputs, message) => {
    expect(problems(inputs).join("\n")).toMatch(message);
  });

  test("come out in one form", () => {
    expect(
      canonical({
        sockets: [
          { host: "FD00:0::/8", protocol: "tcp", ports: ["4-9", "5432", "1-3"] },
          { host: "DB.example.com.", protocol: "udp", ports: ["53"] },
        ],
        filesystem: [{ path: "//data/x/", access: "write", volume: "v" }],
        environment: ["B", "A"],
        ambient: { clocks: false },
      }),
    ).toEqual({
      name: "g",
      sockets: [
        { host: "db.example.com", protocol: "udp", ports: ["53"] },
        { host: "fd00::/8", protocol: "tcp", ports: ["1-9", "5432"] },
      ],
      filesystem: [{ path: "/data/x", access: "write", volume: "v" }],
      environment: ["A", "B"],
      ambient: { clocks: false },
    });
  });

  function socket(change: object) {
    return { host: "10.0.0.0/8", protocol: "tcp", ports: ["1"], ...change };
  }
  function file(change: object) {
    return { path: "/data", access: "read", volume: "v", ...change };
  }
});

describe("a grant as a string", () => {
  test("is the same for the same permissions in another order or spelling", () => {
    const a = encodeGrant(grant({ http: ["https://a.com", "https://b.com:443"], environment: ["X", "Y"] }));
    const b = encodeGrant(grant({ environment: ["Y", "X"], http: ["HTTPS://B.com", "https://a.com."] }));
    expect(a).toBe(b);
  });

  test("keeps what is not known yet, family by family", () => {
    const text = encodeGrant(
      grant({
        http: ["https://a.com", unknown],
        sockets: [{ host: unknown, protocol: "tcp", ports: ["1"] }],
        environment: unknown,
        filesystem: [{ path: "/a", access: "read", volume: unknown }],
        ambient: { clocks: unknown, random: false },
      }),
    );
    const decoded = decodeGrant(text);
    expect(decoded?.unknown.sort()).toEqual(["clocks", "environment", "filesystem", "http", "sockets"]);
    expect(decoded?.rules.http).toEqual([{ scheme: "https", host: "a.com", port: 443 }]);
    expect(decoded?.ambient).toEqual({ random: false });
    expect(encodeGrant(decoded as Grant)).toBe(text);
  });

  test("comes back as it was", () => {
    fc.assert(
      fc.property(anyInputs, (inputs) => {
        const first = grant(inputs);
        const again = decodeGrant(encodeGrant(first));
        expect(again).toEqual(first);
      }),
    );
  });

  test.each([
    "",
    "{",
    "null",
    "[]",
    '{"http":["https://a.com"]}',
    '{"name":"g","http":["a.com"]}',
    '{"name":"g","more":1}',
  ])("is refused when it is %s", (text) => {
    expect(decodeGrant(text)).toBeUndefined();
  });
});

describe("the rules of a module", () => {
  test("are the union of its grants, once each", () => {
    const rules = union([
      grant({ http: ["https://a.com"], environment: ["A"] }),
      grant({ http: ["https://a.com", "https://b.com"] }),
    ]);
    expect(rules.http.map(({ host: name }) => name)).toEqual(["a.com", "b.com"]);
    expect(rules.environment).toEqual(["A"]);
  });

  test("have the ambient families unless grants take them away and none gives them back", () => {
    expect(union([]).ambient).toEqual({ clocks: true, random: true, stdio: true });
    expect(union([grant({ ambient: { clocks: false } }), grant({})]).ambient.clocks).toBe(false);
    expect(
      union([grant({ ambient: { clocks: false } }), grant({ ambient: { clocks: true } })]).ambient.clocks,
    ).toBe(true);
  });

  test("come back from their string as they were, and no other string is taken for rules", () => {
    fc.assert(
      fc.property(anyRules, (rules) => {
        expect(decodeRules(encodeRules(rules))).toEqual(rules);
      }),
    );
    for (const text of ["", "{}", encodeRules(union([])).replace("http", "https")]) {
      expect(() => decodeRules(text)).toThrow(/not made by this version/);
    }
  });
});
