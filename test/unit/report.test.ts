import { describe, expect, test } from "vitest";
import { type Grant, grantOf } from "../../provider/capabilities/grant.ts";
import { grantFields } from "../../provider/capabilities/grantFields.ts";
import {
  buildReport,
  type ReportInput,
  reportText,
  type TargetEnforcement,
  widening,
} from "../../provider/capabilities/report.ts";
import { unknown } from "../../provider/schema/fields.ts";
import { localEnforcement } from "../../provider/targets/local/enforcement.ts";

const grant = (inputs: unknown, name = "g"): Grant => grantOf(name, grantFields.parse(inputs));
const stripe = grant({ http: ["https://api.stripe.com"], environment: ["STRIPE_KEY"] }, "stripe");

function target(verdict: "none" | "looser" | "stricter" | "exact"): TargetEnforcement {
  return { name: "shim", enforce: () => ({ verdict, note: "it opens everything" }) };
}

const report = (grants: Grant[], input: Partial<ReportInput> = {}) =>
  buildReport({
    modules: [{ name: "api", grants }],
    target: localEnforcement([]),
    artifact: () => "none",
    ...input,
  });

test("says for each entry what the artifact and the target enforce", () => {
  const { entries, errors, warnings } = report([stripe]);
  expect(entries).toEqual([
    {
      module: "api",
      grant: "stripe",
      family: "http",
      entry: "https://api.stripe.com",
      artifact: "none",
      target: "exact",
      note: expect.any(String),
    },
    {
      module: "api",
      grant: "stripe",
      family: "environment",
      entry: "STRIPE_KEY",
      artifact: "none",
      target: "exact",
    },
  ]);
  expect([errors, warnings]).toEqual([[], []]);
});

test("leaves out what is not known yet", () => {
  expect(report([grant({ http: [unknown, "https://a.com"] })]).entries.map(({ entry }) => entry)).toEqual([
    "https://a.com",
  ]);
});

describe("the local target", () => {
  test.each([
    ["keyValue", "store"],
    ["blobs", "files"],
    ["messaging", "orders"],
    ["sql", "shop"],
    ["calls", "billing.shop"],
    ["calls", "billing:8080"],
    ["interfaces", "acme:ai/model@1.0.0"],
  ])("cannot deliver %s, which is an error", (family, entry) => {
    const { errors, entries } = report([grant({ [family]: [entry] }, "data")]);
    expect(entries[0]?.target).toBe("unavailable");
    expect(errors).toEqual([
      expect.stringContaining(`the local target cannot deliver ${family} ${entry} (module api, grant data)`),
    ]);
  });

  test("enforces the other families exactly", () => {
    const all = grant({
      http: ["https://a.com"],
      sockets: [{ host: "10.0.0.0/8", protocol: "tcp", ports: ["1-2", "9"] }],
      nameLookup: ["a.com"],
      calls: ["billing"],
      filesystem: [{ path: "/data", access: "write", volume: "catalog" }],
      environment: ["A"],
      config: ["b"],
    });
    const { entries, errors } = report([all]);
    expect(errors).toEqual([]);
    expect(entries.map(({ family, entry, target: verdict }) => `${family} ${entry} ${verdict}`)).toEqual([
      "http https://a.com exact",
      "sockets tcp 10.0.0.0/8 ports 1-2,9 exact",
      "nameLookup a.com exact",
      "filesystem write /data from catalog exact",
      "environment A exact",
      "config b exact",
      "calls billing exact",
    ]);
  });
});

