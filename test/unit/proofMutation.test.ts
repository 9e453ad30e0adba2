import { print } from "@bytecodealliance/jco-transpile/wasm-tools";
import { describe, expect, test } from "vitest";
import { digestOf } from "../../provider/artifacts/digest.ts";
import { checkSeal, type Expected, SealError } from "../../provider/artifacts/proof/index.ts";
import { Workshop } from "./composeSetup.ts";
import { type Abstraction, decode, encode, type Model, meaning } from "./proofModel.ts";
import { type Mutant, mutants } from "./proofMutants.ts";
import { sealedSamples } from "./proofSamples.ts";

const shop = await Workshop.open();
const samples = await sealedSamples(shop);

/** Nothing but a SealError, which names what is wrong. */
function isRefused(bytes: Uint8Array, expected: Expected): boolean {
  try {
    checkSeal(bytes, expected);
    return false;
  } catch (error) {
    expect(error).toBeInstanceOf(SealError);
    expect((error as SealError).discrepancies).not.toEqual([]);
    return true;
  }
}

/** The text of a component's binary, by tools that are not ours; undefined where they find it invalid. */
async function textOf(component: Uint8Array): Promise<string | undefined> {
  try {
    return await print(component);
  } catch {
    return undefined;
  }
}

/** A changed component that is accepted is none, or says the same, or stood and stands for a denial. */
async function requireHarmless(original: Uint8Array, changed: Uint8Array, change: string): Promise<void> {
  const [before, after] = [await textOf(original), await textOf(changed)];
  if (after === undefined || after === before) return;
  expect(before, change).not.toContain("pulumi-wasm:guard/rules");
  for (const text of [before, after]) {
    expect(text, change).not.toMatch(/canon lower|^ {2}\(import .* \(func/m);
  }
}

/**
 * A text of the user's says what modules give to one another: where a mutant takes nothing from a module, it means the same.
 */
function requireSameButLinks(original: string, mutant: string, change: string): void {
  const lines = mutant.split("\n");
  const taken = lines.map((line) =>
    [...line.matchAll(/([^\s(]+) = a module's/g)].map(([, name]) => `${name} = `),
  );
  const strip = (text: string) =>
    text.split("\n").map((line, at) => {
      const [head, args = ""] = line.split(" (");
      const left = args.split(", ").filter((arg) => !taken[at]?.some((name) => arg.startsWith(name)));
      return `${head} (${left.join(", ").replace(/\)$/, "")}`;
    });
  expect(strip(mutant), change).toEqual(strip(original));
}

function isRules(component: Uint8Array): boolean {
  return Buffer.from(component).includes("pulumi-wasm rules 1");
}

/** The component that a mutant changed, if that is all. */
function changedComponent(model: Model, { model: mutant }: Mutant): [Uint8Array, Uint8Array] | undefined {
  const places = model.flatMap((item, place) => (item === mutant[place] ? [] : [place]));
  const [before, after] = [model[places[0]!], mutant[places[0]!]];
  if (places.length !== 1 || model.length !== mutant.length) return undefined;
  return before?.is === "component" && after?.is === "component" ? [before.bytes, after.bytes] : undefined;
}

/** The places of the bytes that are in no embedded component. */
function rootBytes(bytes: Uint8Array): number[] {
  const inside = decode(bytes).flatMap((item) => (item.is === "component" ? [item.bytes] : []));
  const ranges = inside.map(({ byteOffset, length }) => [byteOffset - bytes.byteOffset, length] as const);
  return [...bytes.keys()].filter(
    (at) => !ranges.some(([start, length]) => at >= start && at < start + length),
  );
}

/** Numbers that look random and are the same in every run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
}

/** Whether all that a mutant does is to make one more instance of a module, as a text may. */
function isOneMore(
  model: Model,
  { model: mutant }: Mutant,
  isModule: (component: Uint8Array) => boolean,
): boolean {
  if (mutant.length !== model.length + 1) return false;
  const item = mutant.at(-1);
  const components = model.filter((known) => known.is === "component");
  return item?.is === "instance" && isModule(components[item.of]?.bytes ?? new Uint8Array());
}

describe.each(samples)("$name", ({ bytes, expected }) => {
  const model = decode(bytes);
  const modules = new Set(Object.values(expected.modules).map(({ digest }) => digest));
  const guards = new Set(Object.values(expected.guards));
  const isModule = (component: Uint8Array) => modules.has(digestOf(component));
  const abstraction: Abstraction = {
    isDead: (component) => {
      const digest = digestOf(component);
      return !modules.has(digest) && !guards.has(digest) && !isRules(component);
    },
    // A text of the user's says what its modules give to one another.
    ...(!expected.links && { isFree: isModule }),
  };

  test("is proven", () => {
    expect(() => checkSeal(bytes, expected)).not.toThrow();
    expect(() => checkSeal(encode(model), expected), "as the test writes it").not.toThrow();
  });

  test("is refused with any change that means something", { timeout: 120_000 }, async () => {
    const original = meaning(model, abstraction);
    const counts = { refused: 0, same: 0, components: 0 };
    for (const mutant of mutants(model)) {
      if (isRefused(encode(mutant.model), expected)) counts.refused += 1;
      else {
        const changed = changedComponent(model, mutant);
        if (changed && modules.has(digestOf(changed[1]))) counts.same += 1;
        else if (changed) {
          await requireHarmless(...changed, mutant.change);
          counts.components += 1;
        } else {
          const found = meaning(mutant.model, abstraction);
          if (expected.links) expect(found, mutant.change).toBe(original);
          else if (!isOneMore(model, mutant, isModule)) requireSameButLinks(original, found, mutant.change);
          counts.same += 1;
        }
      }
    }
    expect(counts.refused).toBeGreaterThan(300);
  });

  test("is refused with any byte of its root changed, or means the same", () => {
    const outside = rootBytes(bytes);
    const random = generator(5);
    const original = meaning(model, abstraction);
    for (let count = 0; count < 1000; count += 1) {
      const at = outside[random() % outside.length]!;
      const changed = Uint8Array.from(bytes).with(at, random() % 256);
      if (isRefused(changed, expected)) continue;
      const change = `byte ${at} is ${changed[at]}`;
      const found = meaning(decode(changed), abstraction);
      if (expected.links) expect(found, change).toBe(original);
      else requireSameButLinks(original, found, change);
    }
  });
});
