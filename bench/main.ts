// Measures what the README says of speed and memory:
//   npm run bench                  everything
//   npm run bench -- plugin wire   some of it: plugin, wire, program, local, compose, seal, registry, kubernetes
// Times are ratios of medians, measured in turn in this run; the samples are in bench/results.json.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buildPlugin } from "../tools/build/plugin.ts";
import { inRepository } from "../tools/repository.ts";
import { runTask, TaskError, taskSignal } from "../tools/task.ts";
import type { Bench } from "./bench.ts";
import { composeBench } from "./compose.ts";
import { describe, type Figure, isMet } from "./figures.ts";
import { kubernetesBench } from "./kubernetes.ts";
import { localBench } from "./local.ts";
import { pluginBench } from "./plugin.ts";
import { programBench } from "./program.ts";
import { registryBench } from "./registry.ts";
import { sealBench } from "./seal.ts";
import { wireBench } from "./wire.ts";

const benches: Bench[] = [
  pluginBench,
  wireBench,
  programBench,
  localBench,
  composeBench,
  sealBench,
  registryBench,
  kubernetesBench,
];

await runTask(async () => {
  const chosen = choose(process.argv.slice(2));
  const plugin = join(dirname(await buildPlugin()), "main.js");
  const results: Record<string, object[]> = {};
  for (const bench of chosen) {
    console.log(bench.title);
    const figures = await runIn(bench, plugin);
    for (const figure of figures) console.log(`  ${describe(figure)}`);
    results[bench.name] = figures.map((figure) => ({ ...figure, met: isMet(figure) }));
  }
  const machine = {
    node: process.version,
    platform: process.platform,
    arch: process.arch,
    cpus: cpus().length,
  };
  await writeFile(
    inRepository("bench/results.json"),
    `${JSON.stringify({ machine, results }, undefined, 2)}\n`,
  );
});

function choose(names: string[]): Bench[] {
  const known = benches.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new TaskError(`There is no benchmark ${unknown.join(", ")}: there are ${known.join(", ")}.`);
  return names.length === 0 ? benches : benches.filter(({ name }) => names.includes(name));
}

async function runIn(bench: Bench, plugin: string): Promise<Figure[]> {
  taskSignal.throwIfAborted();
  const folder = await mkdtemp(join(tmpdir(), "wasm-bench-"));
  try {
    return await bench.run({ folder, plugin });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
