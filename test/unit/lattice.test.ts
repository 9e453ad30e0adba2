/** Rules are a lattice, by its laws and by what the rules let through. */
import { BlockList, isIP } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { covers, intersection, join, normalRules, uncovered } from "../../provider/capabilities/lattice.ts";
import type { Rules, SocketRule } from "../../provider/capabilities/rules.ts";
import { ambients, families } from "../../provider/capabilities/vocabulary.ts";
import { anyRules, grant, universe } from "./grantInputs.ts";

function holds(law: (a: Rules, b: Rules, c: Rules) => void): void {
  fc.assert(fc.property(anyRules, anyRules, anyRules, law), { numRuns: 400 });
}

describe("covers is a partial order", () => {
  test("each covers itself", () =>
    holds((a) => {
      expect(covers(a, a)).toBe(true);
    }));

  test("two that cover each other are the same", () =>
    holds((a, b) => {
      expect(covers(a, b) && covers(b, a)).toBe(JSON.stringify(a) === JSON.stringify(b));
    }));

  test("what is covered by what is covered is covered", () =>
    holds((a, b, c) => {
      // Random rules are rarely ordered: these are.
      const [low, middle, high] = [intersection(intersection(a, b), c), intersection(a, b), join(a, c)];
      expect(covers(high, middle) && covers(middle, low) && covers(high, low)).toBe(true);
      if (covers(a, b) && covers(b, c)) expect(covers(a, c)).toBe(true);
    }));

  test("it is the order of join and of intersection", () =>
    holds((a, b) => {
      for (const [outer, inner] of [
        [a, b],
        [join(a, b), b],
        [a, intersection(a, b)],
      ] as const) {
        expect(JSON.stringify(join(outer, inner)) === JSON.stringify(outer)).toBe(covers(outer, inner));
        expect(JSON.stringify(intersection(outer, inner)) === JSON.stringify(inner)).toBe(
          covers(outer, inner),
        );
      }
    }));
});

test("the join is the least that covers both", () =>
  holds((a, b, c) => {
    const both = join(a, b);
    expect(covers(both, a) && covers(both, b)).toBe(true);
    if (covers(c, a) && covers(c, b)) expect(covers(c, both)).toBe(true);
    expect(covers(join(both, c), both)).toBe(true);
  }));

test("the intersection is the most that both cover", () =>
  holds((a, b, c) => {
    const common = intersection(a, b);
    expect(covers(a, common) && covers(b, common)).toBe(true);
    if (covers(a, c) && covers(b, c)) expect(covers(common, c)).toBe(true);
    expect(covers(common, intersection(common, c))).toBe(true);
  }));

test("the laws of a distributive lattice hold, letter by letter: each has one form", () =>
  holds((a, b, c) => {
    expect(join(a, a)).toEqual(a);
    expect(intersection(a, a)).toEqual(a);
    expect(join(a, b)).toEqual(join(b, a));
    expect(intersection(a, b)).toEqual(intersection(b, a));
    expect(join(join(a, b), c)).toEqual(join(a, join(b, c)));
    expect(intersection(intersection(a, b), c)).toEqual(intersection(a, intersection(b, c)));
    expect(join(a, intersection(a, b))).toEqual(a);
    expect(intersection(a, join(a, b))).toEqual(a);
    expect(intersection(a, join(b, c))).toEqual(join(intersection(a, b), intersection(a, c)));
    expect(join(a, intersection(b, c))).toEqual(intersection(join(a, b), join(a, c)));
  }));

test("the one form does not depend on order or repetition", () =>
  holds((a, b) => {
    const shuffled = structuredClone(join(a, b));
    for (const family of families) (shuffled[family] as unknown[]).reverse();
    const more = structuredClone(shuffled);
    for (const family of families)
      (more[family] as unknown[]).push(...(intersection(a, b)[family] as unknown[]));
    expect(normalRules(shuffled)).toEqual(join(a, b));
    expect(normalRules(more)).toEqual(join(a, b));
  }));

test("what is uncovered is what is missing, and no more", () =>
  holds((a, b) => {
    const missing = uncovered(a, b);
    expect(covers(b, missing)).toBe(true);
    expect(covers(join(a, missing), b)).toBe(true);
    for (const family of families) {
      for (const entry of missing[family]) {
        const alone = { ...uncovered(b, b), [family]: [entry] };
        expect(covers(a, alone)).toBe(false);
      }
    }
  }));

describe("by what they let through", () => {
  test("a cover lets through all, a join what either does, an intersection what both do", () =>
    holds((a, b) => {
      const [inA, inB] = [pointsOf(a), pointsOf(b)];
      expect(pointsOf(join(a, b))).toEqual(
        new Set([...points].filter((point) => inA.has(point) || inB.has(point))),
      );
      expect(pointsOf(intersection(a, b))).toEqual(
        new Set([...points].filter((point) => inA.has(point) && inB.has(point))),
      );
      expect(covers(a, b)).toBe([...inB].every((point) => inA.has(point)));
    }));
});

