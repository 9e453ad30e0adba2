/** Grants for tests: made as Check and Create make them, and at random. */
import fc from "fast-check";
import { type Grant, grantOf } from "../../provider/capabilities/grant.ts";
import { grantFields } from "../../provider/capabilities/grantFields.ts";
import type { Rules } from "../../provider/capabilities/rules.ts";
import { parse } from "../../provider/schema/parse.ts";

/** @throws Error with the problems that Check would report */
export function grant(inputs: unknown, name = "g"): Grant {
  const parsed = parse(grantFields, inputs);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return grantOf(name, parsed.value);
}

/** What Check reports, one line for each problem. */
export function problems(inputs: unknown): string[] {
  const parsed = parse(grantFields, inputs);
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`);
}

// Few of each, and nested in one another, so that random rules often meet.
export const universe = {
  hosts: ["example.com", "a.example.com", "b.a.example.com", "*.example.com", "*.a.example.com", "10.0.0.1"],
  networks: [
    "10.0.0.0/8",
    "10.1.0.0/16",
    "10.1.2.3",
    "10.1.2.3/32",
    "10.1.2.4",
    "192.0.2.0/24",
    "fd00::/8",
    "fd00::1",
    "a.example.com",
  ],
  paths: ["/", "/a", "/a/b"],
  labels: ["a", "b", "c"],
  lastPort: 12,
} as const;

const port = fc.integer({ min: 1, max: universe.lastPort });
const ports = fc.uniqueArray(
  fc.tuple(port, port).map(([x, y]) => (x === y ? `${x}` : `${Math.min(x, y)}-${Math.max(x, y)}`)),
  { minLength: 1, maxLength: 3 },
);
const label = fc.constantFrom(...universe.labels);
const labels = fc.uniqueArray(label, { maxLength: 3 });
const host = fc.constantFrom(...universe.hosts);
const protocol = fc.constantFrom("tcp", "udp");
const origin = fc
  .tuple(fc.constantFrom("http", "https"), host, fc.constantFrom("", ":8080"))
  .map(([scheme, name, number]) => `${scheme}://${name}${number}`);

/** Inputs of a CapabilityGrant that Check accepts. */
export const anyInputs = fc.record(
  {
    http: fc.uniqueArray(origin, { maxLength: 4 }),
    nameLookup: fc.uniqueArray(
      host.filter((name) => !name.startsWith("10.")),
      { maxLength: 3 },
    ),
    sockets: fc.array(fc.record({ host: fc.constantFrom(...universe.networks), protocol, ports }), {
      maxLength: 4,
    }),
    filesystem: fc.uniqueArray(
      fc.record({
        path: fc.constantFrom(...universe.paths),
        access: fc.constantFrom("read", "write"),
        volume: label,
      }),
      { maxLength: 3, selector: ({ path }) => path },
    ),
    environment: labels,
    config: labels,
    keyValue: labels,
    blobs: labels,
    messaging: labels,
    sql: labels,
    calls: labels,
    interfaces: fc.uniqueArray(fc.constantFrom("x:y/a@1.0.0", "x:y/a@1.0.1"), { maxLength: 2 }),
    ambient: fc.record(
      { clocks: fc.boolean(), random: fc.boolean(), stdio: fc.boolean() },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);

export const anyRules: fc.Arbitrary<Rules> = anyInputs.map((inputs) => grant(inputs).rules);
