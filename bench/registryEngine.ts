/** Pushes and pulls as the engine has them made: by a plugin that it has started, which serves the whole of a run. */
import { join } from "node:path";
import type { Figure } from "./figures.ts";
import { interleave, timed } from "./measure.ts";
import { megabytes } from "./processes.ts";
import type { RegistryPlace } from "./registryCommands.ts";
import { artifactSize, besideOthers, goals, type SourceFile } from "./registryOthers.ts";
import { RunningPlugin } from "./runningPlugin.ts";

const rounds = 15;

export async function asTheEngine(place: RegistryPlace): Promise<Figure[]> {
  return [...(await pushes(place)), ...(await pulls(place))];
}

async function pushes(place: RegistryPlace): Promise<Figure[]> {
  const { host, files, others } = place;
  const start = () => startWith(place, "pushing");
  await using plugin = await start();
  const push = async ({ path }: SourceFile, pushing: RunningPlugin) => {
    const artifact = await pushing.artifactOf(path);
    return timed(() => pushing.push(artifact, `${host}/bench/engine`));
  };
  const samples = await interleave(rounds, {
    own: () => files.with((file) => push(file, plugin)),
    first: () =>
      files.with(async (file) => {
        await using another = await start();
        return await push(file, another);
      }),
    oras: () => files.with((file) => others.push("oras", file)),
    wkg: () => files.with((file) => others.push("wkg", file)),
  });
  const name = `Pushing ${artifactSize}, Create of an Image`;
  return [
    ...besideOthers(name, samples.own, samples, goals.times),
    ...besideOthers(`${name}, the first of a run, which loads the client`, samples.first, samples),
    await memory("Most memory of the plugin that pushed", plugin),
  ];
}

/** No other client reads what it pulls. To be held beside them, the module is one that was inspected before. */
async function pulls(place: RegistryPlace): Promise<Figure[]> {
  const { reference, others } = place;
  const start = () => startWith(place, "pulling");
  await using plugin = await start();
  const pull = async (pulling: RunningPlugin, { inspections }: { inspections: boolean }) => {
    await pulling.forget({ inspections });
    return timed(() => pulling.pull(reference));
  };
  await plugin.pull(reference);
  const samples = await interleave(rounds, {
    own: () => pull(plugin, { inspections: false }),
    first: async () => {
      await using another = await start();
      return await pull(another, { inspections: false });
    },
    inspected: () => pull(plugin, { inspections: true }),
    oras: () => others.pull("oras", reference),
    wkg: () => others.pull("wkg", reference),
  });
  const name = `Pulling ${artifactSize}, Create of a Module by reference`;
  return [
    ...besideOthers(name, samples.own, samples, goals.times),
    ...besideOthers(`${name}, the first of a run, which loads the client`, samples.first, samples),
    ...besideOthers(`${name}, and inspecting it`, samples.inspected, samples),
    await memory("Most memory of the plugin that pulled", plugin),
  ];
}

function startWith({ plugin, folder, host }: RegistryPlace, cache: string): Promise<RunningPlugin> {
  return RunningPlugin.start({ script: plugin, cache: join(folder, cache), host });
}

async function memory(name: string, plugin: RunningPlugin): Promise<Figure> {
  return { name, value: megabytes(await plugin.peak()), unit: "MB", atMost: goals.megabytes };
}