describe("an entry that nothing enforces", () => {
  test.each(["none", "looser"] as const)("is an error where the target's verdict is %s", (verdict) => {
    const { errors } = report([stripe], { target: target(verdict) });
    expect(errors).toHaveLength(2);
    expect(errors[0]).toContain(
      `acceptRisk: [{ module: "api", entry: "http https://api.stripe.com: ${verdict}", reason: "…" }]`,
    );
  });

  test("is none where the artifact enforces it, or the target is stricter", () => {
    expect(report([stripe], { target: target("none"), artifact: () => "exact" }).errors).toEqual([]);
    expect(report([stripe], { target: target("stricter") }).errors).toEqual([]);
  });

  test("is accepted by its own line alone, for its own module", () => {
    const line = { module: "api", entry: "http https://api.stripe.com: none", reason: "reviewed" };
    const { errors, warnings } = report([stripe], { target: target("none"), acceptRisk: [line] });
    expect([errors.length, warnings]).toEqual([1, []]);
    expect(errors[0]).toContain("environment STRIPE_KEY");
    const other = report([stripe], { target: target("none"), acceptRisk: [{ ...line, module: "auth" }] });
    expect(other.errors).toHaveLength(2);
    expect(other.warnings).toEqual([expect.stringContaining("nothing needs")]);
  });

  test("is no longer accepted when the verdict gets worse, and still when it gets better", () => {
    const accepted = (verdict: string) => [
      { module: "api", entry: `environment STRIPE_KEY: ${verdict}`, reason: "reviewed" },
    ];
    const only = grant({ environment: ["STRIPE_KEY"] });
    expect(report([only], { target: target("none"), acceptRisk: accepted("looser") }).errors).toHaveLength(1);
    expect(report([only], { target: target("looser"), acceptRisk: accepted("none") }).errors).toEqual([]);
    expect(report([only], { acceptRisk: accepted("none") }).warnings).toHaveLength(1);
  });

  test("cannot be accepted where the target cannot deliver it", () => {
    const acceptRisk = [{ module: "api", entry: "sql shop: unavailable", reason: "x" }];
    expect(report([grant({ sql: ["shop"] })], { acceptRisk }).errors).toHaveLength(1);
  });
});

test("reads as a table", () => {
  const text = reportText(
    report([grant({ environment: ["A"] }, "short"), grant({ nameLookup: ["db.example.com"] }, "much-longer")])
      .entries,
  );
  expect(text.split("\n")).toEqual([
    "module  grant        may                        artifact  target  note",
    "api     short        environment A              none      exact",
    "api     much-longer  nameLookup db.example.com  none      exact",
  ]);
  expect(reportText([])).toMatch(/No grants/);
});

describe("what was widened", () => {
  const lines = (before: object, after: object) =>
    widening(report([grant(before, "stripe")]).entries, report([grant(after, "stripe")]).entries);

  test("is each entry that is new", () => {
    expect(
      lines(
        { http: ["https://a.com"] },
        { http: ["https://a.com", "https://api.example.com"], environment: ["A"] },
      ),
    ).toEqual([
      "+ http https://api.example.com (module api, grant stripe)",
      "+ environment A (module api, grant stripe)",
    ]);
  });

  test.each<[string, object, object, number]>([
    ["nothing where entries go", { http: ["https://a.com"] }, {}, 0],
    [
      "nothing where an entry narrows",
      { http: ["https://*.example.com"] },
      { http: ["https://a.example.com"] },
      0,
    ],
    [
      "a wildcard instead of a host",
      { http: ["https://a.example.com"] },
      { http: ["https://*.example.com"] },
      1,
    ],
    ["another port", { http: ["https://a.com"] }, { http: ["https://a.com:8443"] }, 1],
    ["writing instead of reading", folder("read"), folder("write"), 1],
    ["not reading instead of writing", folder("write"), folder("read"), 0],
  ])("%s", (_, before, after, count) => {
    expect(lines(before, after)).toHaveLength(count);
  });

  test("is also what another module may do already", () => {
    const before = report([stripe]).entries;
    const after = [...before, ...before.map((entry) => ({ ...entry, module: "auth" }))];
    expect(widening(before, after)).toHaveLength(2);
  });

  function folder(access: string) {
    return { filesystem: [{ path: "/data", access, volume: "v" }] };
  }
});
