import fc from "fast-check";
import { expect, test } from "vitest";
import { CompositionError, type CompositionModule } from "../../provider/artifacts/compose/index.ts";
import { Workshop } from "./composeSetup.ts";

/** One interface of the package `p:p`: its function takes a parameter of this type. */
interface Item {
  name: "a" | "b" | "c";
  version: "1.0.0" | "1.1.0" | "2.0.0";
  type: "u8" | "string";
}
interface World {
  imports: Item[];
  exports: Item[];
}

const item: fc.Arbitrary<Item> = fc.record({
  name: fc.constantFrom("a", "b", "c"),
  version: fc.constantFrom("1.0.0", "1.0.0", "1.1.0", "2.0.0"),
  type: fc.constantFrom("u8", "u8", "u8", "u8", "string"),
});
// The generator of components holds one version of a track only.
const items = (maxLength: number) => fc.uniqueArray(item, { maxLength, selector: track });
const worlds = fc.array(fc.record({ imports: items(2), exports: items(2) }), { minLength: 1, maxLength: 4 });

function full({ name, version }: Item): string {
  return `p:${name}/${name}@${version}`;
}
function track({ name, version }: Item): string {
  return `${name}@${version[0]}`;
}

/**
 * What the rules say, by exhaustion instead of by construction: each import has one giver or none, no giver needs itself,
 * each module leads to an export. Undefined when the worlds cannot be composed.
 */
function expected(all: World[]): { imports: string[]; exports: string[] } | undefined {
  const edges: [number, number][] = [];
  const consumed = new Set<string>();
  const unmet: Item[] = [];
  for (const [index, { imports }] of all.entries()) {
    for (const wanted of imports) {
      const others = all.map((_, other) => other).filter((other) => other !== index);
      const givers = others.filter((other) =>
        all[other]!.exports.some((given) => track(given) === track(wanted)),
      );
      if (givers.length > 1) return undefined;
      if (givers.length === 0) {
        if (others.some((other) => all[other]!.exports.some(({ name }) => name === wanted.name)))
          return undefined;
        unmet.push(wanted);
        continue;
      }
      const fitting = all[givers[0]!]!.exports.filter((given) => track(given) === track(wanted));
      const given = fitting.sort((x, y) => (x.version < y.version ? 1 : -1))[0]!;
      if (given.type !== wanted.type) return undefined;
      edges.push([index, givers[0]!]);
      consumed.add(`${givers[0]} ${full(given)}`);
    }
  }
  const left = all.flatMap(({ exports }, index) =>
    exports
      .filter((given) => !consumed.has(`${index} ${full(given)}`))
      .map((given) => ({ index, name: full(given) })),
  );
  if (new Set(left.map(({ name }) => name)).size < left.length) return undefined;
  const reached = closure(new Set(left.map(({ index }) => index)), edges);
  if (reached.size < all.length) return undefined;
  for (const [from, to] of edges) if (closure(new Set([to]), edges).has(from)) return undefined;
  if (unmet.some((x) => unmet.some((y) => track(x) === track(y) && x.type !== y.type))) return undefined;
  const highest = new Map<string, string>();
  for (const wanted of unmet.sort((x, y) => (x.version < y.version ? -1 : 1)))
    highest.set(track(wanted), full(wanted));
  return { imports: [...highest.values()].sort(), exports: left.map(({ name }) => name).sort() };
}

function closure(start: Set<number>, edges: [number, number][]): Set<number> {
  const next = new Set([...start, ...edges.filter(([from]) => start.has(from)).map(([, to]) => to)]);
  return next.size === start.size ? start : closure(next, edges);
}

const shop = await Workshop.open();
const made = new Map<string, Promise<CompositionModule>>();

function moduleOf(world: World): Promise<CompositionModule> {
  const key = JSON.stringify(world);
  const known = made.get(key) ?? make(world);
  made.set(key, known);
  return known;
}

/** Imports and exports of one interface in two types need packages of their own, so each type is a world of its own. */
function make({ imports, exports }: World): Promise<CompositionModule> {
  const named = new Map([...imports, ...exports].map((part) => [full(part), part]));
  const packages = [...named.values()].map(
    ({ name, version, type }) =>
      `package p:${name}@${version} { interface ${name} { f: func(x: ${type}); } }`,
  );
  const lines = [
    ...imports.map((part) => `import ${full(part)};`),
    ...exports.map((part) => `export ${full(part)};`),
  ];
  return shop.module(lines.join(" "), packages.join("\n"));
}

/** Within one module an interface has one type. */
const consistent = ({ imports, exports }: World) =>
  imports.every((x) => exports.every((y) => full(x) !== full(y) || x.type === y.type));

test("worlds compose exactly when the rules say so, to what the rules say", {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(worlds, async (all) => {
      fc.pre(all.every(consistent));
      const parts = await Promise.all(all.map(moduleOf));
      const modules = Object.fromEntries(parts.map((part, index) => [`m${index}`, part]));
      const model = expected(all);
      try {
        const { imports, exports } = await shop.composer.compose({ modules });
        expect({ imports, exports }).toEqual(model);
      } catch (error) {
        if (!(error instanceof CompositionError)) throw error;
        expect(model, error.message).toBeUndefined();
      }
    }),
    { numRuns: 150 },
  );
});
