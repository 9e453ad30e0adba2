/** What holds for every resource, tried on a sample of its inputs and on each path in it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Store } from "../../provider/artifacts/store.ts";
import { resources } from "../../provider/resources/index.ts";
import { unknown } from "../../provider/schema/fields.ts";
import { propertyPath } from "../../provider/schema/parse.ts";
import {
  containsSecret,
  containsUnknown,
  isRecord,
  type Properties,
  reveal,
  Secret,
  type Value,
} from "../../provider/values.ts";
import { TestEngine } from "./harness.ts";
import { guestFile, modules, registry, samples } from "./samples.ts";

const { DIFF_NONE } = providerPb.DiffResponse.DiffChanges;
type Path = readonly (string | number)[];

let engine: TestEngine;
let cacheDirectory: string;
beforeAll(async () => {
  cacheDirectory = await mkdtemp(join(tmpdir(), "wasm-properties-"));
  engine = await TestEngine.attach({ cacheDirectory, registries: { [registry.host]: { insecure: true } } });
  // Other resources name the module by digest only: its bytes are in the store once somebody has shown them.
  await engine.invoke("wasm:index:inspect", { file: guestFile("client") });
  for (const bytes of Object.values(modules)) await new Store({ folder: cacheDirectory }).addBytes(bytes);
});
afterAll(async () => {
  engine.close();
  await rm(cacheDirectory, { recursive: true, force: true });
});

/** Every place in the inputs: properties, items and leaves. */
function pathsOf(value: Value, path: Path = []): Path[] {
  const children = Array.isArray(value)
    ? value.flatMap((item, index) => pathsOf(item, [...path, index]))
    : isRecord(value)
      ? Object.entries(value).flatMap(([key, part]) => pathsOf(part, [...path, key]))
      : [];
  return path.length === 0 ? children : [path, ...children];
}

function replaced(value: Value, [key, ...rest]: Path, change: (old: Value) => Value): Value {
  if (key === undefined) return change(value);
  if (Array.isArray(value))
    return value.map((item, index) => (index === key ? replaced(item, rest, change) : item));
  const record = value as Properties;
  return { ...record, [key]: replaced(record[key] ?? null, rest, change) } as Properties;
}

it("has a sample for every resource", () => {
  expect(Object.keys(samples).sort()).toEqual([...resources.keys()].sort());
});

it.each([...resources])("has samples with every property of %s", (type, { inputs }) => {
  const set = (samples[type] ?? []).flatMap((sample) => Object.keys(sample));
  expect([...new Set(set)].sort()).toEqual(Object.keys(inputs.shape).sort());
});

const variants = Object.entries(samples).flatMap(([type, all]) =>
  all.map((sample, index) => ({ type, index, sample })),
);

describe.each(variants)("$type, sample $index", ({ type, sample }) => {
  it("Check is idempotent", async () => {
    const first = await engine.check(type, sample);
    expect(first.failures).toEqual([]);
    expect(await engine.check(type, first.inputs, first.inputs)).toEqual(first);
  });

  it("Diff of a state with its own inputs is empty", async () => {
    const { inputs } = await engine.check(type, sample);
    const state = await engine.create(type, inputs);
    expect(await engine.diff(type, state, inputs)).toMatchObject({
      changes: DIFF_NONE,
      diffs: [],
      detailed: {},
    });
    await engine.delete(type, state);
  });

  it("names each changed top-level property in both forms of the difference", async () => {
    const { inputs } = await engine.check(type, sample);
    const state = await engine.create(type, inputs);
    for (const key of Object.keys(inputs)) {
      const { [key]: _left, ...others } = inputs;
      const { diffs, detailed } = await engine.diff(type, state, others);
      const roots = Object.keys(detailed).map((path) => path.split(/[.[]/, 1)[0]);
      expect([...new Set(roots)].sort()).toEqual([...diffs].sort());
      expect(diffs).toContain(key);
    }
    await engine.delete(type, state);
  });

  it.each(pathsOf(sample).map((path) => [path.join("."), path] as const))(
    "an unknown at %s passes Check, Diff and a previewed Create and Update",
    async (_name, path) => {
      const known = await engine.check(type, sample);
      const news = replaced(sample, path, () => unknown) as Properties;
      const { inputs, failures } = await engine.check(type, news);
      expect(failures).toEqual([]);
      expect(containsUnknown(inputs)).toBe(true);
      const created = await engine.create(type, inputs, { preview: true });
      const { outputs } = await engine.update(type, { ...created, id: "it", inputs: known.inputs }, inputs, {
        preview: true,
      });
      expect(Object.keys(outputs).sort()).toEqual(Object.keys(created.outputs).sort());
    },
  );

  const paths = pathsOf(sample).map((path) => [path.join("."), path] as const);
  it.each(paths.filter(([, path]) => !goesIntoArtifact(type, path)))(
    "a secret at %s stays one in what Check, Create and Update return",
    async (_name, path) => {
      const news = replaced(sample, path, (old) => new Secret(old)) as Properties;
      const { inputs, failures } = await engine.check(type, news);
      expect(failures).toEqual([]);
      const [root] = path as [string];
      expect(containsSecret(inputs[root] as Value)).toBe(true);
      const created = await engine.create(type, inputs);
      const updated = await engine.update(type, created, inputs);
      for (const { outputs } of [created, updated]) expectNoLeak(type, root, outputs);
      await engine.delete(type, updated);
    },
  );

  it.for(paths.filter(([, path]) => goesIntoArtifact(type, path)))(
    "a secret at %s is refused, for it would go into an artifact",
    async ([, path]) => {
      const news = replaced(sample, path, (old) => new Secret(old)) as Properties;
      const { failures } = await engine.check(type, news);
      expect(failures).toEqual([
        {
          property: `${propertyPath(path)} (secret)`,
          reason: expect.stringContaining("is secret; what goes"),
        },
      ]);
      await expect(engine.create(type, news)).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    },
  );
});

/** Of a Composition, all but the modules' own bytes; of an Image, what can be read in the registry. */
function goesIntoArtifact(type: string, path: Path): boolean {
  const [root] = path;
  return (
    (type === "wasm:index:Image" && (root === "tags" || root === "annotations")) ||
    type === "wasm:index:CapabilityGrant" ||
    (type === "wasm:index:Composition" && path[2] !== "artifact") ||
    (type === "wasm:index:Admission" && (root === "grants" || root === "denied"))
  );
}

/** The input itself is echoed as a secret, and so is every output that is derived from it. */
function expectNoLeak(type: string, root: string, outputs: Properties): void {
  const definition = resources.get(type);
  if (root in outputs) expect(containsSecret(outputs[root] as Value)).toBe(true);
  for (const output of Object.keys(definition?.outputs.shape ?? {})) {
    const sources = definition?.derivedFrom?.[output];
    if (sources && !sources.includes(root)) continue;
    const value = outputs[output];
    if (value !== undefined)
      expect(value, `${output} reveals ${root}: ${String(reveal(value))}`).toBeInstanceOf(Secret);
  }
}
