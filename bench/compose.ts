/** Compositions, in the provider's own composer and by the `wac` command-line tool on the same files. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { moduleArtifact } from "../provider/artifacts/artifact.ts";
import { Composer, type CompositionSpec } from "../provider/artifacts/compose/index.ts";
import { Inspector } from "../provider/artifacts/inspect.ts";
import { Store } from "../provider/artifacts/store.ts";
import { TaskError } from "../tools/task.ts";
import { tool } from "../tools/toolchain/index.ts";
import { run } from "../tools/toolchain/process.ts";
import type { Bench } from "./bench.ts";
import type { Figure } from "./figures.ts";
import { interleave, ratio, timed } from "./measure.ts";
import { padded } from "./modules.ts";
import { ChildWatch, megabytes } from "./processes.ts";

const rounds = 15;
const megabyte = 1_000_000;
/** Modules in a composition, and bytes of all of them together; 0: as small as they come. */
const sizes = [
  { modules: 2, bytes: 0 },
  { modules: 2, bytes: 2 * megabyte },
  { modules: 10, bytes: 2 * megabyte },
  { modules: 50, bytes: 10 * megabyte },
];
const mostTimes = 1.5;
const manyCompositions = { warm: 50, all: 500 };
const previews = 100;

export const composeBench: Bench = {
  name: "compose",
  title: "Compositions",
  async run({ folder }) {
    const place = new Place(join(folder, "cache"));
    try {
      const wac = await tool("wac");
      const figures: Figure[] = [];
      for (const size of sizes) figures.push(...(await besideWac(place, folder, wac, size)));
      return [...figures, ...(await repeated(folder)), ...(await memory(folder))];
    } finally {
      await place.close();
    }
  },
};

/** A store with a composer; each has a folder of its own, and so knows nothing of the others' results. */
export class Place {
  readonly store: Store;
  readonly inspector: Inspector;
  readonly composer: Composer;

  constructor(folder: string) {
    this.store = new Store({ folder });
    this.inspector = new Inspector(this.store);
    this.composer = new Composer(this.store, this.inspector);
  }

  async close(): Promise<void> {
    await this.composer.close();
    await this.inspector.close();
  }
}

/** A chain: each module takes from the next one. `mark` makes other bytes of the same modules. */
export async function chain(modules: number, bytes: number, mark: number): Promise<Map<string, Buffer>> {
  const made = new Map<string, Buffer>();
  for (let index = 0; index < modules; index++) {
    const imported = index + 1 < modules ? `import bench:chain/link${index + 1}@1.0.0;` : "";
    const faces = [index, index + 1].map(
      (at) => `interface link${at} { call: func(text: string) -> string; }`,
    );
    const wit = `package bench:module; world w { ${imported} export bench:chain/link${index}@1.0.0; }
      package bench:chain@1.0.0 { ${faces.join(" ")} }`;
    const component = Buffer.from(
      await componentNew(await componentEmbed({ witSource: wit, world: "w", dummy: true })),
    );
    made.set(
      `m-${name(index)}`,
      bytes === 0 ? component : padded(component, Math.floor(bytes / modules), mark),
    );
  }
  return made;
}

/** Names of modules are words of letters. */
function name(index: number): string {
  return [...String(index)].map((digit) => "abcdefghij"[Number(digit)]).join("");
}

async function declare(place: Place, modules: Map<string, Buffer>): Promise<CompositionSpec> {
  const entries = [...modules].map(async ([key, bytes]) => {
    const { digest } = await place.store.addBytes(bytes);
    return [key, { artifact: moduleArtifact(digest, "component") }] as const;
  });
  return { modules: Object.fromEntries(await Promise.all(entries)) };
}

