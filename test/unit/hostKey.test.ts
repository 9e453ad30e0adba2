/** What hosts call the keys of composed modules. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { hostKey } from "../../provider/capabilities/rulesText.ts";

const pair = fc.record({
  module: fc.stringMatching(/^[a-z][a-z0]{0,2}(-[a-z][a-z0]{0,2}){0,2}$/),
  key: fc.stringMatching(/^[a-zA0_][a-zA0_.-]{0,5}$/),
});

test("are the module's own, where it is alone", () => {
  expect(hostKey("environment", "my-api", "STRIPE_KEY", false)).toBe("STRIPE_KEY");
  expect(hostKey("config", "my-api", "cache.size", false)).toBe("cache.size");
});

test("have the module's name before them, where it is not", () => {
  expect(hostKey("environment", "my-api", "STRIPE_KEY", true)).toBe("MY_API__STRIPE_KEY");
  expect(hostKey("config", "my-api", "greeting", true)).toBe("my_api_0_greeting");
});

test.each([
  ["environment", "__"],
  ["config", "_0_"],
] as const)("are never those of another module or key: %s is told apart by the first %s", (family, mark) => {
  fc.assert(
    fc.property(pair, ({ module, key }) => {
      const [words = "", ...rest] = hostKey(family, module, key, true).split(mark);
      expect([words.toLowerCase().replaceAll("_", "-"), rest.join(mark)]).toEqual([module, key]);
    }),
    { numRuns: 1000, examples: [[{ module: "a-b", key: "_0_c" }], [{ module: "a", key: "0_b" }]] },
  );
});

/** Of Spin: https://spinframework.dev/variables */
test("name variables of Spin, where the module's own do", () => {
  const valid = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;
  const spins = fc.stringMatching(/^[a-z][a-z0]{0,2}(_[a-z0]{1,2}){0,2}$/);
  fc.assert(
    fc.property(pair, spins, ({ module }, key) => {
      expect(hostKey("config", module, key, true)).toMatch(valid);
    }),
  );
});