test.each<[object, object, boolean]>([
  [{ http: ["https://*.example.com"] }, { http: ["https://a.b.example.com"] }, true],
  [{ http: ["https://*.example.com"] }, { http: ["https://*.b.example.com"] }, true],
  [{ http: ["https://*.example.com"] }, { http: ["https://example.com"] }, false],
  [{ http: ["https://*.example.com"] }, { http: ["https://badexample.com"] }, false],
  [{ http: ["https://*.example.com"] }, { http: ["http://a.example.com"] }, false],
  [{ http: ["https://a.com"] }, { http: ["https://a.com:8443"] }, false],
  [socketsOf("10.0.0.0/8", "1-9"), socketsOf("10.2.3.4", "3"), true],
  [socketsOf("10.0.0.0/8", "1-9"), socketsOf("11.2.3.4", "3"), false],
  [socketsOf("10.0.0.0/8", "1-9"), socketsOf("10.2.0.0/16", "9-10"), false],
  [socketsOf("10.2.0.0/16", "1"), socketsOf("10.0.0.0/8", "1"), false],
  [socketsOf("fd00::/8", "1"), socketsOf("fdff:1::/32", "1"), true],
  [socketsOf("fd00::/8", "1"), socketsOf("fe00::1", "1"), false],
  [socketsOf("0.0.0.0/1", "1"), socketsOf("::/1", "1"), false],
  [fileOf("/a", "write", "v"), fileOf("/a", "read", "v"), true],
  [fileOf("/a", "read", "v"), fileOf("/a", "write", "v"), false],
  [fileOf("/a", "read", "v"), fileOf("/a/b", "read", "v"), false],
  [{}, { ambient: { clocks: false } }, true],
  [{ ambient: { clocks: false } }, {}, false],
])("%j covers %j: %s", (outer, inner, expected) => {
  expect(covers(grant(outer).rules, grant(inner).rules)).toBe(expected);
});

test("ports that a wider network has are left to it", () => {
  const { sockets } = grant({
    sockets: [
      { host: "10.0.0.0/8", protocol: "tcp", ports: ["1-9"] },
      { host: "10.1.0.0/16", protocol: "tcp", ports: ["5-12", "2"] },
      { host: "10.1.2.3", protocol: "tcp", ports: ["3", "10"] },
      { host: "10.1.2.3", protocol: "udp", ports: ["3"] },
    ],
  }).rules;
  expect(sockets.map(({ host, protocol, ports }) => [protocol, host, ports])).toEqual([
    ["tcp", "10.0.0.0/8", [{ from: 1, to: 9 }]],
    ["tcp", "10.1.0.0/16", [{ from: 10, to: 12 }]],
    ["udp", "10.1.2.3", [{ from: 3, to: 3 }]],
  ]);
});

function socketsOf(name: string, range: string) {
  return { sockets: [{ host: name, protocol: "tcp", ports: [range] }] };
}
function fileOf(path: string, access: string, volume: string) {
  return { filesystem: [{ path, access, volume }] };
}

/** Everything single that a program could try; hosts that a wildcard names stand for all others below it. */
type Point = readonly [family: string, ...parts: (string | number)[]];

const names = [...universe.hosts.filter((name) => !name.startsWith("*")), "z.example.com", "z.a.example.com"];
const addresses = [
  "10.1.2.3",
  "10.1.2.4",
  "10.1.9.9",
  "10.9.9.9",
  "192.0.2.1",
  "fd00::1",
  "fd00::2",
  "a.example.com",
];
const portNumbers = Array.from({ length: universe.lastPort }, (_, index) => index + 1);
const labelFamilies = [
  "environment",
  "config",
  "keyValue",
  "blobs",
  "messaging",
  "sql",
  "calls",
  "interfaces",
] as const;

const points = new Set<Point>([
  ...names.flatMap((name) => ["http", "https"].flatMap((scheme) => [80, 443, 8080].map((port) => ["http", scheme, name, port] as const))),
  ...names.map((name) => ["nameLookup", name] as const),
  ...addresses.flatMap((address) => ["tcp", "udp"].flatMap((protocol) => portNumbers.map((port) => ["sockets", protocol, address, port] as const))),
  ...universe.paths.flatMap((path) => universe.labels.flatMap((volume) => ["read", "write"].map((access) => ["filesystem", access, path, volume] as const))),
  ...labelFamilies.flatMap((family) => [...universe.labels, "x:y/a@1.0.0", "x:y/a@1.0.1"].map((label) => [family, label] as const)),
  ...ambients.map((family) => ["ambient", family] as const),
]); // biome-ignore format: one line each

function pointsOf(rules: Rules): Set<Point> {
  return new Set([...points].filter((point) => permits(rules, point)));
}

/** What the rules mean, said once more and in another way. */
function permits(rules: Rules, [family, first = "", second = "", third = ""]: Point): boolean {
  switch (family) {
    case "http":
      return rules.http.some(({ scheme, host, port }) => scheme === first && named(host, `${second}`) && port === third);
    case "nameLookup":
      return rules.nameLookup.some((host) => named(host, `${first}`));
    case "sockets":
      return rules.sockets.some((rule) => rule.protocol === first && within(rule, `${second}`) && rule.ports.some(({ from, to }) => from <= Number(third) && Number(third) <= to));
    case "filesystem":
      return rules.filesystem.some(({ path, access, volume }) => path === second && volume === third && (access === "write" || first === "read"));
    case "ambient":
      return rules.ambient[first as "clocks"];
    default:
      return rules[family as "config"].includes(`${first}`);
  }
} // biome-ignore format: one line each

function named(pattern: string, name: string): boolean {
  return pattern.startsWith("*.")
    ? name !== pattern.slice(2) && name.endsWith(pattern.slice(1))
    : pattern === name;
}

function within({ host }: SocketRule, address: string): boolean {
  const [network = "", prefix] = host.split("/");
  if (prefix === undefined || isIP(address) === 0) return host === address;
  const list = new BlockList();
  const family = (text: string) => (isIP(text) === 4 ? "ipv4" : "ipv6");
  list.addSubnet(network, Number(prefix), family(network));
  return list.check(address, family(address));
}
