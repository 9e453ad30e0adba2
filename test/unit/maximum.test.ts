import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Grant } from "../../provider/capabilities/grant.ts";
import { union } from "../../provider/capabilities/grant.ts";
import { covers, join, noRules } from "../../provider/capabilities/lattice.ts";
import { aboveMaximum, type MaximumGrants, maximumFields } from "../../provider/capabilities/maximum.ts";
import { ambients, families } from "../../provider/capabilities/vocabulary.ts";
import { type OrUnknown, unknown } from "../../provider/schema/fields.ts";
import { parse } from "../../provider/schema/parse.ts";
import { anyInputs, grant } from "./grantInputs.ts";

const digest = `sha256:${"1".repeat(64)}` as const;
const other = `sha256:${"2".repeat(64)}` as const;

function maximum(inputs: unknown): MaximumGrants {
  const parsed = parse(maximumFields, inputs);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

/** What is said of a module with these grants, and nothing else. */
function excess(
  limit: unknown,
  grants: OrUnknown<Grant>[],
  of: OrUnknown<typeof digest> = digest,
  sources: readonly string[] = [],
): string[] {
  const rules = union(grants.filter((each) => each !== unknown));
  return aboveMaximum(rules, maximum(limit), { name: "api", digest: of, sources, grants });
}

const stripe = grant({ http: ["https://api.stripe.com"], environment: ["KEY"] }, "stripe");

test("nothing is above a maximum that covers it", () => {
  expect(excess({ http: ["https://*.stripe.com"], environment: ["KEY", "B"] }, [stripe])).toEqual([]);
});

test("each entry above it is named with module, grant and what is allowed", () => {
  const web = grant({ http: ["https://a.test", "https://b.test"] }, "web");
  expect(excess({ http: ["https://*.stripe.com", "https://a.test"] }, [stripe, web])).toEqual([
    "environment KEY (module api, grant stripe) is above the maximum: wasm:maximumGrants allows nothing of environment. Narrow the grant, or have the maximum raised.",
    "http https://b.test (module api, grant web) is above the maximum: wasm:maximumGrants allows http https://*.stripe.com, https://a.test. Narrow the grant, or have the maximum raised.",
  ]);
});

test("a long maximum is not told as a whole", () => {
  const hosts = Array.from({ length: 10 }, (_, index) => `https://h${index}.test`);
  expect(excess({ http: hosts, unlimited: ["environment"] }, [stripe])[0]).toContain(
    "https://h7.test and 2 more.",
  );
});

test("it says nothing of families that it leaves unlimited", () => {
  expect(excess({ unlimited: ["http", "environment"] }, [stripe])).toEqual([]);
  expect(excess({}, [stripe])).toHaveLength(2);
});

describe("a maximum of a module's own", () => {
  const limit = { http: ["https://*.stripe.com"], modules: { [digest]: { environment: ["KEY"] } } };

  test("stands in place of the stack's, for families that it does not name as well", () => {
    expect(excess(limit, [stripe])).toEqual([
      `http https://api.stripe.com (module api, grant stripe) is above the maximum: wasm:maximumGrants.modules["${digest}"] allows nothing of http. Narrow the grant, or have the maximum raised.`,
    ]);
  });

  test("says nothing of other bytes", () => {
    expect(excess(limit, [stripe], other)).toEqual([
      expect.stringMatching(/^environment KEY .*nothing of environment/),
    ]);
  });

  test("could be the one that counts while the module is not known", () => {
    expect(excess(limit, [stripe], unknown)).toEqual([]);
    expect(excess({}, [stripe], unknown)).toHaveLength(2);
  });
});

describe("a maximum by reference", () => {
  const repository = "registry.example/acme/api";
  const pinned = `${repository}@${other}`;
  const limit = { http: ["https://*.stripe.com"], modules: { [repository]: { environment: ["KEY"] } } };
  const nothing = /^environment KEY .*: wasm:maximumGrants allows nothing of environment\./;

  test("adds to the stack's for what came from there, and to nothing else", () => {
    expect(excess(limit, [stripe], digest, [repository])).toEqual([]);
    expect(excess(limit, [stripe])).toEqual([expect.stringMatching(nothing)]);
  });

  test("adds to another by reference", () => {
    const both = {
      modules: { [repository]: { environment: ["KEY"] }, [pinned]: { unlimited: ["http"] } },
    };
    expect(excess(both, [stripe], digest, [repository, pinned])).toEqual([]);
    expect(excess(both, [stripe], digest, [pinned])).toEqual([
      `environment KEY (module api, grant stripe) is above the maximum: wasm:maximumGrants with modules["${pinned}"] allows nothing of environment. Narrow the grant, or have the maximum raised.`,
    ]);
  });

  test("adds nothing to the one of the very bytes", () => {
    const own = { ...limit, modules: { ...limit.modules, [digest]: {} } };
    expect(excess(own, [stripe], digest, [repository])).toEqual([
      expect.stringContaining(`modules["${digest}"] allows nothing of http`),
      expect.stringContaining(`modules["${digest}"] allows nothing of environment`),
    ]);
  });

  test("gives an ambient family back where it says so", () => {
    const said = (modules: unknown) => ({ ambient: { clocks: false, random: false }, modules });
    const found = excess(said({ [repository]: { ambient: { clocks: true } } }), [], digest, [repository]);
    expect(found).toEqual([expect.stringMatching(/^ambient random /)]);
  });

  test("that is not known yet can be the one that counts, where it is of this module", () => {
    const later = { modules: { [repository]: unknown } };
    expect(excess(later, [stripe], digest, [repository])).toEqual([]);
    expect(excess(later, [stripe])).toHaveLength(2);
  });

  test("of a module of unknown origin nothing is allowed that is not allowed to all", () => {
    fc.assert(
      fc.property(anyInputs, anyInputs, anyInputs, (stack, added, asked) => {
        const { ambient, ...more } = added as Record<string, unknown>;
        const by = { ...(stack as object), modules: { [repository]: { ...more, sql: ["shop"] } } };
        const grants = [grant(asked, "asked")];
        const found = excess(by, grants, digest, [repository]);
        expect(excess(by, grants)).toEqual(excess(stack, grants));
        expect(found.length).toBeLessThanOrEqual(excess(stack, grants).length);
      }),
      { numRuns: 200 },
    );
  });
});

describe("an ambient family that is taken away", () => {
  const limit = { ambient: { clocks: false }, unlimited: ["http", "environment"] };

  test("must be taken away by a grant, too", () => {
    const message =
      "ambient clocks (module api) is above the maximum: wasm:maximumGrants takes it away. Write ambient: { clocks: false } in a grant of the module, and true in none.";
    expect(excess(limit, [stripe])).toEqual([message]);
    expect(excess(limit, [])).toEqual([message]);
    expect(excess(limit, [grant({ ambient: { clocks: false } })])).toEqual([]);
  });

  test("is not held against grants that may still do so", () => {
    expect(excess(limit, [stripe, unknown])).toEqual([]);
    expect(excess(limit, [grant({ ambient: { clocks: unknown } })])).toEqual([]);
  });
});

test("of a grant that is not known as a whole, what is known is judged", () => {
  const partly = grant({ http: ["https://evil.test", unknown] }, "partly");
  expect(excess({}, [partly, unknown])).toEqual([
    expect.stringMatching(/^http https:\/\/evil\.test \(module api, grant partly\)/),
  ]);
});

test("what no grant says and the bytes do is judged as well", () => {
  const rules = { ...noRules(), sql: ["shop"] };
  const found = aboveMaximum(rules, maximum({}), { name: "api", digest, sources: [], grants: [] });
  expect(found).toEqual([expect.stringMatching(/^sql shop \(module api\) is above the maximum/)]);
});

test("what is not covered is above, and nothing else is", () => {
  fc.assert(
    fc.property(anyInputs, anyInputs, anyInputs, (limit, a, b) => {
      const grants = [grant(a, "a"), grant(b, "b")];
      const allowed = grant(limit).rules;
      expect(excess(limit, grants).length === 0).toBe(covers(allowed, union(grants)));
      const raised = join(allowed, union(grants));
      const found = aboveMaximum(
        union(grants),
        { ...maximum(limit), unlimited: [...families], ambient: raised.ambient },
        {
          name: "api",
          digest,
          sources: [],
          grants,
        },
      );
      expect(found).toEqual([]);
    }),
    { numRuns: 400 },
  );
});

test.each<[string, unknown, string]>([
  ["a host without scheme", { http: ["a.com"] }, "http[0]: has no scheme; write https://a.com"],
  ["every host", { http: ["https://*"] }, "http[0]: would name every host; name the hosts, or a domain such as *.example.com"],
  ["a family that does not exist", { unlimited: ["network"] }, `unlimited[0]: expected ${families.map((family) => `"${family}"`).join(" or ")}`],
  ["an ambient family among the unlimited", { unlimited: ["clocks"] }, `unlimited[0]: expected ${families.map((family) => `"${family}"`).join(" or ")}`],
  ["a family with a limit and without", { http: ["https://a.com"], unlimited: ["sql", "http"] }, "unlimited[1]: http is limited as well: leave it out here or there"],
  ["the same, of a module", { modules: { [digest]: { sql: ["a"], unlimited: ["sql"] } } }, `modules["${digest}"].unlimited[0]: sql is limited as well: leave it out here or there`],
  ["a module by its name", { modules: { api: {} } }, "modules.api: is neither a digest nor a reference: name the module by its `digest` (sha256: and 64 lower-case hexadecimal digits), or by where it is pulled from (registry.example/acme/api, or registry.example/acme/api@sha256:…)"],
  ["a tag", { modules: { "r.example/api:1": { sql: ["a"] } } }, 'modules["r.example/api:1"]: is a tag, which its owner can move to other bytes: name one artifact by its digest, r.example/api@sha256:…, or all that comes from there, r.example/api'],
  ["a tag beside a digest", { modules: { [`r.example/api:1@${digest}`]: { sql: ["a"] } } }, `modules["r.example/api:1@${digest}"]: has a tag beside the digest, which says nothing more: write r.example/api@${digest}`],
  ["what is no reference", { modules: { "acme/api": { sql: ["a"] } } }, 'modules["acme/api"]: "acme/api" is not a reference: it does not begin with the host of a registry (docker.io/… for Docker Hub). Write it as registry.example/acme/auth@sha256:… or registry.example/acme/auth:1.2.'],
  ["nothing by reference", { modules: { "r.example/api": { http: [] } } }, 'modules["r.example/api"]: adds nothing, but an entry by reference only adds to the stack\'s maximum. To allow a module less, name it by its `digest`'],
  ["less by reference", { modules: { "r.example/api": { sql: ["a"], ambient: { clocks: false } } } }, 'modules["r.example/api"].ambient.clocks: takes away, but an entry by reference only adds to the stack\'s maximum. To allow a module less, name it by its `digest`'],
  ["a bad entry by reference", { modules: { "r.example/api": { http: ["a.com"] } } }, 'modules["r.example/api"].http[0]: has no scheme; write https://a.com'],
  ["a module within a module", { modules: { [digest]: { modules: {} } } }, `modules["${digest}"].modules: unknown property; the properties are ${[...families, "ambient", "unlimited"].join(", ")}`],
  ["an unknown property", { htpp: [] }, `htpp: unknown property; the properties are ${[...families, "ambient", "unlimited", "modules"].join(", ")}`],
  ["text", "none", ": expected an object, got a string"],
])("%s is refused", (_what, inputs, expected) => {
  const parsed = parse(maximumFields, inputs);
  expect(parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`)).toEqual([expected]);
}); // biome-ignore format: a table

test("the ambient families are on where it does not speak of them", () => {
  for (const family of ambients)
    expect(excess({ ambient: {} }, [grant({ ambient: { [family]: true } })])).toEqual([]);
});
