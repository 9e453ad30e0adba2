/** The local target's server beside `jco serve`. */
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf } from "../provider/artifacts/digest.ts";
import { noRules } from "../provider/capabilities/lattice.ts";
import * as local from "../provider/targets/local/control.ts";
import { inRepository } from "../tools/repository.ts";
import { taskSignal } from "../tools/task.ts";
import type { Bench } from "./bench.ts";
import { Project } from "./engine.ts";
import type { Figure } from "./figures.ts";
import { jcoServe, type Served } from "./jco.ts";
import { interleave, ratio } from "./measure.ts";
import { echo, echoAnswering } from "./modules.ts";
import { answer, requestRate } from "./requests.ts";

const starts = 7;
const edits = 5;
const rateRounds = 3;
const rateSeconds = 5;
const connections = 8;
const quickstart = inRepository("examples/quickstart/module/quickstart.wasm");
const jco = "that of `jco serve --isolate-requests instance`";

export const localBench: Bench = {
  name: "local",
  title: "The local server",
  async run({ folder, plugin }) {
    return [
      ...(await starting(folder)),
      ...(await editing(folder, plugin)),
      ...(await serving(folder, "echo", echo)),
      ...(await serving(folder, "quickstart", quickstart)),
    ];
  },
};

async function starting(folder: string): Promise<Figure[]> {
  let cold = 0;
  const toAnswer = (serve: () => Promise<Served>) => async () => {
    const started = performance.now();
    await using served = await serve();
    await answer(`${served.url}/status`);
    return performance.now() - started;
  };
  const samples = await interleave(starts, {
    cold: toAnswer(() => serve(folder, echo, join(folder, `cold${cold++}`))),
    warm: toAnswer(() => serve(folder, echo, join(folder, "warm"))),
    jco: toAnswer(() => jcoServe(echo, "/status", folder)),
  });
  const figure = (name: string, own: "cold" | "warm"): Figure => ({
    name: `Start to first answer, ${name}`,
    value: ratio(samples[own], samples.jco),
    unit: "times",
    against: `${jco}, which compiles at each start`,
    samples: { own: samples[own], jco: samples.jco },
  });
  return [
    figure("the component never compiled before", "cold"),
    figure("the compiled component in the cache", "warm"),
  ];
}

/** A server of the local target for `component`, which needs no grants; resolves when it answers. */
async function serve(folder: string, component: string, cacheDirectory: string): Promise<Served> {
  const digest = digestOf(await readFile(component));
  const options: local.LocalOptions = {
    directory: join(folder, "instances"),
    cacheDirectory,
    signal: taskSignal,
  };
  const spec: local.ServerSpec = {
    id: "bench",
    name: "bench",
    run: "service",
    component: { path: component, digest },
    rules: noRules(),
    environment: {},
    config: {},
    volumes: {},
    limits: { memoryPages: 4096, requestTimeoutMs: 30_000, concurrency: 4 },
  };
  const state = await local.start(spec, options);
  return {
    url: state.url,
    async [Symbol.asyncDispose]() {
      // The run may be on its way out; the server must not outlive it all the same.
      const { signal: _aborted, ...always } = options;
      await local.stop(state, always);
    },
  };
}

const program = `
const edge = new wasm.EdgeTarget("edge", { local: {} });
const echo = new wasm.Module("echo", { file: new pulumi.asset.FileAsset("echo.wasm") });
exports.url = new wasm.App("echo", { artifact: echo.artifact, target: edge.target }).url;
`;

const up = ["up", "--yes", "--suppress-progress"];

/** One byte of the component changes: to the new answer by `pulumi up`, with its preview, and by `jco serve` again. */
async function editing(folder: string, plugin: string): Promise<Figure[]> {
  const home = join(folder, "editing");
  await using project = await Project.create(home, plugin, program);
  const file = join(home, "echo.wasm");
  await copyFile(echo, file);
  await project.run(...up);
  const url = await project.output("url");
  let edit = 0;
  const change = async () => {
    const letter = String.fromCharCode("b".charCodeAt(0) + edit++);
    await writeFile(file, await echoAnswering(letter));
    return (text: string) => text.startsWith(letter);
  };
  const samples = await interleave(edits, {
    up: async () => {
      const isNew = await change();
      const started = performance.now();
      const running = project.run(...up);
      const answered = answer(`${url}/status`, isNew).then(() => performance.now() - started);
      const [time] = await Promise.all([answered, running]);
      return time;
    },
    same: () => project.run(...up),
    jco: async () => {
      await change();
      const started = performance.now();
      await using _served = await jcoServe(file, "/status", folder);
      return performance.now() - started;
    },
  });
  return [
    {
      name: "Edit of one byte to the new answer, by `pulumi up`",
      value: ratio(samples.up, samples.jco),
      unit: "times",
      against: "a start of `jco serve` with the new component",
      samples: { own: samples.up, jco: samples.jco },
    },
    {
      name: "The same",
      value: ratio(samples.up, samples.same),
      unit: "times",
      against: "a `pulumi up` without a change",
      samples: { own: samples.up, same: samples.same },
    },
  ];
}

async function serving(folder: string, name: string, component: string): Promise<Figure[]> {
  await using own = await serve(folder, component, join(folder, "warm"));
  await using other = await jcoServe(component, "/", folder);
  const rate =
    ({ url }: Served) =>
    () =>
      requestRate(url, connections, rateSeconds);
  const samples = await interleave(rateRounds, { own: rate(own), jco: rate(other) });
  return [
    {
      name: `Requests per second, ${name}`,
      value: ratio(samples.own, samples.jco),
      unit: "times",
      against: `${jco}, with ${connections} connections`,
      samples,
    },
  ];
}
