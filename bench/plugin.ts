/** The plugin's start and its memory, beside a bare gRPC server. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Bench } from "./bench.ts";
import { bundleBareServer } from "./bundle.ts";
import { Client } from "./client.ts";
import type { Figure } from "./figures.ts";
import { interleave, median, ratio } from "./measure.ts";
import { echo, padded } from "./modules.ts";
import { ParserWatch } from "./parser.ts";
import { megabytes, type PluginProcess, residentBytes, startPlugin } from "./processes.ts";
import { moduleInputs } from "./properties.ts";

const starts = 25;
const memoryStarts = 5;
const bare = "a bare @grpc/grpc-js server, bundled alike";
const mostMegabytes = 80;
const mostTimes = 1.3;

/** When memory is looked at, before the first Construct. */
const moments = {
  port: "with the port open",
  known: "after Check of a Module whose bytes are known",
  parsed: "after Check of a Module whose bytes are new",
  ended: "2 s later, when the parser's process has ended",
};

type Moment = keyof typeof moments;
type Samples = Record<Moment | "parser" | "bare", number[]>;
type Inputs = ReturnType<typeof moduleInputs>;
type Environment = Record<string, string>;

export const pluginBench: Bench = {
  name: "plugin",
  title: "The plugin's process",
  async run({ folder, plugin }) {
    const server = await bundleBareServer(folder);
    return [...(await starting(plugin, server)), ...(await memory(plugin, server, folder))];
  },
};

async function starting(plugin: string, server: string): Promise<Figure[]> {
  const answers: Record<"own" | "bare", number[]> = { own: [], bare: [] };
  const start = (name: keyof typeof answers, script: string) => async () => {
    await using started = await startPlugin(script);
    answers[name].push(await toAnswer(started));
    return started.toPort;
  };
  const ports = await interleave(starts, { own: start("own", plugin), bare: start("bare", server) });
  return [
    {
      name: "Spawn to port",
      value: ratio(ports.own, ports.bare),
      unit: "times",
      against: `that of ${bare}`,
      atMost: mostTimes,
      samples: ports,
    },
    {
      name: "Spawn to the answer to GetPluginInfo",
      value: ratio(answers.own, answers.bare),
      unit: "times",
      against: "that of the same server",
      samples: answers,
    },
  ];
}

/** Milliseconds from the start of the process to its first answer. */
async function toAnswer({ port, started }: PluginProcess): Promise<number> {
  using client = new Client(port);
  await client.getPluginInfo();
  return performance.now() - started;
}

async function memory(plugin: string, server: string, folder: string): Promise<Figure[]> {
  const file = join(folder, "memory.wasm");
  const env = { PULUMI_WASM_CACHE: join(folder, "cache") };
  const inputs = moduleInputs(file);
  const samples: Samples = { port: [], known: [], parsed: [], ended: [], parser: [], bare: [] };
  const module = await readFile(echo);
  for (let round = 0; round < memoryStarts; round++) {
    await writeFile(file, padded(module, module.length + 100, round));
    await measureNew(plugin, inputs, env, samples, await ParserWatch.create(folder));
    await measureKnown(plugin, inputs, env, samples);
    await using bareServer = await startPlugin(server);
    await toAnswer(bareServer);
    samples.bare.push(await held(bareServer));
  }
  const figures = (Object.keys(moments) as Moment[]).map(
    (moment): Figure => ({
      name: `Memory ${moments[moment]}`,
      value: median(samples[moment]),
      unit: "MB",
      against: `(the bare server, once it has answered: ${median(samples.bare).toFixed(0)} MB)`,
      atMost: mostMegabytes,
      samples: { own: samples[moment], bare: samples.bare },
    }),
  );
  const parser: Figure = {
    name: "Memory of the parser's process, meanwhile",
    value: median(samples.parser),
    unit: "MB",
    samples: { own: samples.parser },
  };
  return [...figures, parser];
}

/** Check of bytes that the machine has not seen. */
async function measureNew(
  plugin: string,
  inputs: Inputs,
  env: Environment,
  samples: Samples,
  watch: ParserWatch,
): Promise<void> {
  const { nodeArguments } = watch;
  await using started = await startPlugin(plugin, { env: { ...env, ...watch.env }, nodeArguments });
  using client = new Client(started.port);
  await client.check("wasm:index:Module", inputs);
  samples.parsed.push(await held(started));
  const parsers = await watch.parsers();
  samples.parser.push(megabytes(sum(await Promise.all(parsers.map(residentBytes)))));
  await watch.noParser();
  samples.ended.push(await held(started));
}

async function measureKnown(
  plugin: string,
  inputs: Inputs,
  env: Environment,
  samples: Samples,
): Promise<void> {
  await using started = await startPlugin(plugin, { env });
  samples.port.push(await held(started));
  using client = new Client(started.port);
  await client.check("wasm:index:Module", inputs);
  samples.known.push(await held(started));
}

async function held({ child }: PluginProcess): Promise<number> {
  return megabytes(await residentBytes(child.pid ?? 0));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