async function besideWac(
  place: Place,
  folder: string,
  wac: string,
  size: (typeof sizes)[number],
): Promise<Figure[]> {
  const modules = await chain(size.modules, size.bytes, 0);
  const spec = await declare(place, modules);
  const planned = await place.composer.plan(spec);
  if (!("wac" in planned)) throw new TaskError("The modules of the benchmark do not fit together.");
  const text = join(folder, "composition.wac");
  await writeFile(text, planned.wac);
  const dependencies = await Promise.all(
    [...modules].map(async ([key, bytes]) => {
      const path = join(folder, `${key}.wasm`);
      await writeFile(path, bytes);
      return ["--dep", `module:${key}=${path}`];
    }),
  );
  const out = join(folder, "by-wac.wasm");
  const byTool = async () => {
    const { code, errors } = await run(wac, ["compose", ...dependencies.flat(), "-o", out, text]);
    if (code !== 0) throw new TaskError(`wac failed:\n${errors.join("\n")}`);
  };
  const digest = (await place.composer.compose(spec)).digest;
  const samples = await interleave(rounds, {
    own: () => timed(() => place.composer.remake(planned.recipe)),
    wac: () => timed(byTool),
  });
  const label = `${size.modules} modules${size.bytes ? ` of ${size.bytes / megabyte} MB together` : ", as small as they come"}`;
  return [
    {
      name: `Composing ${label}, warm`,
      value: ratio(samples.own, samples.wac),
      unit: "times",
      against: "that of the wac tool on the same files",
      ...(size.bytes >= 2 * megabyte && { atMost: mostTimes }),
      samples,
    },
    {
      name: `Bytes that differ from those of the wac tool for ${label}`,
      value: differing(await place.store.read(digest), await readFile(out)),
      unit: "count",
      against: "but for the producer's name",
      atMost: 0,
    },
  ];
}

/** Bytes that differ, but for the custom section in which a tool names itself at the end of a component. */
function differing(own: Uint8Array, other: Uint8Array): number {
  const [a, b] = [withoutProducers(own), withoutProducers(other)];
  let count = Math.abs(a.length - b.length);
  for (let index = 0; index < Math.min(a.length, b.length); index++) if (a[index] !== b[index]) count++;
  return count;
}

function withoutProducers(bytes: Uint8Array): Uint8Array {
  const at = Buffer.from(bytes).lastIndexOf("producers");
  return at < 0 ? bytes : bytes.subarray(0, at - headOfSection);
}

/** Kind, and the lengths of section and name, before a section's name. */
const headOfSection = 3;

async function repeated(folder: string): Promise<Figure[]> {
  const cache = join(folder, "repeated");
  const first = new Place(cache);
  const specs: CompositionSpec[] = [];
  for (let mark = 0; mark < previews; mark++) specs.push(await declare(first, await chain(3, 300_000, mark)));
  const all = async (place: Place) => {
    for (const spec of specs) await place.composer.compose(spec);
  };
  const cold = await timed(() => all(first));
  await first.close();
  // A new provider's, which knows what is on disk only.
  const second = new Place(cache);
  const watch = new ChildWatch();
  const warm = await timed(() => all(second));
  const started = watch.pids().length;
  await second.close();
  return [
    {
      name: `${previews} compositions of 3 modules, nothing changed`,
      value: warm / cold,
      unit: "times",
      against: "that of composing them first",
      samples: { cold: [cold], warm: [warm] },
    },
    {
      name: "Processes that parse or compose",
      value: started,
      unit: "count",
      against: "started for the unchanged ones",
      atMost: 0,
    },
  ];
}

/** Of the composer's process, which is what could grow. */
async function memory(folder: string): Promise<Figure[]> {
  const place = new Place(join(folder, "memory"));
  const watch = new ChildWatch();
  const spec = await declare(place, await chain(2, 4 * megabyte, 0));
  const planned = await place.composer.plan(spec);
  if (!("recipe" in planned)) throw new TaskError("The modules of the benchmark do not fit together.");
  let warm = 0;
  for (let count = 1; count <= manyCompositions.all; count++) {
    await place.composer.remake(planned.recipe);
    if (count === manyCompositions.warm) warm = await watch.residentBytes();
  }
  const all = await watch.residentBytes();
  await place.close();
  return [
    {
      name: `Memory of the composer's process after ${manyCompositions.all} compositions of two modules of 2 MB`,
      value: all / warm,
      unit: "times",
      against: `that after ${manyCompositions.warm}, which is ${Math.round(megabytes(warm))} MB`,
      atMost: mostTimes,
    },
  ];
}
