/** A large program under the real engine, beside one of as many component resources that are empty. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Bench } from "./bench.ts";
import { Project } from "./engine.ts";
import type { Figure } from "./figures.ts";
import { interleave, median, ratio } from "./measure.ts";
import { echo, padded } from "./modules.ts";
import { megabytes } from "./processes.ts";

/** Of each: Modules, CapabilityGrants and Apps. */
const count = 200;
/** What the engine registers: those, two children of each App, and the target. */
const resources = 5 * count + 1;

const program = `
const edge = new wasm.EdgeTarget("edge", { local: {} });
for (let i = 0; i < ${count}; i++) {
  const module = new wasm.Module("module" + i, { file: new pulumi.asset.FileAsset("modules/" + i + ".wasm") });
  const grant = new wasm.CapabilityGrant("grant" + i, { environment: ["KEY"] });
  new wasm.App("app" + i, {
    artifact: module.artifact,
    target: edge.target,
    grants: [grant.grant],
    bindings: { main: { environment: { KEY: "value" } } },
    local: { start: false },
  });
}
`;

const emptyProgram = `
for (let i = 0; i < ${resources}; i++) new pulumi.ComponentResource("bench:index:Empty", "empty" + i);
`;

const rounds = 3;
const preview = ["preview", "--suppress-progress"];
const up = ["up", "--yes", "--skip-preview", "--suppress-progress"];
const destroy = ["destroy", "--yes", "--skip-preview", "--suppress-progress"];

interface Phase {
  name: string;
  command: string[];
  /** What each round begins with; takes no part in the time. */
  prepare?: (project: Project) => Promise<unknown>;
}

const phases: Phase[] = [
  {
    name: "First preview, no module parsed before",
    command: preview,
    prepare: ({ folder }) => rm(join(folder, "cache"), { recursive: true, force: true }),
  },
  { name: "First up", command: up, prepare: (project) => project.run(...destroy) },
  { name: "Preview without a change", command: preview },
  { name: "Up without a change", command: up },
];

export const programBench: Bench = {
  name: "program",
  title: `A program of ${count} Modules, ${count} CapabilityGrants and ${count} Apps: ${resources} resources`,
  async run({ folder, plugin }) {
    await using own = await Project.create(join(folder, "own"), plugin, program);
    await using empty = await Project.create(join(folder, "empty"), plugin, emptyProgram);
    await writeModules(join(own.folder, "modules"));
    const figures: Figure[] = [];
    for (const phase of phases) figures.push(await measure(phase, own, empty));
    const memory = megabytes(await own.peakMemory());
    return [...figures, { name: "Most memory that the plugin held", value: memory, unit: "MB" }];
  },
};

async function measure({ name, command, prepare }: Phase, own: Project, empty: Project): Promise<Figure> {
  const subject = (project: Project) => async () => {
    await prepare?.(project);
    return project.run(...command);
  };
  const subjects = { empty: subject(empty), own: subject(own) };
  const samples = await interleave(rounds, subjects, { warmUp: false });
  const perResource = (times: readonly number[]) => median(times) / 1000 / resources;
  const times = ratio(samples.own, samples.empty).toPrecision(3);
  return {
    name,
    value: perResource(samples.own),
    unit: "s/resource",
    against: `beside ${perResource(samples.empty).toPrecision(3)} of as many empty component resources: ${times} times`,
    samples,
  };
}

/** Modules that differ in their bytes, of a usual size. */
async function writeModules(folder: string): Promise<void> {
  const module = await readFile(echo);
  await mkdir(folder);
  for (let i = 0; i < count; i++)
    await writeFile(join(folder, `${i}.wasm`), padded(module, module.length + 100, i));
}
